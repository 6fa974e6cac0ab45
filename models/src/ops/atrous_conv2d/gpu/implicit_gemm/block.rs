//! What the kernels of both products have in common.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use super::plan::{Plan, VECTOR};

/// Values that a unit moves at once.
pub type Four<E> = Vector<E, Const<4>>;

/// Steps of the sums that are written out one after the other.
const UNROLLED: usize = 4;

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

/// Returns the row and the column of the input that a tap sees from the first output pixel.
#[cube]
pub fn offset(sizes: &ConvSizes, tap_row: u32, tap_column: u32) -> (i32, i32) {
    let row = sizes.first_row + tap_row as i32 * sizes.dilation;
    let column = sizes.first_column + tap_column as i32 * sizes.dilation;
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

/// Returns four values as one.
#[cube]
pub fn four<E: Float>(values: &Array<E>) -> Four<E> {
    let mut all = Four::<E>::empty();
    #[unroll]
    for i in 0..VECTOR {
        all.insert(i, values[i]);
    }
    all
}

/// Adds the product of the copied block to the sums of a unit: rows, of vectors of columns. `pad`
/// is the number of vectors between the rows of a block.
///
/// A unit makes every `down`-th vector of rows and every `across`-th one of columns.
#[cube]
pub fn multiply<E: Float>(
    sums: &mut Array<Four<f32>>,
    left: &Shared<[Four<E>]>,
    right: &Shared<[Four<E>]>,
    #[comptime] plan: Plan,
    #[comptime] pad: usize,
) {
    let block = comptime!(plan.block);
    let (down, across) = comptime!((block.sides()[0], block.sides()[1]));
    let vectors = comptime!(block.tile / VECTOR);
    let row = (UNIT_POS / comptime!(across as u32)) as usize;
    let column = (UNIT_POS % comptime!(across as u32)) as usize;
    let mut a = Array::<Four<f32>>::new(vectors);
    let mut b = Array::<Four<f32>>::new(vectors);
    for step in 0..comptime!(plan.depth / UNROLLED) {
        #[unroll]
        for inner in 0..UNROLLED {
            let k = step * UNROLLED + inner;
            let at_left = k * comptime!(block.rows / VECTOR + pad) + row;
            let at_right = k * comptime!(block.columns / VECTOR + pad) + column;
            #[unroll]
            for i in 0..vectors {
                a[i] = Four::<f32>::cast_from(left[at_left + i * down]);
                b[i] = Four::<f32>::cast_from(right[at_right + i * across]);
            }
            #[unroll]
            for i in 0..comptime!(block.tile) {
                let value = Four::<f32>::new(a[comptime!(i / VECTOR)].extract(comptime!(i % VECTOR)));
                #[unroll]
                for j in 0..vectors {
                    sums[comptime!(i * vectors + j)] += value * b[j];
                }
            }
        }
    }
}
