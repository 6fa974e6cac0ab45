//! The output of a convolution.

use burn_cubecl::cubecl;
use cubecl::ir::ElemType;
use cubecl::prelude::*;

use super::block::{ConvSizes, Four, four, multiply, offset, padded};
use super::matrices;
use super::plan::{Plan, VECTOR};
use crate::ops::gpu::launch::factor;

/// The place of a pixel from which a tap sees only padding.
const NOWHERE: u32 = u32::MAX;
/// A row from which no tap sees anything.
const OUTSIDE: i32 = i32::MIN / 2;

/// The window of input pixels that lie under a block's output pixels: the first and the last row,
/// and the columns if there is one row only.
#[derive(CubeType, Clone, Copy)]
struct PixelWindow {
    top: i32,
    bottom: i32,
    left: i32,
    right: i32,
}

/// The output pixels that a product makes, where those are not all: every `step`-th one along both
/// axes, from the one at `first` on.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub struct PixelGrid {
    /// All pixels of an output map, and those of a row.
    pub plane: u32,
    pub width: u32,
    pub step: u32,
    pub first: u32,
}

/// Returns the place of a pixel of all images, in the output's first channel, and the distance of
/// the channels.
#[cube]
fn output_place(sizes: &ConvSizes, grid: &ComptimeOption<PixelGrid>, pixel: u32) -> (u32, u32) {
    let pixels = sizes.out_height * sizes.out_width;
    let (image, within) = (pixel / pixels, pixel % pixels);
    #[comptime]
    match grid {
        ComptimeOption::None => (image * sizes.channels_out * pixels + within, pixels),
        ComptimeOption::Some(grid) => {
            let (row, column) = (within / sizes.out_width, within % sizes.out_width);
            let place = grid.first + (row * grid.width + column) * grid.step;
            (image * sizes.channels_out * grid.plane + place, grid.plane)
        }
    }
}

/// Returns the row and the column of the first tap, from this one on, that sees anything from the
/// window. The row is none of the kernel's where no tap does.
#[cube]
fn next_live(sizes: &ConvSizes, window: &PixelWindow, tap_row: u32, tap_column: u32) -> (u32, u32) {
    let mut found_row = tap_row;
    let mut found_column = tap_column;
    let mut looking = found_row < sizes.tap_rows;
    while looking {
        let (down, across) = offset(sizes, found_row, found_column);
        let rows = window.bottom + down >= 0 && window.top + down < sizes.height as i32;
        let columns = window.right + across >= 0 && window.left + across < sizes.width as i32;
        looking = !(rows && columns);
        if looking {
            found_column += 1;
            if found_column == sizes.tap_columns {
                found_column = 0u32;
                found_row += 1;
            }
            looking = found_row < sizes.tap_rows;
        }
    }
    (found_row, found_column)
}

/// Computes parts of the output of a convolution: parts x batch x channels out x output pixels,
/// whose sum over the parts it is. Each part takes its share of the input channels. The weights are
/// taps x channels in x channels out, these filled up to whole vectors.
///
/// Where the input was multiplied by something, `scale` is what takes that back. Where there is a
/// grid, the output pixels are its own, and there is one part.
///
/// `I` pixels of the input are read at once and `O` of the output written, one or four, as
/// [`ConvShape::pixels_at_once`](crate::ops::atrous_conv2d::geometry::ConvShape::pixels_at_once)
/// says. On a grid, and by cooperative matrices, they are written one by one.
///
/// Cubes: blocks of pixels of the whole batch, blocks of output channels, parts. Where there is one
/// part, the third side goes on with the blocks of pixels. Units of a cube: those of the block.
#[cfg_attr(not(test), cube(launch))]
#[cfg_attr(test, cube(launch, create_dummy_kernel))]
pub fn map_product<E: Float, I: Size, O: Size>(
    weight: &[Four<E>],
    input: &[Vector<E, I>],
    scale: ComptimeOption<&[f32]>,
    output: &mut [Vector<f32, O>],
    sizes: ConvSizes,
    parts: u32,
    grid: ComptimeOption<PixelGrid>,
    #[comptime] plan: Plan,
    #[define(E)] _element: ElemType,
) {
    let (rows, columns) = comptime!((plan.block.rows, plan.block.columns));
    let units = comptime!(plan.block.units());
    let pad = comptime!(plan.pad(0));
    // Vectors of a row of each side, and those that a unit copies.
    let (of_rows, of_columns) = comptime!((rows / VECTOR, columns / VECTOR));
    let lefts = comptime!((plan.depth * of_rows).div_ceil(units));
    let rights = comptime!((plan.depth * of_columns).div_ceil(units));
    let steps = comptime!(units / of_columns);
    // Pixels that are read and written at once, and how often a vector of columns is read so. Its
    // pixels are neighbours, or lie as far apart as there are vectors: then neighbouring units copy
    // neighbouring pixels all the same.
    let (at_once, at_once_out) = (I::value(), O::value());
    let reads = comptime!(VECTOR / at_once);
    let (in_vector, of_vector) = comptime!(plan.column_steps(at_once));

    let pixels = sizes.out_height * sizes.out_width;
    let all = sizes.batch * pixels;
    let plane = sizes.height * sizes.width;
    let first_channel = CUBE_POS_Y * comptime!(rows as u32);
    let is_whole = parts == 1;
    let first_pixel = (CUBE_POS_X + select(is_whole, CUBE_POS_Z, 0) * CUBE_COUNT_X) * comptime!(columns as u32);
    let part = select(is_whole, 0, CUBE_POS_Z);
    let length =
        sizes.channels_in.div_ceil(parts).div_ceil(comptime!(plan.depth as u32)) * comptime!(plan.depth as u32);
    let from_channel = min(part * length, sizes.channels_in);
    let until_channel = min(from_channel + length, sizes.channels_in);

    // Blocks that cover parts of two images are taken to see everything.
    let last_pixel = min(first_pixel + comptime!(columns as u32), all) - 1;
    let (first, last) = (first_pixel % pixels, last_pixel % pixels);
    let one_image = first_pixel / pixels == last_pixel / pixels;
    let one_row = one_image && first / sizes.out_width == last / sizes.out_width;
    let window = PixelWindow {
        top: select(one_image, (first / sizes.out_width) as i32, 0) * sizes.stride,
        bottom: select(one_image, (last / sizes.out_width) as i32, sizes.out_height as i32 - 1) * sizes.stride,
        left: select(one_row, (first % sizes.out_width) as i32, 0) * sizes.stride,
        right: select(one_row, (last % sizes.out_width) as i32, sizes.out_width as i32 - 1) * sizes.stride,
    };

    // The pixels that this unit copies, from every `steps`-th channel.
    let vector = UNIT_POS % comptime!(of_columns as u32);
    let lane = UNIT_POS / comptime!(of_columns as u32);
    let mut y = Array::<i32>::new(reads);
    let mut x = Array::<i32>::new(reads);
    let mut source = Array::<u32>::new(reads);
    #[unroll]
    for i in 0..reads {
        let mine = first_pixel + vector * comptime!(of_vector as u32) + comptime!((i * in_vector) as u32);
        y[i] = select(mine < all, (mine % pixels / sizes.out_width) as i32 * sizes.stride, OUTSIDE);
        x[i] = (mine % pixels % sizes.out_width) as i32 * sizes.stride;
        source[i] = mine / pixels * sizes.channels_in * plane;
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
    let mut next_left = Array::<Four<E>>::new(lefts);
    let mut next_right = Array::<Four<E>>::new(rights);
    let mut from = Array::<u32>::new(reads);
    let plane_at_once = plane / comptime!(at_once as u32);
    let mut value = Array::<E>::new(VECTOR);

    let weight_row = sizes.channels_out.div_ceil(comptime!(VECTOR as u32));
    let first_vector = CUBE_POS_Y * comptime!(of_rows as u32);
    let (first_row, first_column) = next_live(&sizes, &window, 0u32, 0u32);
    let mut tap_row = first_row;
    let mut tap_column = first_column;
    let mut channel = from_channel;
    let mut is_new = true;
    let mut fetching = tap_row < sizes.tap_rows && from_channel < until_channel && first_pixel < all;
    let mut multiplying = false;
    while fetching || multiplying {
        if multiplying {
            // The values fetched in the last turn.
            sync_cube();
            #[unroll]
            for i in 0..lefts {
                let place = UNIT_POS as usize + i * units;
                if comptime!((i + 1) * units <= plan.depth * of_rows) || place < comptime!(plan.depth * of_rows) {
                    left[padded(place, of_rows, pad)] = next_left[i];
                }
            }
            #[unroll]
            for i in 0..rights {
                let k = lane as usize + i * steps;
                if comptime!((i + 1) * steps <= plan.depth) || k < comptime!(plan.depth) {
                    right[k * comptime!(of_columns + pad) + vector as usize] = next_right[i];
                }
            }
            sync_cube();
        }
        if fetching {
            if is_new {
                let (down, across) = offset(&sizes, tap_row, tap_column);
                #[unroll]
                for i in 0..reads {
                    let row = y[i] + down;
                    let column = x[i] + across;
                    let sees = row >= 0 && row < sizes.height as i32 && column >= 0 && column < sizes.width as i32;
                    let place = source[i] + (row * sizes.width as i32 + column) as u32;
                    from[i] = select(sees, place / comptime!(at_once as u32), NOWHERE);
                }
            }
            let end = min(channel + comptime!(plan.depth as u32), until_channel);
            let tap = tap_row * sizes.tap_columns + tap_column;
            let weights = (tap * sizes.channels_in + channel) * weight_row + first_vector;
            #[unroll]
            for i in 0..lefts {
                let place = UNIT_POS + comptime!((i * units) as u32);
                let k = place / comptime!(of_rows as u32);
                let m = place % comptime!(of_rows as u32);
                let mut values = Four::<E>::new(E::from_int(0));
                if channel + k < end && first_vector + m < weight_row {
                    values = weight[(weights + k * weight_row + m) as usize];
                }
                next_left[i] = values;
            }
            #[unroll]
            for i in 0..rights {
                let k = channel + lane + comptime!((i * steps) as u32);
                let behind = k * plane_at_once;
                #[unroll]
                for j in 0..reads {
                    let mut some = Vector::<E, I>::new(E::from_int(0));
                    if from[j] != NOWHERE && k < end {
                        some = input[(from[j] + behind) as usize];
                    }
                    #[unroll]
                    for l in 0..at_once {
                        value[comptime!(j * at_once + l)] = some.extract(l);
                    }
                }
                next_right[i] = four::<E>(&value);
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
        if fetching {
            is_new = false;
            channel += comptime!(plan.depth as u32);
            if channel >= until_channel {
                channel = from_channel;
                is_new = true;
                tap_column += 1;
                if tap_column == sizes.tap_columns {
                    tap_column = 0u32;
                    tap_row += 1;
                }
                let (next_row, next_column) = next_live(&sizes, &window, tap_row, tap_column);
                tap_row = next_row;
                tap_column = next_column;
            }
            fetching = tap_row < sizes.tap_rows;
        }
    }

    let scale = factor(scale);
    let before = part * sizes.channels_out * all;
    if comptime!(plan.matrices.is_some()) {
        let mut shown = matrices::shown(plan);
        #[unroll]
        for which in 0..comptime!(plan.kept()[0] * plan.kept()[1]) {
            matrices::show(&sums_of_planes, &mut shown, which, plan);
            for i in 0..comptime!(plan.shown()) {
                let (row, column, value) = matrices::at(&shown, i, which, plan, at_once);
                let channel = first_channel + row;
                let pixel = first_pixel + column;
                if channel < sizes.channels_out && pixel < all {
                    let (to, apart) = output_place(&sizes, &grid, pixel);
                    output[(before + to + channel * apart) as usize] = Vector::new(value * scale);
                }
            }
        }
    } else {
        let (down, across) = comptime!((plan.block.sides()[0], plan.block.sides()[1]));
        #[unroll]
        for j in 0..vectors {
            #[unroll]
            for inner in 0..comptime!(VECTOR / at_once_out) {
                let vector = UNIT_POS % comptime!(across as u32) + comptime!((j * across) as u32);
                let place = vector * comptime!(of_vector as u32) + comptime!((inner * in_vector) as u32);
                let n = first_pixel + place;
                if n < all {
                    let (to, apart) = output_place(&sizes, &grid, n);
                    let to = (before + to) / comptime!(at_once_out as u32);
                    let apart = apart / comptime!(at_once_out as u32);
                    #[unroll]
                    for i in 0..comptime!(plan.block.tile) {
                        let place = comptime!((i / VECTOR * down * VECTOR + i % VECTOR) as u32);
                        let m = first_channel + UNIT_POS / comptime!(across as u32) * comptime!(VECTOR as u32) + place;
                        if m < sizes.channels_out {
                            let mut some = Vector::<f32, O>::empty();
                            #[unroll]
                            for l in 0..at_once_out {
                                let sum = sums[comptime!(i * vectors + j)];
                                some.insert(l, sum.extract(comptime!(inner * at_once_out + l)) * scale);
                            }
                            output[(to + m * apart) as usize] = some;
                        }
                    }
                }
            }
        }
    }
}
