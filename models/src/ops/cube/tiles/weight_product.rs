//! The gradient of a convolution's weights.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use super::{DEPTH, Sizes, UNIT, multiply, offset, seeing};

/// Parts of the gradient of the weights: parts x channels out x channels in x taps, whose sum over the parts it is.
///
/// Cubes: blocks of input channels for each tap, blocks of output channels, parts. Each part takes its share of the pixels
/// that see anything through the tap.
#[cube(launch_unchecked)]
pub(in crate::ops::cube) fn weights(
    grad: &[f32],
    input: &[f32],
    output: &mut [f32],
    sizes: Sizes,
    blocks: u32,
    parts: u32,
    #[comptime] rows: usize,
    #[comptime] columns: usize,
) {
    let units = comptime!(rows * columns / (UNIT * UNIT));
    let lefts = comptime!(DEPTH * rows / units);
    let rights = comptime!(DEPTH * columns / units);
    // Neighbouring units copy neighbouring pixels: without a gap, they would all write to the same bank.
    let pad = comptime!(UNIT / 2);

    let taps = sizes.tap_rows * sizes.tap_columns;
    let pixels = sizes.out_height * sizes.out_width;
    let plane = sizes.height * sizes.width;
    let tap = CUBE_POS_X / blocks;
    let first_in = CUBE_POS_X % blocks * comptime!(columns as u32);
    let first_out = CUBE_POS_Y * comptime!(rows as u32);

    let (down, aside) = offset(&sizes, tap);
    let (top, bottom) = seeing(down, sizes.stride, sizes.height, sizes.out_height);
    let (start, stop) = seeing(aside, sizes.stride, sizes.width, sizes.out_width);
    let wide = max((stop - start) as u32, 1);
    let area = max((bottom - top) as u32 * (stop - start) as u32, 1);
    let all = sizes.batch * ((bottom - top) as u32 * (stop - start) as u32);
    let depth = comptime!(DEPTH as u32);
    let share = all.div_ceil(parts).div_ceil(depth) * depth;
    let until = min((CUBE_POS_Z + 1) * share, all);
    let mut at = CUBE_POS_Z * share;

    // The pixel that this unit copies in each step, from every `lanes`-th channel.
    let k = UNIT_POS % depth;
    let lane = UNIT_POS / depth;
    let lanes = comptime!(units / DEPTH);

    let mut left = Shared::<[f32]>::new_slice(comptime!(DEPTH * (rows + pad)));
    let mut right = Shared::<[f32]>::new_slice(comptime!(DEPTH * (columns + pad)));
    let mut sums = Array::<f32>::new(comptime!(UNIT * UNIT));
    let mut next_left = Array::<f32>::new(lefts);
    let mut next_right = Array::<f32>::new(rights);

    let mut fetching = at < until;
    let mut multiplying = false;
    while fetching || multiplying {
        if multiplying {
            sync_cube();
            #[unroll]
            for i in 0..lefts {
                left[k as usize * comptime!(rows + pad) + lane as usize + i * lanes] = next_left[i];
            }
            #[unroll]
            for i in 0..rights {
                right[k as usize * comptime!(columns + pad) + lane as usize + i * lanes] = next_right[i];
            }
            sync_cube();
        }
        if fetching {
            let mine = at + k;
            let exists = mine < until;
            let image = mine / area;
            let y = top + (mine % area / wide) as i32;
            let x = start + (mine % area % wide) as i32;
            let to = image * sizes.channels_out * pixels + (y * sizes.out_width as i32 + x) as u32;
            let from = (y * sizes.stride + down) * sizes.width as i32 + x * sizes.stride + aside;
            let from = image * sizes.channels_in * plane + from as u32;
            #[unroll]
            for i in 0..lefts {
                let m = first_out + lane + comptime!((i * lanes) as u32);
                let mut value = 0.0f32;
                if exists && m < sizes.channels_out {
                    value = grad[(to + m * pixels) as usize];
                }
                next_left[i] = value;
            }
            #[unroll]
            for i in 0..rights {
                let c = first_in + lane + comptime!((i * lanes) as u32);
                let mut value = 0.0f32;
                if exists && c < sizes.channels_in {
                    value = input[(from + c * plane) as usize];
                }
                next_right[i] = value;
            }
        }
        if multiplying {
            multiply(&mut sums, &left, &right, rows, columns, pad);
        }
        multiplying = fetching;
        at += depth;
        fetching = at < until;
    }

    let half = comptime!(UNIT / 2);
    let across = comptime!((columns / UNIT) as u32);
    let part = CUBE_POS_Z * sizes.channels_out;
    #[unroll]
    for i in 0..UNIT {
        let m =
            first_out + UNIT_POS / across * comptime!(half as u32) + comptime!((i / half * rows / 2 + i % half) as u32);
        #[unroll]
        for j in 0..UNIT {
            let c = first_in
                + UNIT_POS % across * comptime!(half as u32)
                + comptime!((j / half * columns / 2 + j % half) as u32);
            if m < sizes.channels_out && c < sizes.channels_in {
                output[(((part + m) * sizes.channels_in + c) * taps + tap) as usize] = sums[i * UNIT + j];
            }
        }
    }
}
