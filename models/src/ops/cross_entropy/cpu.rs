//! The kernels of the CPU backend.

use burn::backend::tensor::IntTensor;
use burn::backend::{Flex, TensorMetadata};
use rayon::prelude::*;

use super::CrossEntropyKernels;
use super::labels::IGNORE_INDEX;
use crate::ops::cpu::values::{FlexTensor, FlexValues, tensor};
use crate::ops::dims::dims;

impl CrossEntropyKernels for Flex {
    fn cross_entropy(logits: &FlexTensor, labels: &IntTensor<Self>) -> Option<FlexTensor> {
        let loss = forward(FlexValues::of(logits)?.slice(), &label_values(labels), &LossShape::of(logits));
        Some(tensor(vec![loss], [1]))
    }

    fn cross_entropy_gradient(
        logits: &FlexTensor,
        labels: &IntTensor<Self>,
        upstream: &FlexTensor,
    ) -> Option<FlexTensor> {
        debug_assert_eq!(upstream.shape().num_elements(), 1);
        let (values, upstream) = (FlexValues::of(logits)?, FlexValues::of(upstream)?.slice()[0]);
        let gradient = gradient(values.slice(), &label_values(labels), upstream, &LossShape::of(logits));
        Some(tensor(gradient, logits.shape()))
    }
}

fn label_values(labels: &IntTensor<Flex>) -> Vec<i64> {
    labels.clone().into_data().iter::<i64>().collect()
}

/// The sizes of the logits.
#[derive(Clone, Copy, Debug)]
pub struct LossShape {
    pub batch: usize,
    pub classes: usize,
    /// Height times width.
    pub pixels: usize,
}

impl LossShape {
    fn of(logits: &FlexTensor) -> Self {
        let [batch, classes, height, width] = dims(logits);
        Self { batch, classes, pixels: height * width }
    }
}

/// Pixels per task.
const RUN: usize = 4096;

/// Computes the cross entropy of `logits` (batch x classes x pixels) with `labels` (batch x
/// pixels), summed over the pixels that are not ignored and divided by the number of **all**
/// pixels, as mmsegmentation does it.
pub fn forward(logits: &[f32], labels: &[i64], shape: &LossShape) -> f32 {
    let total: f64 = runs(shape)
        .into_par_iter()
        .map(|(image, start, length)| {
            let mut sum = 0.0f64;
            for pixel in start..start + length {
                let label = labels[image * shape.pixels + pixel];
                if label == IGNORE_INDEX {
                    continue;
                }
                assert!((0..shape.classes as i64).contains(&label), "label {label} of {} classes", shape.classes);
                let logit = |class: usize| logits[(image * shape.classes + class) * shape.pixels + pixel];
                let (peak, sum_exp) = log_sum_exp(shape.classes, logit);
                // The peak first: it is near the logit, and large logits would swallow the
                // logarithm.
                sum += (sum_exp.ln() + (peak - logit(label as usize))) as f64;
            }
            sum
        })
        // Collected first: a parallel sum would add in an order that depends on the threads.
        .collect::<Vec<f64>>()
        .iter()
        .sum();
    (total / (shape.batch * shape.pixels) as f64) as f32
}

/// Computes the gradient of [`forward`] for the logits, times `upstream`.
pub fn gradient(logits: &[f32], labels: &[i64], upstream: f32, shape: &LossShape) -> Vec<f32> {
    let factor = upstream / (shape.batch * shape.pixels) as f32;
    let plane = shape.classes * shape.pixels;
    let mut gradient = vec![0.0; logits.len()];
    gradient.par_chunks_mut(plane).enumerate().for_each(|(image, target)| {
        let mut exponentials = vec![0.0; shape.classes];
        for pixel in 0..shape.pixels {
            let label = labels[image * shape.pixels + pixel];
            if label == IGNORE_INDEX {
                continue;
            }
            let logit = |class: usize| logits[image * plane + class * shape.pixels + pixel];
            let peak = peak(shape.classes, logit);
            for (class, value) in exponentials.iter_mut().enumerate() {
                *value = exponential(logit(class) - peak);
            }
            let sum_exp: f32 = exponentials.iter().sum();
            for (class, value) in exponentials.iter().enumerate() {
                let probability = value / sum_exp;
                let truth = if class == label as usize { 1.0 } else { 0.0 };
                target[class * shape.pixels + pixel] = (probability - truth) * factor;
            }
        }
    });
    gradient
}

fn runs(shape: &LossShape) -> Vec<(usize, usize, usize)> {
    (0..shape.batch)
        .flat_map(|image| {
            (0..shape.pixels).step_by(RUN).map(move |start| (image, start, RUN.min(shape.pixels - start)))
        })
        .collect()
}

/// Returns the largest logit, and the sum of the exponentials of the distances to it.
fn log_sum_exp(classes: usize, logit: impl Fn(usize) -> f32) -> (f32, f32) {
    let peak = peak(classes, &logit);
    (peak, (0..classes).map(|class| exponential(logit(class) - peak)).sum())
}

fn peak(classes: usize, logit: impl Fn(usize) -> f32) -> f32 {
    (0..classes).map(logit).fold(f32::NEG_INFINITY, f32::max)
}

/// Returns `exp(distance)`. That of the peak is 1, of two classes every other one.
fn exponential(distance: f32) -> f32 {
    if distance == 0.0 { 1.0 } else { distance.exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: LossShape = LossShape { batch: 2, classes: 3, pixels: 5 };

    fn case() -> (Vec<f32>, Vec<i64>) {
        ((0..30).map(|i| ((i * 7) as f32).sin() * 3.0).collect(), vec![0, 1, 2, 255, 1, 2, 255, 0, 0, 1])
    }

    #[test]
    fn the_mean_is_over_all_pixels() {
        let (logits, labels) = case();
        let mut want = 0.0f64;
        for (i, label) in labels.iter().enumerate().filter(|(_, label)| **label != 255) {
            let logit = |class: usize| logits[(i / 5 * 3 + class) * 5 + i % 5] as f64;
            want -= logit(*label as usize) - (0..3).map(|c| logit(c).exp()).sum::<f64>().ln();
        }
        assert!((forward(&logits, &labels, &SHAPE) as f64 - want / 10.0).abs() < 1e-6);
    }

    #[test]
    fn the_gradient_agrees_with_finite_differences() {
        let (logits, labels) = case();
        let gradient = gradient(&logits, &labels, 2.0, &SHAPE);
        for i in 0..logits.len() {
            let eval = |step: f32| {
                let mut moved = logits.clone();
                moved[i] += step;
                2.0 * forward(&moved, &labels, &SHAPE)
            };
            let want = (eval(1e-2) - eval(-1e-2)) / 2e-2;
            assert!((gradient[i] - want).abs() < 1e-3, "{i}: {} {want}", gradient[i]);
        }
    }

    #[test]
    fn a_nan_logit_is_a_nan_loss() {
        let (mut logits, labels) = case();
        logits[0] = f32::NAN;
        assert!(forward(&logits, &labels, &SHAPE).is_nan());
    }
}
