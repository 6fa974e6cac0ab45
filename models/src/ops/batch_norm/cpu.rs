//! The kernels of the CPU backend.

use burn::backend::{Flex, TensorMetadata};
use pulp::Arch;
use rayon::prelude::*;

use super::BatchNormKernels;
use super::terms::{NormGradients, NormTerms};
use crate::ops::channel_affine::cpu::{Affine, FlexChannelMap, MapsShape};
use crate::ops::cpu::buffer::written;
use crate::ops::cpu::values::{FlexTensor, FlexValues, tensor};

impl BatchNormKernels for Flex {
    fn batch_statistics(input: &FlexTensor) -> Option<[FlexTensor; 2]> {
        let shape = MapsShape::of(input);
        let (mean, variance) = statistics(FlexValues::of(input)?.slice(), &shape);
        Some([mean, variance].map(|values| tensor(values, [shape.channels])))
    }

    fn batch_norm_gradient(
        input: &FlexTensor,
        output_grad: &FlexTensor,
        terms: &NormTerms<Self>,
        relu: bool,
    ) -> Option<NormGradients<Self>> {
        let shape = MapsShape::of(input);
        let (map, inverse) = (FlexChannelMap::of(&terms.map)?, FlexValues::of(&terms.inverse)?);
        let (values, grad) = (FlexValues::of(input)?, FlexValues::of(output_grad)?);
        let gradients = gradient(values.slice(), grad.slice(), inverse.slice(), &map.affine(), relu, &shape);
        Some(NormGradients {
            input: tensor(gradients.input, input.shape()),
            gamma: tensor(gradients.gamma, [shape.channels]),
            beta: tensor(gradients.beta, [shape.channels]),
        })
    }
}

/// Values that are added side by side.
const LANES: usize = 16;
/// Values whose sum is one of f32.
const RUN: usize = 1024;

/// Sums `f(value)` in f64 over runs of f32 lanes: fast, and as exact as the statistics of large
/// maps need.
#[inline(always)]
fn sum(planes: [&[f32]; 2], f: impl Fn(f32, f32) -> f32) -> f64 {
    let mut total = 0.0;
    for (a, b) in planes[0].chunks(RUN).zip(planes[1].chunks(RUN)) {
        let mut lanes = [0.0f32; LANES];
        let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
        let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| f(*a, *b)).sum();
        for (a, b) in a.zip(b) {
            for lane in 0..LANES {
                lanes[lane] += f(a[lane], b[lane]);
            }
        }
        total += lanes.iter().map(|v| *v as f64).sum::<f64>() + rest as f64;
    }
    total
}

/// Sums both values of `f(value)` in one pass: each as [`sum`] does.
#[inline(always)]
fn sum_both(planes: [&[f32]; 2], f: impl Fn(f32, f32) -> [f32; 2]) -> [f64; 2] {
    let [mut first, mut second] = [0.0; 2];
    for (a, b) in planes[0].chunks(RUN).zip(planes[1].chunks(RUN)) {
        let [mut lanes, mut others] = [[0.0f32; LANES]; 2];
        let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
        let rest = a.remainder().iter().zip(b.remainder()).map(|(a, b)| f(*a, *b));
        let rest = rest.fold([-0.0f32; 2], |[u, v], [x, y]| [u + x, v + y]);
        for (a, b) in a.zip(b) {
            for lane in 0..LANES {
                let [u, v] = f(a[lane], b[lane]);
                lanes[lane] += u;
                others[lane] += v;
            }
        }
        first += lanes.iter().map(|v| *v as f64).sum::<f64>() + rest[0] as f64;
        second += others.iter().map(|v| *v as f64).sum::<f64>() + rest[1] as f64;
    }
    [first, second]
}

/// Computes the mean and the biased variance of each channel of `input` (batch x channels x
/// pixels).
pub fn statistics(input: &[f32], shape: &MapsShape) -> (Vec<f32>, Vec<f32>) {
    let arch = Arch::new();
    (0..shape.channels)
        .into_par_iter()
        .map(|channel| {
            arch.dispatch(|| {
                let mean = shape.planes(input, channel).map(|p| sum([p, p], |v, _| v)).sum::<f64>() / shape.count();
                let centre = mean as f32;
                let squares = |p| sum([p, p], |v, _| (v - centre) * (v - centre));
                let spread = shape.planes(input, channel).map(squares).sum::<f64>() / shape.count();
                let shift = mean - centre as f64;
                let variance = spread - shift * shift;
                // Not f64::max: a NaN must stay one.
                (centre, if variance < 0.0 { 0.0 } else { variance as f32 })
            })
        })
        .unzip()
}

/// The gradients of a batch norm in training mode, in memory.
pub struct NormGradientValues {
    /// Batch x channels x pixels.
    pub input: Vec<f32>,
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
}

/// Computes the gradients of `relu((input - mean) * gamma * inverse + beta)` where `mean` and
/// `inverse` (one over the standard deviation) are those of the batch itself; `map` is the same
/// map, its scale `gamma * inverse`.
pub fn gradient(
    input: &[f32],
    output_grad: &[f32],
    inverse: &[f32],
    map: &Affine,
    relu: bool,
    shape: &MapsShape,
) -> NormGradientValues {
    let arch = Arch::new();
    let alive = |channel: usize| {
        let map = map.of(channel);
        move |x: f32, g: f32| if relu && map(x) <= 0.0 { 0.0 } else { g }
    };
    let (scale, offset): (Vec<f32>, Vec<f32>) = (0..shape.channels)
        .into_par_iter()
        .map(|channel| {
            let (alive, centre) = (alive(channel), map.mean[channel]);
            let planes = || shape.planes(input, channel).zip(shape.planes(output_grad, channel));
            let [offset, scale]: [f64; 2] = arch.dispatch(|| {
                let both = |x, g| [alive(x, g), alive(x, g) * (x - centre)];
                let sums = planes().map(|(x, g)| sum_both([x, g], both));
                // As a sum of floats begins.
                sums.fold([-0.0; 2], |[u, v], [offset, scale]| [u + offset, v + scale])
            });
            ((scale * inverse[channel] as f64) as f32, offset as f32)
        })
        .unzip();
    assert_eq!(input.len(), output_grad.len(), "input and gradient of its norm");
    // SAFETY: gradient, input and output gradient have the same planes, and every value of a plane
    // is written.
    let gradient = unsafe {
        written(input.len(), |gradient| {
            let planes = input.par_chunks(shape.pixels).zip(output_grad.par_chunks(shape.pixels));
            gradient.par_chunks_mut(shape.pixels).zip(planes).enumerate().for_each(|(i, (target, (plane, grad)))| {
                let channel = i % shape.channels;
                let (alive, centre) = (alive(channel), map.mean[channel]);
                let mean_grad = (offset[channel] as f64 / shape.count()) as f32;
                let slope = (scale[channel] as f64 / shape.count()) as f32 * inverse[channel];
                let factor = map.scale[channel];
                arch.dispatch(|| {
                    for ((t, x), g) in target.iter_mut().zip(plane).zip(grad) {
                        t.write(factor * (alive(*x, *g) - mean_grad - (x - centre) * slope));
                    }
                });
            });
        })
    };
    NormGradientValues { input: gradient, gamma: scale, beta: offset }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: MapsShape = MapsShape { batch: 3, channels: 2, pixels: 37 };

    fn values(seed: f32) -> Vec<f32> {
        (0..3 * 2 * 37).map(|i| ((i as f32 + 1.0) * 12.9898 + seed).sin() * 2.0 + seed).collect()
    }

    /// Batch norm and ReLU by their definition in f64.
    fn reference(x: &[f64], gamma: &[f64], beta: &[f64]) -> Vec<f64> {
        let mut y = vec![0.0; x.len()];
        for c in 0..2 {
            let index = |n: usize, p: usize| (n * 2 + c) * 37 + p;
            let all: Vec<usize> = (0..3).flat_map(|n| (0..37).map(move |p| index(n, p))).collect();
            let mean = all.iter().map(|&i| x[i]).sum::<f64>() / 111.0;
            let variance = all.iter().map(|&i| (x[i] - mean).powi(2)).sum::<f64>() / 111.0;
            for i in all {
                y[i] = (gamma[c] * (x[i] - mean) / (variance + 1e-5).sqrt() + beta[c]).max(0.0);
            }
        }
        y
    }

    #[test]
    fn two_sums_at_once_are_the_two_sums() {
        let (a, b): (Vec<f32>, Vec<f32>) = (0..2500).map(|i| ((i as f32 * 0.7).sin(), (i as f32 * 0.3).cos())).unzip();
        for length in [0, 1, 15, 16, 1024, 1030, 2500] {
            let planes = [&a[..length], &b[..length]];
            let wanted = [sum(planes, |a, b| a * b), sum(planes, |a, b| a - b)];
            assert_eq!(sum_both(planes, |a, b| [a * b, a - b]).map(f64::to_bits), wanted.map(f64::to_bits), "{length}");
        }
    }

    #[test]
    fn statistics_of_a_large_offset_are_exact() {
        let shape = MapsShape { batch: 2, channels: 1, pixels: 5000 };
        let x: Vec<f32> = (0..10_000).map(|i| 1000.0 + (i % 10) as f32).collect();
        let (mean, variance) = statistics(&x, &shape);
        assert!((mean[0] - 1004.5).abs() < 1e-3 && (variance[0] - 8.25).abs() < 1e-4, "{mean:?} {variance:?}");
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let (x, upstream) = (values(0.3), values(1.1));
        let (gamma, beta) = ([1.3f32, 0.7], [0.2f32, -0.1]);
        let (mean, variance) = statistics(&x, &SHAPE);
        let inverse: Vec<f32> = variance.iter().map(|v| 1.0 / (v + 1e-5).sqrt()).collect();
        let scale: Vec<f32> = (0..2).map(|c| gamma[c] * inverse[c]).collect();
        let map = Affine { mean: &mean, scale: &scale, offset: &beta };
        let ours = gradient(&x, &upstream, &inverse, &map, true, &SHAPE);

        let wide = |v: &[f32]| v.iter().map(|v| *v as f64).collect::<Vec<f64>>();
        let (x, gamma, beta) = (wide(&x), wide(&gamma), wide(&beta));
        let objective = |x: &[f64], gamma: &[f64], beta: &[f64]| -> f64 {
            reference(x, gamma, beta).iter().zip(&upstream).map(|(y, g)| y * *g as f64).sum()
        };
        let slope = |which: usize, i: usize| {
            let eval = |step: f64| {
                let mut parts = [x.clone(), gamma.clone(), beta.clone()];
                parts[which][i] += step;
                objective(&parts[0], &parts[1], &parts[2])
            };
            (eval(1e-6) - eval(-1e-6)) / 2e-6
        };
        for (which, got) in [&ours.input, &ours.gamma, &ours.beta].into_iter().enumerate() {
            for (i, value) in got.iter().enumerate() {
                let want = slope(which, i);
                assert!((*value as f64 - want).abs() < 1e-3 * want.abs().max(1.0), "{which} {i}: {value} {want}");
            }
        }
    }
}
