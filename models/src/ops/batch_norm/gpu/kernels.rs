//! CubeCL kernels that go over a map once.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use crate::ops::channel_affine::gpu::kept_gradient;
use crate::ops::gpu::launch::{LEVELS, UNITS, total};
use crate::ops::gpu::maps::{MapSizes, sum_of_vector, unit_value};

/// Returns the vectors that a part goes over: the image, from where and until where. Each part lies
/// in one image.
#[cube]
fn part_range(sizes: &MapSizes, part: u32) -> (u32, u32, u32) {
    let length = sizes.pixels.div_ceil(sizes.split);
    let from = min(part % sizes.split * length, sizes.pixels);
    (part / sizes.split, from, min(from + length, sizes.pixels))
}

/// Returns the place of the first vector of a channel of an image.
#[cube]
fn plane_start(sizes: &MapSizes, image: u32, channel: u32) -> u32 {
    (image * sizes.channels + channel) * sizes.pixels
}

/// The number of some values, their mean, and the sum of their squared distances from it.
#[derive(CubeType, Clone, Copy)]
struct Moments {
    count: f32,
    mean: f32,
    squares: f32,
}

/// Returns the moments of two sets of values together (Chan, Golub, LeVeque, 1983): nothing large
/// cancels.
#[cube]
fn merged(a: Moments, b: Moments) -> Moments {
    let count = a.count + b.count;
    let share = b.count / max(count, 1.0);
    let gap = b.mean - a.mean;
    Moments { count, mean: a.mean + gap * share, squares: a.squares + b.squares + gap * gap * a.count * share }
}

/// Returns the moments of what all units of a cube have. The first of them alone may use them.
#[cube]
fn merged_cube(own: Moments) -> Moments {
    let mut counts = Shared::<[f32]>::new_slice(UNITS);
    let mut means = Shared::<[f32]>::new_slice(UNITS);
    let mut squares = Shared::<[f32]>::new_slice(UNITS);
    let unit = UNIT_POS as usize;
    counts[unit] = own.count;
    means[unit] = own.mean;
    squares[unit] = own.squares;
    #[unroll]
    for level in 0..LEVELS {
        let half = comptime!(UNITS >> (level + 1));
        sync_cube();
        if UNIT_POS < comptime!(half as u32) {
            let mine = Moments { count: counts[unit], mean: means[unit], squares: squares[unit] };
            let other = unit + half;
            let other = Moments { count: counts[other], mean: means[other], squares: squares[other] };
            let both = merged(mine, other);
            counts[unit] = both.count;
            means[unit] = both.mean;
            squares[unit] = both.squares;
        }
    }
    Moments { count: counts[0], mean: means[0], squares: squares[0] }
}

/// Computes the moments of parts of each channel: three x parts x channels.
///
/// Cubes: channels, parts.
#[cube(launch)]
pub(super) fn statistics<N: Size>(input: &[Vector<f32, N>], output: &mut [f32], sizes: MapSizes) {
    let channel = CUBE_POS_X;
    let (image, from, until) = part_range(&sizes, CUBE_POS_Y);
    let place = plane_start(&sizes, image, channel);
    let mut at = from + UNIT_POS;
    // Distances from a value of the part: sums of squares of values far from zero would lose what
    // they differ in, and so would their means.
    let mut centre = 0.0f32;
    if from < until {
        centre = input[(place + from) as usize].extract(0usize);
    }
    let mut count = 0.0f32;
    let mut sum = Vector::<f32, N>::new(0.0);
    let mut squares = Vector::<f32, N>::new(0.0);
    let lanes = sum.vector_size();
    while at < until {
        let distance = input[(place + at) as usize] - Vector::new(centre);
        count += comptime!(lanes as f32);
        sum += distance;
        squares += distance * distance;
        at += comptime!(UNITS as u32);
    }
    let sum = sum_of_vector::<N>(sum);
    let squares = sum_of_vector::<N>(squares);
    let mean = sum / max(count, 1.0);
    let all = merged_cube(Moments { count, mean, squares: squares - sum * mean });
    if UNIT_POS == 0 {
        let to = CUBE_POS_Y * sizes.channels + channel;
        let values = sizes.batch * sizes.split * sizes.channels;
        output[to as usize] = all.count;
        output[(values + to) as usize] = centre + all.mean;
        output[(2 * values + to) as usize] = all.squares;
    }
}

/// Computes what [`statistics`] say of a batch: mean, scale and one over the standard deviation of
/// each channel. Also the running mean and (unbiased) variance after it, of which `momentum` is the
/// share of this batch.
///
/// Cubes: channels.
#[cube(launch)]
pub(super) fn terms(
    moments: &[f32],
    gamma: &[f32],
    running_mean: &[f32],
    running_variance: &[f32],
    mean: &mut [f32],
    scale: &mut [f32],
    inverse: &mut [f32],
    new_mean: &mut [f32],
    new_variance: &mut [f32],
    sizes: MapSizes,
    epsilon: f32,
    momentum: f32,
) {
    let channel = CUBE_POS_X;
    let parts = sizes.batch * sizes.split;
    let values = parts * sizes.channels;
    let mut count = 0.0f32;
    let mut own_mean = 0.0f32;
    let mut squares = 0.0f32;
    let mut part = UNIT_POS;
    while part < parts {
        let at = part * sizes.channels + channel;
        let next = Moments {
            count: moments[at as usize],
            mean: moments[(values + at) as usize],
            squares: moments[(2 * values + at) as usize],
        };
        let all = merged(Moments { count, mean: own_mean, squares }, next);
        count = all.count;
        own_mean = all.mean;
        squares = all.squares;
        part += comptime!(UNITS as u32);
    }
    let all = merged_cube(Moments { count, mean: own_mean, squares });
    if UNIT_POS == 0 {
        let c = channel as usize;
        let one_over_deviation = 1.0 / (all.squares / all.count + epsilon).sqrt();
        mean[c] = all.mean;
        scale[c] = gamma[c] * one_over_deviation;
        inverse[c] = one_over_deviation;
        let kept = 1.0 - momentum;
        new_mean[c] = running_mean[c] * kept + all.mean * momentum;
        new_variance[c] = running_variance[c] * kept + all.squares / (all.count - 1.0) * momentum;
    }
}

/// Computes parts of the gradients of gamma and beta: two x parts x channels.
///
/// Cubes: channels, parts.
#[cube(launch)]
pub(super) fn gradient_sums<N: Size>(
    input: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    mean: &[f32],
    scale: &[f32],
    offset: &[f32],
    inverse: &[f32],
    output: &mut [f32],
    sizes: MapSizes,
    #[comptime] relu: bool,
) {
    let channel = CUBE_POS_X;
    let c = channel as usize;
    let (mean, scale, offset, inverse) = (mean[c], scale[c], offset[c], inverse[c]);
    let (image, from, until) = part_range(&sizes, CUBE_POS_Y);
    let place = plane_start(&sizes, image, channel);
    let mut gamma = Vector::<f32, N>::new(0.0);
    let mut beta = Vector::<f32, N>::new(0.0);
    let mut at = from + UNIT_POS;
    while at < until {
        let i = (place + at) as usize;
        let value = input[i];
        let grad = kept_gradient::<N>(grad[i], value, mean, scale, offset, relu);
        gamma += grad * ((value - Vector::new(mean)) * Vector::new(inverse));
        beta += grad;
        at += comptime!(UNITS as u32);
    }
    let gamma = total(sum_of_vector::<N>(gamma));
    let beta = total(sum_of_vector::<N>(beta));
    if UNIT_POS == 0 {
        let to = CUBE_POS_Y * sizes.channels + channel;
        output[to as usize] = gamma;
        output[(sizes.batch * sizes.split * sizes.channels + to) as usize] = beta;
    }
}

/// Sums the gradients of gamma and beta from their parts.
///
/// Cubes: channels.
#[cube(launch)]
pub(super) fn gradient_totals(parts: &[f32], gamma: &mut [f32], beta: &mut [f32], sizes: MapSizes) {
    let channel = CUBE_POS_X;
    let count = sizes.batch * sizes.split;
    let mut of_gamma = 0.0f32;
    let mut of_beta = 0.0f32;
    let mut part = UNIT_POS;
    while part < count {
        let at = part * sizes.channels + channel;
        of_gamma += parts[at as usize];
        of_beta += parts[(count * sizes.channels + at) as usize];
        part += comptime!(UNITS as u32);
    }
    let of_gamma = total(of_gamma);
    let of_beta = total(of_beta);
    if UNIT_POS == 0 {
        gamma[channel as usize] = of_gamma;
        beta[channel as usize] = of_beta;
    }
}

/// Computes the gradient of the input from those of gamma and beta.
///
/// Cubes: pixels, channels of all images.
#[cube(launch)]
pub(super) fn norm_gradient<N: Size>(
    input: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    mean: &[f32],
    scale: &[f32],
    offset: &[f32],
    inverse: &[f32],
    gamma: &[f32],
    beta: &[f32],
    output: &mut [Vector<f32, N>],
    sizes: MapSizes,
    one_over_count: f32,
    #[comptime] relu: bool,
) {
    let (c, i, exists) = unit_value(&sizes);
    if exists {
        let value = input[i];
        let grad = kept_gradient::<N>(grad[i], value, mean[c], scale[c], offset[c], relu);
        let slope = inverse[c] * (gamma[c] * one_over_count);
        let along = (value - Vector::new(mean[c])) * Vector::new(slope);
        output[i] = (grad - Vector::new(beta[c] * one_over_count) - along) * Vector::new(scale[c]);
    }
}
