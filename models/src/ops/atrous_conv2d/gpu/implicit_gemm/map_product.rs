//! The output of a convolution.

use burn_cubecl::cubecl;
use cubecl::ir::ElemType;
use cubecl::prelude::*;

use super::block::{ConvSizes, multiply, offset, padded, valid_range};
use super::matrices;
use super::plan::{Plan, UNIT};
use crate::ops::gpu::launch::factor;

/// The window of output pixels of a block: the first and the last row, and the columns if there is
/// one row only.
#[derive(CubeType, Clone, Copy)]
struct PixelWindow {
    top: i32,
    bottom: i32,
    left: i32,
    right: i32,
}

/// Returns the first tap from `tap` on that sees anything from the window.
#[cube]
fn next_live(sizes: &ConvSizes, window: &PixelWindow, tap: u32) -> u32 {
    let taps = sizes.tap_rows * sizes.tap_columns;
    let mut found = tap;
    let mut looking = found < taps;
    while looking {
        let (row, column) = offset(sizes, found);
        let (top, bottom) = valid_range(row, sizes.stride, sizes.height, sizes.out_height);
        let (left, right) = valid_range(column, sizes.stride, sizes.width, sizes.out_width);
        let rows = top <= window.bottom && window.top < bottom;
        let columns = left <= window.right && window.left < right;
        looking = !(rows && columns);
        if looking {
            found += 1;
            looking = found < taps;
        }
    }
    found
}

/// Computes the output of a convolution: batch x channels out x output pixels, from weights of taps
/// x channels in x channels out.
///
/// Where the input was multiplied by something, `scale` is what takes that back.
///
/// Cubes: blocks of pixels of the whole batch, blocks of output channels. Units of a cube: those of
/// the block, at least as many as its columns.
#[cube(launch)]
pub fn map_product<E: Float>(
    weight: &[E],
    input: &[E],
    scale: ComptimeOption<&[f32]>,
    output: &mut [f32],
    sizes: ConvSizes,
    #[comptime] plan: Plan,
    #[define(E)] _element: ElemType,
) {
    let (rows, columns) = comptime!((plan.block.rows, plan.block.columns));
    let units = comptime!(plan.block.units());
    let pad = comptime!(plan.pad(0));
    let lefts = comptime!(plan.depth() * rows / units);
    let rights = comptime!(plan.depth() * columns / units);
    let steps = comptime!(units / columns) as u32;

    let taps = sizes.tap_rows * sizes.tap_columns;
    let pixels = sizes.out_height * sizes.out_width;
    let all = sizes.batch * pixels;
    let plane = sizes.height * sizes.width;
    let first_channel = CUBE_POS_Y * comptime!(rows as u32);
    let first_pixel = CUBE_POS_X * comptime!(columns as u32);

    // Blocks that cover parts of two images are taken to see everything.
    let last_pixel = min(first_pixel + comptime!(columns as u32), all) - 1;
    let (first, last) = (first_pixel % pixels, last_pixel % pixels);
    let one_image = first_pixel / pixels == last_pixel / pixels;
    let one_row = one_image && first / sizes.out_width == last / sizes.out_width;
    let window = PixelWindow {
        top: select(one_image, (first / sizes.out_width) as i32, 0),
        bottom: select(one_image, (last / sizes.out_width) as i32, sizes.out_height as i32 - 1),
        left: select(one_row, (first % sizes.out_width) as i32, 0),
        right: select(one_row, (last % sizes.out_width) as i32, sizes.out_width as i32 - 1),
    };

    // The pixel that this unit copies, from every `steps`-th channel.
    let mine = first_pixel + UNIT_POS % comptime!(columns as u32);
    let depth = UNIT_POS / comptime!(columns as u32);
    let exists = mine < all;
    let image = mine / pixels;
    let y = (mine % pixels / sizes.out_width) as i32 * sizes.stride;
    let x = (mine % pixels % sizes.out_width) as i32 * sizes.stride;
    let source = image * sizes.channels_in * plane;

    let mut left = Shared::<[E]>::new_slice(comptime!(plan.depth() * (rows + pad)));
    let mut right = Shared::<[E]>::new_slice(comptime!(plan.depth() * (columns + pad)));
    let mut sums = Array::<f32>::new(comptime!(UNIT * UNIT));
    let mut sums_of_planes = matrices::zeros(plan);
    let mut next_left = Array::<E>::new(lefts);
    let mut next_right = Array::<E>::new(rights);

    let mut tap = next_live(&sizes, &window, 0);
    let mut channel = 0u32;
    let mut fetching = tap < taps;
    let mut multiplying = false;
    while fetching || multiplying {
        if multiplying {
            // The values fetched in the last turn.
            sync_cube();
            #[unroll]
            for i in 0..lefts {
                left[padded(UNIT_POS as usize + i * units, rows, pad)] = next_left[i];
            }
            #[unroll]
            for i in 0..rights {
                right[padded(UNIT_POS as usize + i * units, columns, pad)] = next_right[i];
            }
            sync_cube();
        }
        if fetching {
            let weights = (tap * sizes.channels_in + channel) * sizes.channels_out + first_channel;
            #[unroll]
            for i in 0..lefts {
                let place = UNIT_POS + comptime!((i * units) as u32);
                let k = place / comptime!(rows as u32);
                let m = place % comptime!(rows as u32);
                let inside = channel + k < sizes.channels_in && first_channel + m < sizes.channels_out;
                let mut value = E::from_int(0);
                if inside {
                    value = weight[(weights + k * sizes.channels_out + m) as usize];
                }
                next_left[i] = value;
            }
            let (down, across) = offset(&sizes, tap);
            let row = y + down;
            let column = x + across;
            let sees = exists && row >= 0 && row < sizes.height as i32 && column >= 0 && column < sizes.width as i32;
            let from = source + (row * sizes.width as i32 + column) as u32;
            #[unroll]
            for i in 0..rights {
                let k = channel + depth + comptime!(i as u32) * steps;
                let mut value = E::from_int(0);
                if sees && k < sizes.channels_in {
                    value = input[(from + k * plane) as usize];
                }
                next_right[i] = value;
            }
        }
        if multiplying {
            if comptime!(plan.matrices.is_some()) {
                matrices::multiply::<E>(&mut sums_of_planes, &left, &right, plan);
            } else {
                multiply::<E>(&mut sums, &left, &right, plan.block, pad);
            }
        }
        multiplying = fetching;
        if fetching {
            channel += comptime!(plan.depth() as u32);
            if channel >= sizes.channels_in {
                channel = 0;
                tap = next_live(&sizes, &window, tap + 1);
            }
            fetching = tap < taps;
        }
    }

    let scale = factor(scale);
    if comptime!(plan.matrices.is_some()) {
        let mut shown = matrices::shown(plan);
        #[unroll]
        for which in 0..comptime!(plan.kept()[0] * plan.kept()[1]) {
            matrices::show(&sums_of_planes, &mut shown, which, plan);
            for i in 0..comptime!(plan.shown()) {
                let (row, column, value) = matrices::at(&shown, i, which, plan);
                let channel = first_channel + row;
                let pixel = first_pixel + column;
                if channel < sizes.channels_out && pixel < all {
                    let to = (pixel / pixels * sizes.channels_out + channel) * pixels + pixel % pixels;
                    output[to as usize] = value * scale;
                }
            }
        }
    } else {
        let half = comptime!(UNIT / 2);
        let across = comptime!((columns / UNIT) as u32);
        #[unroll]
        for j in 0..UNIT {
            let part = comptime!((j / half * columns / 2 + j % half) as u32);
            let n = first_pixel + UNIT_POS % across * comptime!(half as u32) + part;
            if n < all {
                let to = n / pixels * sizes.channels_out * pixels + n % pixels;
                #[unroll]
                for i in 0..UNIT {
                    let part = comptime!((i / half * rows / 2 + i % half) as u32);
                    let m = first_channel + UNIT_POS / across * comptime!(half as u32) + part;
                    if m < sizes.channels_out {
                        output[(to + m * pixels) as usize] = sums[i * UNIT + j] * scale;
                    }
                }
            }
        }
    }
}
