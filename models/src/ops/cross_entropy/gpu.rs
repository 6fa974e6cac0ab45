//! The kernels of the GPU backend. They go over the logits once.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::prelude::*;

use super::CrossEntropyKernels;
use super::labels::IGNORE_INDEX;
use crate::ops::dims::dims;
use crate::ops::gpu::launch::{BUSY, UNITS, cubes, empty, input, is_countable, output, over, takes, total, units};

/// Tensors of a kernel, and what the runtime adds.
const BINDINGS: u32 = 5;

/// The sizes of the logits.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
struct LogitSizes {
    classes: u32,
    /// Height times width.
    pixels: u32,
    /// Pixels of all images.
    all_pixels: u32,
}

/// Returns the place of the first logit of a pixel of all images.
#[cube]
fn place(sizes: &LogitSizes, pixel: u32) -> u32 {
    pixel / sizes.pixels * sizes.classes * sizes.pixels + pixel % sizes.pixels
}

/// Returns the largest logit of a pixel, and the sum of the exponentials of the distances to it. A
/// NaN makes a NaN of the sum.
#[cube]
fn log_sum_exp(logits: &[f32], sizes: &LogitSizes, place: u32) -> (f32, f32) {
    let mut peak = logits[place as usize];
    for class in 1..sizes.classes {
        peak = max(peak, logits[(place + class * sizes.pixels) as usize]);
    }
    let mut sum = 0.0f32;
    for class in 0..sizes.classes {
        sum += (logits[(place + class * sizes.pixels) as usize] - peak).exp();
    }
    (peak, sum)
}

/// Computes parts of the sum of the losses, times `weight`. A label that is no class makes it
/// `broken`.
///
/// Cubes: parts.
#[cube(launch)]
fn losses(logits: &[f32], labels: &[i32], output: &mut [f32], sizes: LogitSizes, weight: f32, broken: f32) {
    let mut sum = 0.0f32;
    let mut pixel = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    while pixel < sizes.all_pixels {
        let label = labels[pixel as usize];
        if label != comptime!(IGNORE_INDEX as i32) {
            let place = place(&sizes, pixel);
            let (peak, exponentials) = log_sum_exp(logits, &sizes, place);
            // The peak first: it is near the logit, and large logits would swallow the logarithm.
            let mut logit = broken;
            if label >= 0 && label < sizes.classes as i32 {
                logit = logits[(place + label as u32 * sizes.pixels) as usize];
            }
            sum += exponentials.ln() + (peak - logit);
        }
        pixel += CUBE_COUNT_X * comptime!(UNITS as u32);
    }
    let sum = total(sum);
    if UNIT_POS == 0 {
        output[CUBE_POS_X as usize] = sum * weight;
    }
}

/// Sums all parts. One cube.
#[cube(launch)]
fn sum(parts: &[f32], output: &mut [f32], count: u32) {
    let mut sum = 0.0f32;
    let mut part = UNIT_POS;
    while part < count {
        sum += parts[part as usize];
        part += comptime!(UNITS as u32);
    }
    let sum = total(sum);
    if UNIT_POS == 0 {
        output[0] = sum;
    }
}

/// Computes the gradient of the logits: that of the sum of all losses, times `weight` and
/// `upstream`.
///
/// Cubes: pixels of all images, in turns.
#[cube(launch)]
fn gradients(logits: &[f32], labels: &[i32], upstream: &[f32], output: &mut [f32], sizes: LogitSizes, weight: f32) {
    let factor = upstream[0] * weight;
    let mut pixel = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    while pixel < sizes.all_pixels {
        let label = labels[pixel as usize];
        let place = place(&sizes, pixel);
        let (peak, exponentials) = log_sum_exp(logits, &sizes, place);
        let ignored = label == comptime!(IGNORE_INDEX as i32);
        for class in 0..sizes.classes {
            let i = (place + class * sizes.pixels) as usize;
            let truth = select(label == class as i32, 1.0f32, 0.0f32);
            // Also where the logit is no number: the loss does not see it.
            output[i] = select(ignored, 0.0, ((logits[i] - peak).exp() / exponentials - truth) * factor);
        }
        pixel += CUBE_COUNT_X * comptime!(UNITS as u32);
    }
}

/// Returns whether the kernels are for these logits and labels, and the device for the kernels.
fn fits(logits: &CubeTensor, labels: &CubeTensor) -> bool {
    let types = logits.dtype == DType::F32 && labels.dtype == DType::I32;
    types && is_countable(logits) && takes(logits, UNITS, BINDINGS, 4 * UNITS)
}

/// Returns what kernels are told of the sizes, and the number of labels.
fn sizes(logits: &CubeTensor) -> (LogitSizesLaunch, usize) {
    let [batch, classes, height, width] = dims(logits);
    let pixels = height * width;
    (LogitSizesLaunch::new(classes as u32, pixels as u32, (batch * pixels) as u32), batch * pixels)
}

impl CrossEntropyKernels for CubeBackend {
    fn cross_entropy(logits: &CubeTensor, labels: &CubeTensor) -> Option<CubeTensor> {
        let (sizes, pixels) = fits(logits, labels).then(|| sizes(logits))?;
        let parts = pixels.div_ceil(UNITS).min(2 * BUSY);
        let (found, loss) = (empty(logits, [parts]), empty(logits, [1]));
        let (client, weight) = (&logits.client, 1.0 / pixels as f32);
        let (values, truth, to) = (input(logits), input(labels), output(&found));
        losses::launch(client, cubes(parts), units(), values, truth, to, sizes, weight, f32::NAN);
        sum::launch(client, cubes(1), units(), input(&found), output(&loss), parts as u32);
        Some(loss)
    }

    fn cross_entropy_gradient(logits: &CubeTensor, labels: &CubeTensor, upstream: &CubeTensor) -> Option<CubeTensor> {
        let (sizes, pixels) = fits(logits, labels).then(|| sizes(logits))?;
        let gradient = empty(logits, dims(logits));
        let (values, truth, upstream, to) = (input(logits), input(labels), input(upstream), output(&gradient));
        let weight = 1.0 / pixels as f32;
        gradients::launch(&logits.client, over(pixels), units(), values, truth, upstream, to, sizes, weight);
        Some(gradient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::cross_entropy::cpu::{self, LossShape};
    use crate::ops::gpu::tests::{Both, noise, of_shape, on_a_device, to_double, value_of, values_of};
    use burn::backend::Flex;
    use burn::backend::ops::{FloatTensorOps, IntTensorOps};
    use burn::tensor::{IntDType, TensorData};

    /// Returns labels of a batch, of which some are ignored.
    fn labels(count: usize, classes: usize) -> Vec<i64> {
        (0..count).map(|i| if i % 7 == 3 { IGNORE_INDEX } else { (i * i + i / 3) as i64 % classes as i64 }).collect()
    }

    #[test]
    fn cross_entropy_on_vulkan_is_that_of_the_cpu() {
        on_a_device(|device| {
            for [batch, classes, height, width] in [[1, 2, 1, 1], [2, 19, 9, 13], [3, 2, 160, 170]] {
                let pixels = batch * height * width;
                let truth = labels(pixels, classes);
                let ints: Vec<i32> = truth.iter().map(|label| *label as i32).collect();
                let ints = CubeBackend::int_from_data(TensorData::new(ints, [batch, height, width]), device);
                let values: Vec<f32> = noise(pixels * classes, 8).iter().map(|value| value * 30.0).collect();
                let logits = TensorData::new(values.clone(), [batch, classes, height, width]);
                let logits = CubeBackend::float_from_data(logits, device);
                let shape = LossShape { batch, classes, pixels: height * width };
                let ours = value_of(CubeBackend::cross_entropy(&logits, &ints).unwrap());
                let wanted = cpu::forward(&values, &truth, &shape);
                assert!((ours / wanted - 1.0).abs() < 1e-5, "{ours} is not {wanted}");
                let upstream = CubeBackend::float_from_data(TensorData::new(vec![2.5f32], [1]), device);
                let gpu = CubeBackend::cross_entropy_gradient(&logits, &ints, &upstream).unwrap();
                let wanted = cpu::gradient(&values, &truth, 2.5, &shape);
                let cpu = TensorData::new(wanted, [batch, classes, height, width]);
                Both { gpu, cpu: Flex::float_from_data(cpu, &Default::default()) }.check("gradient");
            }
        });
    }

    #[test]
    fn an_ignored_logit_that_is_no_number_moves_nothing() {
        on_a_device(|device| {
            let logits = TensorData::new(vec![1.0, f32::NAN, 0.5, 2.0], [1, 2, 1, 2]);
            let labels = TensorData::new(vec![0, IGNORE_INDEX as i32], [1, 1, 2]);
            let logits = CubeBackend::float_from_data(logits, device);
            let labels = CubeBackend::int_from_data(labels, device);
            assert!(value_of(CubeBackend::cross_entropy(&logits, &labels).unwrap()).is_finite());
            let upstream = CubeBackend::float_from_data(TensorData::new(vec![1f32], [1]), device);
            let gradient = CubeBackend::cross_entropy_gradient(&logits, &labels, &upstream).unwrap();
            let gradient = values_of(gradient);
            assert!(gradient[0] != 0.0 && gradient[2] != 0.0, "{gradient:?}");
            assert_eq!([gradient[1], gradient[3]], [0.0, 0.0]);
        });
    }

    /// Both have to be noticed: training stops where the loss is not a number.
    #[test]
    fn a_nan_and_a_label_without_a_class_are_losses_that_are_no_numbers() {
        on_a_device(|device| {
            let of = |logit: f32, label: i32| {
                let logits = TensorData::new(vec![logit, 1.0, 0.5, 2.0], [1, 2, 1, 2]);
                let labels = TensorData::new(vec![0, label], [1, 1, 2]);
                let logits = CubeBackend::float_from_data(logits, device);
                let labels = CubeBackend::int_from_data(labels, device);
                value_of(CubeBackend::cross_entropy(&logits, &labels).unwrap())
            };
            assert!(of(0.0, 1).is_finite() && of(0.0, IGNORE_INDEX as i32).is_finite());
            assert!(of(f32::NAN, 1).is_nan());
            for label in [2, -1, i32::MAX] {
                assert!(of(0.0, label).is_nan(), "{label}");
            }
        });
    }

    #[test]
    fn labels_and_logits_of_64_bits_are_left_to_burn() {
        on_a_device(|device| {
            let labels = CubeBackend::int_from_data(TensorData::new(vec![0i32; 40], [2, 4, 5]), device);
            let logits = of_shape([2, 3, 4, 5], device);
            assert!(fits(&logits, &labels) && !fits(&to_double(logits.clone()), &labels));
            assert!(!fits(&logits, &CubeBackend::int_cast(labels, IntDType::I64)));
        });
    }
}
