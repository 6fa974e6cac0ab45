//! The product of filtered rows and weights.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::filtered_rows::FilteredRows;
use super::filtered_weights::FilteredWeights;
use super::row_groups::RowGroup;
use super::transform::{GROUP_ROWS, TERMS, outputs};
use crate::ops::atrous_conv2d::cpu::operand::{OperandShape, PixelRun, TapSource};
use crate::ops::atrous_conv2d::cpu::tile::{COLUMNS, OutputTile, ROWS, multiply};

/// Some groups of rows of an image, and some panels of target channels.
pub struct GroupsProduct<'a> {
    pub panels: Range<usize>,
    pub taps: TapSource<'a>,
    pub target: OperandShape,
    /// The target image.
    pub output: *mut f32,
    pub groups: &'a [RowGroup],
    pub weights: &'a FilteredWeights,
    /// Zeros before and after a row.
    pub zeros: [usize; 2],
    /// What the thread copies into.
    pub rows: &'a mut FilteredRows,
}

impl WithSimd for GroupsProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { panels, taps, target, output, groups, weights, zeros, rows } = self;
        let width = target.size[1];
        let rate = taps.mapping.step.unsigned_abs();
        let mut runs = Vec::new();
        // The products of a tile.
        let mut terms = [0.0f32; TERMS * ROWS * COLUMNS];
        for group in groups {
            for (place, part) in weights.parts.iter().enumerate() {
                rows.fill(&taps, *group, part.clone(), zeros);
                for panel in panels.clone() {
                    let left = weights.panel(part, panel);
                    let channels = panel * ROWS..target.channels.min(panel * ROWS + ROWS);
                    for columns in PixelRun::tiles(0..width) {
                        rows.find(&taps, weights.kx.clone(), columns, &mut runs);
                        for (t, term) in terms.chunks_exact_mut(ROWS * COLUMNS).enumerate() {
                            let first = term.as_mut_ptr();
                            let tile = OutputTile { first, stride: COLUMNS, rows: ROWS, columns: COLUMNS, add: false };
                            let left = left[t * left.len() / TERMS..].as_ptr();
                            let right = rows.values[t * rows.term()..].as_ptr();
                            // SAFETY: the filtered rows and weights hold what the runs say; the
                            // tile is our own.
                            unsafe { multiply(simd, left, right, rows.step, &runs, tile) };
                        }
                        for (lane, channel) in channels.clone().enumerate() {
                            let first = target.pixels() * channel + group.first * width + columns.first;
                            let (first, stride) = (output.wrapping_add(first), rate * width);
                            // SAFETY: pixels and channels of this task. What is added to was
                            // written by the first part.
                            unsafe { write_group(&terms, lane, [group.rows, columns.count], first, stride, place > 0) };
                        }
                    }
                }
            }
        }
    }
}

/// Writes the rows of a group, or adds to them: `size` (rows, columns) pixels of the channel that is
/// row `lane` of the tiles of all terms. Rows are `stride` values apart.
///
/// # Safety
/// The rows must be memory that nobody else uses meanwhile, and hold values where they are added
/// to.
#[inline(always)]
unsafe fn write_group(
    terms: &[f32; TERMS * ROWS * COLUMNS],
    lane: usize,
    size: [usize; 2],
    first: *mut f32,
    stride: usize,
    add: bool,
) {
    let [rows, columns] = size;
    let lines: [&[f32; COLUMNS]; TERMS] =
        std::array::from_fn(|t| terms[(t * ROWS + lane) * COLUMNS..].first_chunk().expect("a tile has whole rows"));
    let mut results = [[0.0f32; COLUMNS]; GROUP_ROWS];
    for x in 0..COLUMNS {
        let sums = outputs([lines[0][x], lines[1][x], lines[2][x], lines[3][x], lines[4][x], lines[5][x]]);
        for (result, sum) in results.iter_mut().zip(sums) {
            result[x] = sum;
        }
    }
    for (row, result) in results.iter().enumerate().take(rows) {
        let target = first.wrapping_add(row * stride);
        for (x, value) in result.iter().enumerate().take(columns) {
            // SAFETY: as the caller vouches.
            unsafe {
                let target = target.add(x);
                target.write(if add { target.read() + value } else { *value });
            }
        }
    }
}
