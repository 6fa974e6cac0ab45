//! The gradient of a convolution's weights.

use burn_cubecl::cubecl;
use cubecl::ir::ElemType;
use cubecl::prelude::*;

use super::block::{ConvSizes, multiply, offset, valid_range};
use super::matrices;
use super::plan::{Plan, UNIT};
use crate::ops::gpu::launch::factor;

/// Computes parts of the gradient of the weights: parts x channels out x channels in x taps, whose
/// sum over the parts it is.
///
/// Cubes: blocks of input channels for each tap, blocks of output channels, parts. Each part takes
/// its share of the pixels that see anything through the tap. Where `grad` was multiplied by
/// something, `scale` is what takes that back.
#[cube(launch)]
pub fn weight_product<E: Float>(
    grad: &[E],
    input: &[E],
    scale: ComptimeOption<&[f32]>,
    output: &mut [f32],
    sizes: ConvSizes,
    blocks: u32,
    parts: u32,
    #[comptime] plan: Plan,
    #[define(E)] _element: ElemType,
) {
    let (rows, columns) = comptime!((plan.block.rows, plan.block.columns));
    let units = comptime!(plan.block.units());
    let lefts = comptime!(plan.depth() * rows / units);
    let rights = comptime!(plan.depth() * columns / units);
    // Neighbouring units copy neighbouring pixels: without a gap, they would all write to the same
    // bank.
    let pad = comptime!(plan.pad(UNIT / 2));

    let taps = sizes.tap_rows * sizes.tap_columns;
    let pixels = sizes.out_height * sizes.out_width;
    let plane = sizes.height * sizes.width;
    let tap = CUBE_POS_X / blocks;
    let first_in = CUBE_POS_X % blocks * comptime!(columns as u32);
    let first_out = CUBE_POS_Y * comptime!(rows as u32);

    let (down, aside) = offset(&sizes, tap);
    let (top, bottom) = valid_range(down, sizes.stride, sizes.height, sizes.out_height);
    let (start, stop) = valid_range(aside, sizes.stride, sizes.width, sizes.out_width);
    let wide = max((stop - start) as u32, 1);
    let area = max((bottom - top) as u32 * (stop - start) as u32, 1);
    let all = sizes.batch * ((bottom - top) as u32 * (stop - start) as u32);
    let depth = comptime!(plan.depth() as u32);
    let length = all.div_ceil(parts).div_ceil(depth) * depth;
    let until = min((CUBE_POS_Z + 1) * length, all);
    let mut at = CUBE_POS_Z * length;

    // The pixel that this unit copies in each step, from every `lanes`-th channel.
    let k = UNIT_POS % depth;
    let lane = UNIT_POS / depth;
    let lanes = comptime!(units / plan.depth());

    let mut left = Shared::<[E]>::new_slice(comptime!(plan.depth() * (rows + pad)));
    let mut right = Shared::<[E]>::new_slice(comptime!(plan.depth() * (columns + pad)));
    let mut sums = Array::<f32>::new(comptime!(UNIT * UNIT));
    let mut sums_of_planes = matrices::zeros(plan);
    let mut next_left = Array::<E>::new(lefts);
    let mut next_right = Array::<E>::new(rights);

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
                let mut value = E::from_int(0);
                if exists && m < sizes.channels_out {
                    value = grad[(to + m * pixels) as usize];
                }
                next_left[i] = value;
            }
            #[unroll]
            for i in 0..rights {
                let c = first_in + lane + comptime!((i * lanes) as u32);
                let mut value = E::from_int(0);
                if exists && c < sizes.channels_in {
                    value = input[(from + c * plane) as usize];
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
        at += depth;
        fetching = at < until;
    }

    let scale = factor(scale);
    let part = CUBE_POS_Z * sizes.channels_out;
    if comptime!(plan.matrices.is_some()) {
        let mut shown = matrices::shown(plan);
        #[unroll]
        for which in 0..comptime!(plan.kept()[0] * plan.kept()[1]) {
            matrices::show(&sums_of_planes, &mut shown, which, plan);
            for i in 0..comptime!(plan.shown()) {
                let (row, column, value) = matrices::at(&shown, i, which, plan);
                let m = first_out + row;
                let c = first_in + column;
                if m < sizes.channels_out && c < sizes.channels_in {
                    output[(((part + m) * sizes.channels_in + c) * taps + tap) as usize] = value * scale;
                }
            }
        }
    } else {
        let half = comptime!(UNIT / 2);
        let across = comptime!((columns / UNIT) as u32);
        #[unroll]
        for i in 0..UNIT {
            let m = first_out
                + UNIT_POS / across * comptime!(half as u32)
                + comptime!((i / half * rows / 2 + i % half) as u32);
            #[unroll]
            for j in 0..UNIT {
                let c = first_in
                    + UNIT_POS % across * comptime!(half as u32)
                    + comptime!((j / half * columns / 2 + j % half) as u32);
                if m < sizes.channels_out && c < sizes.channels_in {
                    output[(((part + m) * sizes.channels_in + c) * taps + tap) as usize] = sums[i * UNIT + j] * scale;
                }
            }
        }
    }
}
