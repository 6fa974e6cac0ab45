//! Sums of the parts that a product was made in.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use crate::ops::gpu::launch::UNITS;

/// Units that share a sum.
const SHARING: usize = 8;
/// Values that a cube makes.
pub const VALUES: usize = UNITS / SHARING;

/// How values of parts lie in the output: parts x taps x values become values x the kernel's taps,
/// of which some are in no part, and are zero.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub struct PartLayout {
    pub parts: u32,
    pub values: u32,
    /// Rows and columns of the kernel that are in the parts, and the first of them.
    pub tap_rows: u32,
    pub tap_columns: u32,
    pub first_row: u32,
    pub first_column: u32,
    pub kernel_rows: u32,
    pub kernel_columns: u32,
}

/// Adds the parts up, always in the same order.
///
/// Cubes: values of all taps, in turns.
#[cube(launch)]
pub fn sum_of_parts(parts: &[f32], output: &mut [f32], layout: PartLayout) {
    let kernel = layout.kernel_rows * layout.kernel_columns;
    let of_a_part = layout.tap_rows * layout.tap_columns * layout.values;
    let count = kernel * layout.values;
    let place = UNIT_POS % comptime!(VALUES as u32);
    let share = UNIT_POS / comptime!(VALUES as u32);
    let mut shared = Shared::<[f32]>::new_slice(UNITS);
    let mut first = CUBE_POS_X * comptime!(VALUES as u32);
    while first < count {
        let at = first + place;
        let tap = at / layout.values;
        let value = at % layout.values;
        // Those before the first are large numbers.
        let row = tap / layout.kernel_columns - layout.first_row;
        let column = tap % layout.kernel_columns - layout.first_column;
        let exists = at < count && row < layout.tap_rows && column < layout.tap_columns;
        let mut sum = 0.0f32;
        if exists {
            let from = (row * layout.tap_columns + column) * layout.values + value;
            let mut part = share;
            while part < layout.parts {
                sum += parts[(part * of_a_part + from) as usize];
                part += comptime!(SHARING as u32);
            }
        }
        sync_cube();
        shared[UNIT_POS as usize] = sum;
        sync_cube();
        if share == 0 && at < count {
            let mut all = sum;
            #[unroll]
            for other in 1..SHARING {
                all += shared[place as usize + other * VALUES];
            }
            output[(value * kernel + tap) as usize] = all;
        }
        first += CUBE_COUNT_X * comptime!(VALUES as u32);
    }
}
