//! Convolution as a matrix product whose right side is never written down, as CubeCL kernels.
//!
//! A cube (a workgroup) makes a block of output channels x output pixels, or of the gradient's output channels x input
//! channels, of which each unit keeps 8 x 8 in registers. Step by step it copies what is multiplied into shared memory,
//! straight from the map that a tap sees; the values of the next step are on their way while those of this one are
//! multiplied. Taps that see nothing but padding are left out, per block.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

/// Sums of a unit along each side of its block.
pub(super) const UNIT: usize = 8;
/// Terms of each sum that are in shared memory at once.
pub(super) const DEPTH: usize = 16;

/// Sizes and geometry of a convolution.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub(super) struct Sizes {
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
    /// What the first of them sees from the first output pixel, relative to the input.
    pub first_row: i32,
    pub first_column: i32,
    pub dilation: i32,
    pub stride: i32,
}

/// Row and column that a tap sees from the first output pixel.
#[cube]
fn offset(sizes: &Sizes, tap: u32) -> (i32, i32) {
    let row = sizes.first_row + (tap / sizes.tap_columns) as i32 * sizes.dilation;
    let column = sizes.first_column + (tap % sizes.tap_columns) as i32 * sizes.dilation;
    (row, column)
}

/// Output positions along an axis, from and until, from which `offset` is within an input of `size`.
#[cube]
fn seeing(offset: i32, stride: i32, size: u32, output: u32) -> (i32, i32) {
    let from = max(0 - offset, 0);
    let from = min((from + stride - 1) / stride, output as i32);
    let last = size as i32 - 1 - offset;
    let until = select(last >= 0, min(last / stride + 1, output as i32), 0);
    (from, max(from, until))
}

/// The output pixels of a block: the first and the last row, and the columns if there is one row only.
#[derive(CubeType, Clone, Copy)]
struct Window {
    top: i32,
    bottom: i32,
    left: i32,
    right: i32,
}

/// The first tap from `tap` on that sees anything from the window.
#[cube]
fn next_live(sizes: &Sizes, window: &Window, tap: u32) -> u32 {
    let taps = sizes.tap_rows * sizes.tap_columns;
    let mut found = tap;
    let mut looking = found < taps;
    while looking {
        let (row, column) = offset(sizes, found);
        let (top, bottom) = seeing(row, sizes.stride, sizes.height, sizes.out_height);
        let (left, right) = seeing(column, sizes.stride, sizes.width, sizes.out_width);
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

/// Adds the product of the copied block to the sums of a unit.
#[cube]
fn multiply(
    sums: &mut Array<f32>,
    left: &Shared<[f32]>,
    right: &Shared<[f32]>,
    #[comptime] rows: usize,
    #[comptime] columns: usize,
    #[comptime] pad: usize,
) {
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
            a[i] = left[at_left + i];
            a[i + half] = left[at_left + i + comptime!(rows / 2)];
            b[i] = right[at_right + i];
            b[i + half] = right[at_right + i + comptime!(columns / 2)];
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

/// The output of a convolution: batch x channels out x output pixels, from weights of taps x channels in x channels out.
///
/// Cubes: blocks of pixels of the whole batch, blocks of output channels. Units of a cube: `rows * columns / 64`, at least
/// `columns`.
#[cube(launch_unchecked)]
pub(super) fn maps(
    weight: &[f32],
    input: &[f32],
    output: &mut [f32],
    sizes: Sizes,
    #[comptime] rows: usize,
    #[comptime] columns: usize,
) {
    let units = comptime!(rows * columns / (UNIT * UNIT));
    let lefts = comptime!(DEPTH * rows / units);
    let rights = comptime!(DEPTH * columns / units);
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
    let window = Window {
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

    let mut left = Shared::<[f32]>::new_slice(comptime!(DEPTH * rows));
    let mut right = Shared::<[f32]>::new_slice(comptime!(DEPTH * columns));
    let mut sums = Array::<f32>::new(comptime!(UNIT * UNIT));
    let mut next_left = Array::<f32>::new(lefts);
    let mut next_right = Array::<f32>::new(rights);

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
                left[UNIT_POS as usize + i * units] = next_left[i];
            }
            #[unroll]
            for i in 0..rights {
                right[UNIT_POS as usize + i * units] = next_right[i];
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
                let mut value = 0.0f32;
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
                let mut value = 0.0f32;
                if sees && k < sizes.channels_in {
                    value = input[(from + k * plane) as usize];
                }
                next_right[i] = value;
            }
        }
        if multiplying {
            multiply(&mut sums, &left, &right, rows, columns, 0usize);
        }
        multiplying = fetching;
        if fetching {
            channel += comptime!(DEPTH as u32);
            if channel >= sizes.channels_in {
                channel = 0;
                tap = next_live(&sizes, &window, tap + 1);
            }
            fetching = tap < taps;
        }
    }

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
                    output[(to + m * pixels) as usize] = sums[i * UNIT + j];
                }
            }
        }
    }
}

/// Parts of the gradient of the weights: parts x channels out x channels in x taps, whose sum over the parts it is.
///
/// Cubes: blocks of input channels for each tap, blocks of output channels, parts. Each part takes its share of the pixels
/// that see anything through the tap.
#[cube(launch_unchecked)]
pub(super) fn weights(
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
