//! Batch norm with the ReLU behind it, and its gradients, as CubeCL kernels that go over a map once.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

/// Units of a cube (a workgroup).
pub(super) const UNITS: usize = 256;
/// Of them, as a power of two.
const LEVELS: usize = 8;

/// Sizes of maps.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub(super) struct Sizes {
    pub batch: u32,
    pub channels: u32,
    /// Height times width.
    pub pixels: u32,
}

/// The sum of what the units of a cube have; of use to the first of them alone.
#[cube]
fn total(value: f32) -> f32 {
    let mut shared = Shared::<[f32]>::new_slice(UNITS);
    shared[UNIT_POS as usize] = value;
    #[unroll]
    for level in 0..LEVELS {
        let half = comptime!(UNITS >> (level + 1));
        sync_cube();
        if UNIT_POS < comptime!(half as u32) {
            shared[UNIT_POS as usize] += shared[UNIT_POS as usize + half];
        }
    }
    shared[0]
}

/// From and until which of a channel's values a part goes.
#[cube]
fn share(sizes: &Sizes, part: u32, parts: u32) -> (u32, u32) {
    let all = sizes.batch * sizes.pixels;
    let share = all.div_ceil(parts);
    (min(part * share, all), min((part + 1) * share, all))
}

/// Where the `at`-th value of a channel is.
#[cube]
fn place(sizes: &Sizes, channel: u32, at: u32) -> usize {
    (((at / sizes.pixels) * sizes.channels + channel) * sizes.pixels + at % sizes.pixels) as usize
}

/// The channel of the value that is this unit's, where it is, and whether there is one. Cubes: pixels, channels of all images.
#[cube]
fn mine(sizes: &Sizes) -> (usize, usize, bool) {
    let pixel = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    let at = CUBE_POS_Y * sizes.pixels + pixel;
    ((CUBE_POS_Y % sizes.channels) as usize, at as usize, pixel < sizes.pixels)
}

/// Parts of each channel's sum (parts x channels), of the values or of their squared distances from `centre`.
///
/// Cubes: channels, parts.
#[cube(launch_unchecked)]
pub(super) fn sums(
    input: &[f32],
    centre: &[f32],
    output: &mut [f32],
    sizes: Sizes,
    parts: u32,
    #[comptime] squared: bool,
) {
    let channel = CUBE_POS_X;
    let (from, until) = share(&sizes, CUBE_POS_Y, parts);
    let mut sum = 0.0f32;
    let mut at = from + UNIT_POS;
    while at < until {
        let value = input[place(&sizes, channel, at)];
        if comptime!(squared) {
            let distance = value - centre[channel as usize];
            sum += distance * distance;
        } else {
            sum += value;
        }
        at += comptime!(UNITS as u32);
    }
    let sum = total(sum);
    if UNIT_POS == 0 {
        output[(CUBE_POS_Y * sizes.channels + channel) as usize] = sum;
    }
}

/// The gradient behind the ReLU, 0 where it cut the value off.
#[cube]
fn alive(grad: f32, value: f32, mean: f32, scale: f32, offset: f32, #[comptime] relu: bool) -> f32 {
    if comptime!(relu) { select((value - mean) * scale + offset <= 0.0, 0.0, grad) } else { grad }
}

/// Parts of the gradients of gamma and beta: two x parts x channels.
///
/// Cubes: channels, parts.
#[cube(launch_unchecked)]
pub(super) fn gradient_sums(
    input: &[f32],
    grad: &[f32],
    mean: &[f32],
    scale: &[f32],
    offset: &[f32],
    inverse: &[f32],
    output: &mut [f32],
    sizes: Sizes,
    parts: u32,
    #[comptime] relu: bool,
) {
    let channel = CUBE_POS_X;
    let c = channel as usize;
    let (mean, scale, offset, inverse) = (mean[c], scale[c], offset[c], inverse[c]);
    let (from, until) = share(&sizes, CUBE_POS_Y, parts);
    let mut gamma = 0.0f32;
    let mut beta = 0.0f32;
    let mut at = from + UNIT_POS;
    while at < until {
        let i = place(&sizes, channel, at);
        let value = input[i];
        let grad = alive(grad[i], value, mean, scale, offset, relu);
        gamma += grad * ((value - mean) * inverse);
        beta += grad;
        at += comptime!(UNITS as u32);
    }
    let gamma = total(gamma);
    let beta = total(beta);
    if UNIT_POS == 0 {
        let to = CUBE_POS_Y * sizes.channels + channel;
        output[to as usize] = gamma;
        output[(parts * sizes.channels + to) as usize] = beta;
    }
}

/// `(value - mean) * scale + offset`, and the ReLU.
///
/// Cubes: pixels, channels of all images.
#[cube(launch_unchecked)]
pub(super) fn affine(
    input: &[f32],
    mean: &[f32],
    scale: &[f32],
    offset: &[f32],
    output: &mut [f32],
    sizes: Sizes,
    #[comptime] relu: bool,
) {
    let (c, i, exists) = mine(&sizes);
    if exists {
        let value = (input[i] - mean[c]) * scale[c] + offset[c];
        if comptime!(relu) {
            // A NaN must stay one, so that a diverged run is noticed: of a comparison alone drivers may make a maximum, which drops it.
            output[i] = select(value.is_nan() || value > 0.0, value, 0.0);
        } else {
            output[i] = value;
        }
    }
}

/// Gradient of [`affine`] for its input.
#[cube(launch_unchecked)]
pub(super) fn affine_gradient(
    input: &[f32],
    grad: &[f32],
    mean: &[f32],
    scale: &[f32],
    offset: &[f32],
    output: &mut [f32],
    sizes: Sizes,
    #[comptime] relu: bool,
) {
    let (c, i, exists) = mine(&sizes);
    if exists {
        output[i] = alive(grad[i], input[i], mean[c], scale[c], offset[c], relu) * scale[c];
    }
}

/// Gradient of a batch norm for its input, from those of gamma and beta.
///
/// Cubes: pixels, channels of all images.
#[cube(launch_unchecked)]
pub(super) fn norm_gradient(
    input: &[f32],
    grad: &[f32],
    mean: &[f32],
    scale: &[f32],
    offset: &[f32],
    inverse: &[f32],
    gamma: &[f32],
    beta: &[f32],
    output: &mut [f32],
    sizes: Sizes,
    one_over_count: f32,
    #[comptime] relu: bool,
) {
    let (c, i, exists) = mine(&sizes);
    if exists {
        let value = input[i];
        let grad = alive(grad[i], value, mean[c], scale[c], offset[c], relu);
        let along = (value - mean[c]) * inverse[c] * (gamma[c] * one_over_count);
        output[i] = (grad - beta[c] * one_over_count - along) * scale[c];
    }
}
