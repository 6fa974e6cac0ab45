//! Cross entropy and its gradient as CubeCL kernels that go over the logits once.

use burn::backend::TensorMetadata;
use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

use super::launch::{BUSY, UNITS, empty, over, takes, total};
use crate::kernels::loss::IGNORE_INDEX;
use crate::ops::kernels::dims;

/// Tensors of a kernel, and what the runtime adds.
const BINDINGS: u32 = 5;

/// Sizes of the logits.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
struct Sizes {
    classes: u32,
    /// Height times width.
    pixels: u32,
    /// Of all images.
    all_pixels: u32,
}

/// Where the first logit of a pixel of all images is.
#[cube]
fn place(sizes: &Sizes, pixel: u32) -> u32 {
    pixel / sizes.pixels * sizes.classes * sizes.pixels + pixel % sizes.pixels
}

/// The largest logit of a pixel, and the sum of the exponentials of the distances to it. A NaN makes a NaN of the sum.
#[cube]
fn log_sum_exp(logits: &[f32], sizes: &Sizes, place: u32) -> (f32, f32) {
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

/// Parts of the sum of the losses, times `share`. A label that is no class makes it `broken`.
///
/// Cubes: parts.
#[cube(launch_unchecked)]
fn losses(logits: &[f32], labels: &[i32], output: &mut [f32], sizes: Sizes, share: f32, broken: f32) {
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
        output[CUBE_POS_X as usize] = sum * share;
    }
}

/// The sum of all parts. One cube.
#[cube(launch_unchecked)]
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

/// Gradient of the logits, `share` times `upstream` that of the sum of all losses.
///
/// Cubes: pixels of all images, in turns.
#[cube(launch_unchecked)]
fn gradients(logits: &[f32], labels: &[i32], upstream: &[f32], output: &mut [f32], sizes: Sizes, share: f32) {
    let factor = upstream[0] * share;
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

/// Whether the kernels can count the values of these logits and are for their type and that of the labels, and the device takes
/// their workgroups.
pub(super) fn fits(logits: &CubeTensor, labels: &CubeTensor) -> bool {
    let counts = (1..=i32::MAX as usize).contains(&logits.shape().num_elements());
    counts && logits.dtype == DType::F32 && labels.dtype == DType::I32 && takes(logits, UNITS, BINDINGS, 4 * UNITS)
}

fn sizes(logits: &CubeTensor) -> (SizesLaunch, usize) {
    let [batch, classes, height, width] = dims(logits);
    let pixels = height * width;
    (SizesLaunch::new(classes as u32, pixels as u32, (batch * pixels) as u32), batch * pixels)
}

/// See [`Kernels::pixel_cross_entropy`](crate::ops::Kernels::pixel_cross_entropy).
pub(super) fn cross_entropy(logits: CubeTensor, labels: CubeTensor) -> CubeTensor {
    let (sizes, pixels) = sizes(&logits);
    assert_eq!(labels.shape().num_elements(), pixels, "a label per pixel");
    let parts = pixels.div_ceil(UNITS).min(2 * BUSY);
    let (found, output) = (empty(&logits, [parts]), empty(&logits, [1]));
    let client = logits.client.clone();
    // SAFETY: both inputs have as many values as the sizes say, and there is one value for each part; all are contiguous.
    #[allow(unsafe_code)]
    unsafe {
        losses::launch_unchecked(
            &client,
            CubeCount::Static(parts as u32, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            into_contiguous(logits).into_buffer_arg(),
            into_contiguous(labels).into_buffer_arg(),
            found.clone().into_buffer_arg(),
            sizes,
            1.0 / pixels as f32,
            f32::NAN,
        );
        sum::launch_unchecked(
            &client,
            CubeCount::Static(1, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            found.into_buffer_arg(),
            output.clone().into_buffer_arg(),
            parts as u32,
        );
    }
    output
}

/// See [`Kernels::pixel_cross_entropy_gradient`](crate::ops::Kernels::pixel_cross_entropy_gradient).
pub(super) fn cross_entropy_gradient(logits: CubeTensor, labels: CubeTensor, upstream: CubeTensor) -> CubeTensor {
    let (sizes, pixels) = sizes(&logits);
    assert_eq!(labels.shape().num_elements(), pixels, "a label per pixel");
    assert_eq!(upstream.shape().num_elements(), 1, "the gradient of one value");
    let (client, output) = (logits.client.clone(), empty(&logits, dims(&logits)));
    // SAFETY: as in `cross_entropy`.
    #[allow(unsafe_code)]
    unsafe {
        gradients::launch_unchecked(
            &client,
            over(pixels),
            CubeDim::new_1d(UNITS as u32),
            into_contiguous(logits).into_buffer_arg(),
            into_contiguous(labels).into_buffer_arg(),
            into_contiguous(upstream).into_buffer_arg(),
            output.clone().into_buffer_arg(),
            sizes,
            1.0 / pixels as f32,
        );
    }
    output
}
