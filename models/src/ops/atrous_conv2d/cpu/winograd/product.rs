//! The product of filtered rows and weights.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::filtered_rows::FilteredRows;
use super::filtered_weights::FilteredWeights;
use super::row_groups::RowGroup;
use super::transform::{TERMS, outputs};
use crate::ops::atrous_conv2d::cpu::operand::{OperandShape, PixelRun, TapSource};
use crate::ops::atrous_conv2d::cpu::output_map::MapPixels;
use crate::ops::atrous_conv2d::cpu::tile::{COLUMNS, OutputTile, ROWS, RightSide, load, multiply};
use crate::ops::channel_affine::cpu::MapInPlace;

/// Groups that are multiplied with the same weights, one after the other, where maps are narrow.
pub const AT_ONCE: usize = 2;

/// Some groups of rows of an image, and some panels of target channels.
pub struct GroupsProduct<'a> {
    pub panels: Range<usize>,
    pub taps: TapSource<'a>,
    pub target: OperandShape,
    /// The target image.
    pub output: *mut f32,
    /// What is done with the output when it is whole.
    pub map: Option<MapInPlace<'a>>,
    pub groups: &'a [RowGroup],
    pub weights: &'a FilteredWeights,
    /// Zeros before and after a row.
    pub zeros: [usize; 2],
    /// What the thread copies into.
    pub rows: &'a mut [FilteredRows; AT_ONCE],
}

impl WithSimd for GroupsProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { panels, taps, target, output, map, groups, weights, zeros, rows } = self;
        let width = target.size[1];
        let rate = taps.mapping.step.unsigned_abs();
        let mut runs = Vec::new();
        // The products of a tile.
        let mut terms = [0.0f32; TERMS * ROWS * COLUMNS];
        // The wider the map, the more a group makes of the weights that are read for it. Rows of
        // one vector lie side by side, so that two of them fill a tile.
        let is_pair = width == S::F32_LANES;
        let [at_once, beside] = if is_pair { [1, 2] } else { [if width <= COLUMNS { AT_ONCE } else { 1 }, 1] };
        for groups in groups.chunks(at_once * beside) {
            for (place, part) in weights.parts.iter().enumerate() {
                for (groups, rows) in groups.chunks(beside).zip(rows.iter_mut()) {
                    rows.fill(&taps, groups, part.clone(), zeros);
                }
                for panel in panels.clone() {
                    let left = weights.panel(part, panel);
                    let channels = panel * ROWS..target.channels.min(panel * ROWS + ROWS);
                    let tiles = PixelRun::tiles(0..width);
                    let of_tile = |columns| groups.chunks(beside).zip(rows.iter()).map(move |of| (columns, of));
                    for (columns, (groups, rows)) in tiles.flat_map(of_tile) {
                        rows.find(&taps, weights.kx.clone(), columns, &mut runs);
                        for (t, term) in terms.chunks_exact_mut(ROWS * COLUMNS).enumerate() {
                            let first = term.as_mut_ptr();
                            let columns = columns.count * groups.len();
                            let tile = OutputTile { first, stride: COLUMNS, rows: ROWS, columns, add: false };
                            let left = left[t * left.len() / TERMS..].as_ptr();
                            let first = rows.values[t * rows.term()..].as_ptr();
                            let right = RightSide::of::<S>(first, rows.step);
                            let right = if is_pair { RightSide { gap: rows.gap, ..right } } else { right };
                            // SAFETY: the filtered rows and weights hold what the runs say; the
                            // tile is our own.
                            unsafe { multiply(simd, left, right, &runs, tile) };
                        }
                        for (beside, group) in groups.iter().enumerate() {
                            for (lane, channel) in channels.clone().enumerate() {
                                let first = target.pixels() * channel + group.first * width + columns.first;
                                let (first, stride) = (output.wrapping_add(first), rate * width);
                                let terms = &terms[lane * COLUMNS + beside * columns.count..];
                                let size = [group.rows, columns.count];
                                // SAFETY: pixels and channels of this task. What is added to was
                                // written by the first part.
                                unsafe { write_group(simd, terms.as_ptr(), size, first, stride, place > 0) };
                            }
                        }
                    }
                }
            }
            let Some(map) = map else { continue };
            let channels = panels.start * ROWS..(panels.end * ROWS).min(target.channels);
            for row in groups.iter().flat_map(|group| group.own(rate)).flatten() {
                let pixels = row * width..(row + 1) * width;
                // SAFETY: pixels and channels of this task, which all parts were added to.
                unsafe { MapPixels::new(map, output, target.pixels(), channels.clone(), pixels) }.with_simd(simd);
            }
        }
    }
}

/// Writes the rows of a group, or adds to them: `size` (rows, columns) pixels of a channel, from
/// its row of the tiles of all terms. Rows are `stride` values apart.
///
/// # Safety
/// `terms` must be the channel's row of the first tile, and the tiles of all terms readable. The
/// rows must be memory that nobody else uses meanwhile, and hold values where they are added to.
#[inline(always)]
unsafe fn write_group<S: Simd>(
    simd: S,
    terms: *const f32,
    size: [usize; 2],
    first: *mut f32,
    stride: usize,
    add: bool,
) {
    let lanes = S::F32_LANES;
    let [rows, columns] = size;
    for column in (0..columns).step_by(lanes) {
        let mut products = [simd.splat_f32s(0.0); TERMS];
        for (t, product) in products.iter_mut().enumerate() {
            // SAFETY: within a tile's row, which is whole vectors long.
            *product = unsafe { load::<S>(terms.add(t * ROWS * COLUMNS + column)) };
        }
        let results = outputs(simd, products);
        let is_whole = column + lanes <= columns;
        let some = simd.mask_between_m32s(0, (columns - column).min(lanes) as u32);
        for (row, result) in results.into_iter().enumerate().take(rows) {
            let target = first.wrapping_add(row * stride + column);
            // SAFETY: as the caller vouches; no more columns are touched than there are.
            unsafe {
                if is_whole {
                    let result = if add { simd.add_f32s(result, load::<S>(target)) } else { result };
                    target.cast::<S::f32s>().write_unaligned(result);
                } else {
                    let result = match add {
                        true => simd.add_f32s(result, simd.mask_load_ptr_f32s(some, target)),
                        false => result,
                    };
                    simd.mask_store_ptr_f32s(some, target, result);
                }
            }
        }
    }
}
