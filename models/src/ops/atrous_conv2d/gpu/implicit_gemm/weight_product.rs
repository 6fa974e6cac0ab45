//! The gradient of a convolution's weights.

use burn_cubecl::cubecl;
use cubecl::ir::ElemType;
use cubecl::prelude::*;

use super::block::{ConvSizes, Four, four, multiply, offset, valid_range};
use super::matrices;
use super::plan::{Plan, VECTOR};
use crate::ops::gpu::launch::factor;

/// Computes parts of the gradient of the weights: parts x taps x channels out x channels in, whose
/// sum over the parts it is.
///
/// Cubes: blocks of input channels for each tap, blocks of output channels, parts. Each part takes
/// its share of the pixels that see anything through the tap. Where the plan is folded, the blocks
/// are those of all taps' input channels, and parts share out all pixels. Where `grad` was
/// multiplied by something, `scale` is what takes that back.
///
/// `N` pixels are read at once, one or four, as
/// [`ConvShape::pixels_at_once`](crate::ops::atrous_conv2d::geometry::ConvShape::pixels_at_once)
/// says; one where the plan is folded.
#[cfg_attr(not(test), cube(launch))]
#[cfg_attr(test, cube(launch, create_dummy_kernel))]
pub fn weight_product<E: Float, N: Size>(
    grad: &[Vector<E, N>],
    input: &[Vector<E, N>],
    scale: ComptimeOption<&[f32]>,
    output: &mut [f32],
    sizes: ConvSizes,
    blocks: u32,
    parts: u32,
    #[comptime] plan: Plan,
    #[define(E)] _element: ElemType,
) {
    let (rows, columns) = comptime!((plan.block.rows, plan.block.columns));
    let at_once = N::value();
    // Vectors of a row of each side. A unit copies every `lanes`-th of those of both sides, of as
    // many pixels as are read at once.
    let (of_rows, of_columns) = comptime!((rows / VECTOR, columns / VECTOR));
    let lanes = comptime!(plan.block.units() * at_once / plan.depth);
    let copies = comptime!((of_rows + of_columns).div_ceil(lanes));
    // Neighbouring units copy neighbouring pixels: without a gap, they would all write to the same
    // bank.
    let pad = comptime!(plan.pad(1));
    let depth = comptime!(plan.depth as u32);

    let taps = sizes.tap_rows * sizes.tap_columns;
    let pixels = sizes.out_height * sizes.out_width;
    let plane = sizes.height * sizes.width;
    let tap = select(comptime!(plan.is_folded).runtime(), 0, CUBE_POS_X / blocks);
    let first_in = CUBE_POS_X % blocks * comptime!(columns as u32);
    let first_out = CUBE_POS_Y * comptime!(rows as u32);
    let until_in = select(comptime!(plan.is_folded).runtime(), taps, 1) * sizes.channels_in;

    let (down, aside) = offset(&sizes, tap / sizes.tap_columns, tap % sizes.tap_columns);
    let (seen_top, seen_bottom) = valid_range(down, sizes.stride, sizes.height, sizes.out_height);
    let (seen_left, seen_right) = valid_range(aside, sizes.stride, sizes.width, sizes.out_width);
    let is_all = comptime!(plan.is_folded).runtime();
    let top = select(is_all, 0, seen_top);
    let bottom = select(is_all, sizes.out_height as i32, seen_bottom);
    let start = select(is_all, 0, seen_left);
    let stop = select(is_all, sizes.out_width as i32, seen_right);
    let wide = max(stop - start, 1);
    let high = max(bottom - top, 1);
    let area = (wide * high) as u32;
    let all = sizes.batch * ((bottom - top) as u32 * (stop - start) as u32);
    let length = all.div_ceil(parts).div_ceil(depth) * depth;
    let until = min((CUBE_POS_Z + 1) * length, all);
    let mut at = CUBE_POS_Z * length;

    // The first pixel that this unit copies, and how far that of the next step lies from it.
    let k = UNIT_POS % comptime!((plan.depth / at_once) as u32) * comptime!(at_once as u32);
    let lane = UNIT_POS / comptime!((plan.depth / at_once) as u32);
    let mine = at + k;
    let mut image = mine / area;
    let mut y = top + (mine % area / wide as u32) as i32;
    let mut x = start + (mine % area % wide as u32) as i32;
    let next_image = depth / area;
    let next_y = (depth % area / wide as u32) as i32;
    let next_x = (depth % area % wide as u32) as i32;

    // What the columns of this unit see, where each has a tap of its own.
    let own = comptime!(if plan.is_folded { copies * VECTOR } else { 1 });
    let mut downs = Array::<i32>::new(own);
    let mut asides = Array::<i32>::new(own);
    let mut behind = Array::<u32>::new(own);
    if comptime!(plan.is_folded) {
        #[unroll]
        for i in 0..own {
            let vector = lane + comptime!((i / VECTOR * lanes) as u32);
            let vector = max(vector, comptime!(of_rows as u32)) - comptime!(of_rows as u32);
            let column = min(first_in + vector + comptime!((i % VECTOR * of_columns) as u32), until_in - 1);
            let tap = column / sizes.channels_in;
            let (down, aside) = offset(&sizes, tap / sizes.tap_columns, tap % sizes.tap_columns);
            downs[i] = down;
            asides[i] = aside;
            behind[i] = column % sizes.channels_in * plane;
        }
    }

    let mut left = Shared::<[Four<E>]>::new_slice(comptime!(plan.depth * (of_rows + pad)));
    let mut right = Shared::<[Four<E>]>::new_slice(comptime!(plan.depth * (of_columns + pad)));
    let vectors = comptime!(plan.block.tile / VECTOR);
    let mut sums = Array::<Four<f32>>::new(comptime!(plan.block.tile * vectors));
    #[unroll]
    for i in 0..comptime!(plan.block.tile * vectors) {
        sums[i] = Four::<f32>::new(0.0);
    }
    let mut sums_of_planes = matrices::zeros(plan);
    let mut next = Array::<Four<E>>::new(comptime!(copies * at_once));
    let mut values = Array::<Vector<E, N>>::new(VECTOR);
    let mut value = Array::<E>::new(VECTOR);
    let pixels_at_once = pixels / comptime!(at_once as u32);
    let plane_at_once = plane / comptime!(at_once as u32);

    let mut fetching = at < until;
    let mut multiplying = false;
    while fetching || multiplying {
        if multiplying {
            sync_cube();
            #[unroll]
            for i in 0..copies {
                let vector = lane as usize + i * lanes;
                #[unroll]
                for l in 0..at_once {
                    let row = k as usize + l;
                    let copied = next[comptime!(i * at_once + l)];
                    if comptime!((i + 1) * lanes <= of_rows) || vector < of_rows {
                        left[row * comptime!(of_rows + pad) + vector] = copied;
                    } else if comptime!((i + 1) * lanes <= of_rows + of_columns)
                        || vector < comptime!(of_rows + of_columns)
                    {
                        right[row * comptime!(of_columns + pad) + vector - of_rows] = copied;
                    }
                }
            }
            sync_cube();
        }
        if fetching {
            let exists = at + k < until;
            let to = image * sizes.channels_out * pixels + (y * sizes.out_width as i32 + x) as u32;
            let to = to / comptime!(at_once as u32);
            let row = y * sizes.stride;
            let column = x * sizes.stride;
            let source = image * sizes.channels_in * plane;
            let from = source + ((row + down) * sizes.width as i32 + column + aside) as u32;
            let from = from / comptime!(at_once as u32);
            #[unroll]
            for i in 0..copies {
                let vector = lane + comptime!((i * lanes) as u32);
                #[unroll]
                for j in 0..VECTOR {
                    let mut some = Vector::<E, N>::new(E::from_int(0));
                    if comptime!((i + 1) * lanes <= of_rows) || vector < comptime!(of_rows as u32) {
                        let m = first_out + vector * comptime!(VECTOR as u32) + comptime!(j as u32);
                        if exists && m < sizes.channels_out {
                            some = grad[(to + m * pixels_at_once) as usize];
                        }
                    } else {
                        let c = first_in + vector - comptime!(of_rows as u32) + comptime!((j * of_columns) as u32);
                        let is_one = vector < comptime!((of_rows + of_columns) as u32) && c < until_in;
                        if comptime!(plan.is_folded) {
                            let which = comptime!(i * VECTOR + j);
                            let row = row + downs[which];
                            let column = column + asides[which];
                            let sees =
                                row >= 0 && row < sizes.height as i32 && column >= 0 && column < sizes.width as i32;
                            if exists && sees && is_one {
                                let from = (row * sizes.width as i32 + column) as u32;
                                some = input[(source + behind[which] + from) as usize];
                            }
                        } else if exists && is_one {
                            some = input[(from + c * plane_at_once) as usize];
                        }
                    }
                    values[j] = some;
                }
                #[unroll]
                for l in 0..at_once {
                    #[unroll]
                    for j in 0..VECTOR {
                        value[j] = values[j].extract(l);
                    }
                    next[comptime!(i * at_once + l)] = four::<E>(&value);
                }
            }
        }
        if multiplying {
            if comptime!(plan.matrices.is_some()) {
                matrices::multiply::<E>(&mut sums_of_planes, &left, &right, plan);
            } else {
                multiply::<E>(&mut sums, &left, &right, plan, pad);
            }
        }
        multiplying = fetching;
        at += depth;
        fetching = at < until;
        image += next_image;
        y += next_y;
        x += next_x;
        if x >= stop {
            x -= wide;
            y += 1;
        }
        if y >= bottom {
            y -= high;
            image += 1;
        }
    }

    let scale = factor(scale);
    if comptime!(plan.matrices.is_some()) {
        let mut shown = matrices::shown(plan);
        #[unroll]
        for which in 0..comptime!(plan.kept()[0] * plan.kept()[1]) {
            matrices::show(&sums_of_planes, &mut shown, which, plan);
            for i in 0..comptime!(plan.shown()) {
                let (row, column, value) = matrices::at(&shown, i, which, plan, 1usize);
                let m = first_out + row;
                let c = first_in + column;
                if m < sizes.channels_out && c < sizes.channels_in {
                    let before = (CUBE_POS_Z * taps + tap) * sizes.channels_out;
                    output[((before + m) * sizes.channels_in + c) as usize] = value * scale;
                }
            }
        }
    } else {
        let (down, across) = comptime!((plan.block.sides()[0], plan.block.sides()[1]));
        #[unroll]
        for j in 0..vectors {
            #[unroll]
            for inner in 0..VECTOR {
                let place = comptime!((j * across + inner * of_columns) as u32);
                let column = first_in + UNIT_POS % comptime!(across as u32) + place;
                if column < until_in {
                    let tap = tap + column / sizes.channels_in;
                    let c = column % sizes.channels_in;
                    let before = (CUBE_POS_Z * taps + tap) * sizes.channels_out;
                    #[unroll]
                    for i in 0..comptime!(plan.block.tile) {
                        let place = comptime!((i / VECTOR * down * VECTOR + i % VECTOR) as u32);
                        let m = first_out + UNIT_POS / comptime!(across as u32) * comptime!(VECTOR as u32) + place;
                        if m < sizes.channels_out {
                            output[((before + m) * sizes.channels_in + c) as usize] =
                                sums[comptime!(i * vectors + j)].extract(inner) * scale;
                        }
                    }
                }
            }
        }
    }
}
