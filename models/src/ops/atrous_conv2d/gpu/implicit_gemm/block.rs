//! What the kernels of both products have in common.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use super::plan::{Block, DEPTH, UNIT};

/// The sizes and the geometry of a convolution.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub struct ConvSizes {
    pub batch: u32,
    pub channels_in: u32,
    pub channels_out: u32,
    pub height: u32,
    pub width: u32,
    pub out_height: u32,
    pub out_width: u32,
    /// Rows and columns of the kernel that see at least one pixel somewhere.
    pub tap_rows: u32,
    pub tap_columns: u32,
    /// Row and column that the first of them sees from the first output pixel, relative to the
    /// input.
    pub first_row: i32,
    pub first_column: i32,
    pub dilation: i32,
    pub stride: i32,
}

/// Returns the row and the column that a tap sees from the first output pixel.
#[cube]
pub fn offset(sizes: &ConvSizes, tap: u32) -> (i32, i32) {
    let row = sizes.first_row + (tap / sizes.tap_columns) as i32 * sizes.dilation;
    let column = sizes.first_column + (tap % sizes.tap_columns) as i32 * sizes.dilation;
    (row, column)
}

/// Returns the output positions along an axis, from and until, from which `offset` is within an
/// input of `size`.
#[cube]
pub fn valid_range(offset: i32, stride: i32, size: u32, output: u32) -> (i32, i32) {
    let from = max(0 - offset, 0);
    let from = min((from + stride - 1) / stride, output as i32);
    let last = size as i32 - 1 - offset;
    let until = select(last >= 0, min(last / stride + 1, output as i32), 0);
    (from, max(from, until))
}

/// Returns where the value of `place`, counted row by row, lies in shared memory with `pad` between
/// rows of `size`.
#[cube]
pub fn padded(place: usize, #[comptime] size: usize, #[comptime] pad: usize) -> usize {
    if comptime!(pad == 0) { place } else { place + place / size * pad }
}

/// Adds the product of the copied block to the sums of a unit.
#[cube]
pub fn multiply<E: Float>(
    sums: &mut Array<f32>,
    left: &Shared<[E]>,
    right: &Shared<[E]>,
    #[comptime] block: Block,
    #[comptime] pad: usize,
) {
    let (rows, columns) = comptime!((block.rows, block.columns));
    let half = comptime!(UNIT / 2);
    let across = comptime!(columns / UNIT) as u32;
    let row = (UNIT_POS / across) as usize * half;
    let column = (UNIT_POS % across) as usize * half;
    let mut a = Array::<f32>::new(UNIT);
    let mut b = Array::<f32>::new(UNIT);
    for k in 0..DEPTH {
        let at_left = k * comptime!(rows + pad) + row;
        let at_right = k * comptime!(columns + pad) + column;
        #[unroll]
        for i in 0..half {
            a[i] = f32::cast_from(left[at_left + i]);
            a[i + half] = f32::cast_from(left[at_left + i + comptime!(rows / 2)]);
            b[i] = f32::cast_from(right[at_right + i]);
            b[i + half] = f32::cast_from(right[at_right + i + comptime!(columns / 2)]);
        }
        #[unroll]
        for i in 0..UNIT {
            #[unroll]
            for j in 0..UNIT {
                sums[i * UNIT + j] += a[i] * b[j];
            }
        }
    }
}
