//! The kernels of the GPU backend. They make each value once, with no matrices of weights.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::prelude::*;

use super::ResizeBilinearKernels;
use super::samples::ResizeShape;
use crate::ops::dims::dims;
use crate::ops::gpu::launch::{MOST, UNITS, empty, input, output, takes, units};

/// Tensors of a kernel, and what the runtime adds.
const BINDINGS: u32 = 3;

/// The geometry along one axis. Output pixel `i` lies at `(i * step + shift) / unit` of the input,
/// but not below 0: in whole numbers, so that nothing is rounded before the weights are.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
struct ResizeAxis {
    input: u32,
    output: u32,
    step: i32,
    shift: i32,
    unit: i32,
}

impl ResizeAxisLaunch {
    /// Returns the geometry that [`samples`](super::samples::samples) has.
    fn of(shape: &ResizeShape, axis: usize) -> Self {
        let (input, output) = (shape.input[axis] as i32, shape.output[axis] as i32);
        let [step, shift, unit] = match shape.align_corners {
            true => [if output > 1 { input - 1 } else { 0 }, 0, (output - 1).max(1)],
            false => [2 * input, input - output, 2 * output],
        };
        Self::new(input as u32, output as u32, step, shift, unit)
    }
}

/// Returns the two input pixels that an output pixel lies between, and the weight of the second.
#[cube]
fn sample(axis: &ResizeAxis, at: u32) -> (u32, u32, f32) {
    let last = axis.input - 1;
    let position = max(at as i32 * axis.step + axis.shift, 0);
    let low = min((position / axis.unit) as u32, last);
    let fraction = f32::cast_from(position - low as i32 * axis.unit) / f32::cast_from(axis.unit);
    (low, min(low + 1, last), fraction)
}

/// Returns the weight of input pixel `of` in output pixel `at`.
#[cube]
fn weight(axis: &ResizeAxis, at: u32, of: u32) -> f32 {
    let (low, high, fraction) = sample(axis, at);
    select(low == of, 1.0 - fraction, 0.0) + select(high == of, fraction, 0.0)
}

/// Returns from and until which output pixels input pixel `of` may have a weight.
#[cube]
fn valid_range(axis: &ResizeAxis, of: u32) -> (u32, u32) {
    let (of, last, output) = (of as i32, axis.input as i32 - 1, axis.output as i32);
    let step = max(axis.step, 1);
    // Between the neighbours of the pixel, exclusively; the outermost pixels have all that lies
    // beyond them.
    let from = max((of - 1) * axis.unit - axis.shift, 0) / step;
    let until = max((of + 1) * axis.unit - axis.shift, 0) / step + 1;
    let from = select(of == 0, 0, min(from, output));
    let until = select(of == last, output, min(until, output));
    (from as u32, until as u32)
}

/// Resizes planes.
///
/// Cubes: output pixels, planes.
#[cube(launch)]
fn resize(input: &[f32], output: &mut [f32], rows: ResizeAxis, columns: ResizeAxis) {
    let pixel = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    let pixels = rows.output * columns.output;
    if pixel < pixels {
        let (top, bottom, down) = sample(&rows, pixel / columns.output);
        let (left, right, aside) = sample(&columns, pixel % columns.output);
        let plane = CUBE_POS_Y * rows.input * columns.input;
        let (top, bottom) = (plane + top * columns.input, plane + bottom * columns.input);
        let (a, b) = (input[(top + left) as usize], input[(bottom + left) as usize]);
        let first = a + (b - a) * down;
        let (a, b) = (input[(top + right) as usize], input[(bottom + right) as usize]);
        let second = a + (b - a) * down;
        output[(CUBE_POS_Y * pixels + pixel) as usize] = first + (second - first) * aside;
    }
}

/// Computes the gradient of the input of [`resize`].
///
/// Cubes: input pixels, planes.
#[cube(launch)]
fn resize_gradient(grad: &[f32], output: &mut [f32], rows: ResizeAxis, columns: ResizeAxis) {
    let pixel = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    let pixels = rows.input * columns.input;
    if pixel < pixels {
        let (row, column) = (pixel / columns.input, pixel % columns.input);
        let (top, bottom) = valid_range(&rows, row);
        let (left, right) = valid_range(&columns, column);
        let plane = CUBE_POS_Y * rows.output * columns.output;
        let mut sum = 0.0f32;
        for y in top..bottom {
            let of_row = weight(&rows, y, row);
            let mut along = 0.0f32;
            for x in left..right {
                along += grad[(plane + y * columns.output + x) as usize] * weight(&columns, x, column);
            }
            sum += along * of_row;
        }
        output[(CUBE_POS_Y * pixels + pixel) as usize] = sum;
    }
}

/// Returns whether the kernels are for these maps and this other size of theirs, and the device for
/// the kernels.
fn fits(maps: &CubeTensor, size: [usize; 2]) -> bool {
    let [batch, channels, height, width] = dims(maps);
    let planes = batch * channels;
    let counts = |[height, width]: [usize; 2]| {
        let pixels = height * width;
        (1..=i32::MAX as usize).contains(&(planes * pixels)) && pixels.div_ceil(UNITS) <= MOST
    };
    // Positions along an axis are counted in units of 1 / (2 * output).
    let positions = [height, width].into_iter().zip(size).all(|(a, b)| 4 * (a + 1) * (b + 1) <= i32::MAX as usize);
    let sizes = counts([height, width]) && counts(size) && planes <= MOST && positions;
    sizes && maps.dtype == DType::F32 && takes(maps, UNITS, BINDINGS, 0)
}

impl ResizeBilinearKernels for CubeBackend {
    fn resize_bilinear(maps: &CubeTensor, shape: &ResizeShape) -> Option<CubeTensor> {
        let resized = fits(maps, shape.output).then(|| of_size(maps, shape.output))?;
        let (cubes, from, to) = (cubes(maps, shape.output), input(maps), output(&resized));
        let [rows, columns] = [0, 1].map(|axis| ResizeAxisLaunch::of(shape, axis));
        resize::launch(&maps.client, cubes, units(), from, to, rows, columns);
        Some(resized)
    }

    fn resize_bilinear_gradient(output_grad: &CubeTensor, shape: &ResizeShape) -> Option<CubeTensor> {
        let gradient = fits(output_grad, shape.input).then(|| of_size(output_grad, shape.input))?;
        let (cubes, from, to) = (cubes(output_grad, shape.input), input(output_grad), output(&gradient));
        let [rows, columns] = [0, 1].map(|axis| ResizeAxisLaunch::of(shape, axis));
        resize_gradient::launch(&output_grad.client, cubes, units(), from, to, rows, columns);
        Some(gradient)
    }
}

/// Returns maps of another size that are not written yet.
fn of_size(maps: &CubeTensor, [height, width]: [usize; 2]) -> CubeTensor {
    let [batch, channels, _, _] = dims(maps);
    empty(maps, [batch, channels, height, width])
}

/// Returns the cubes for the pixels of `size` in all planes of these maps.
fn cubes(maps: &CubeTensor, [height, width]: [usize; 2]) -> CubeCount {
    let [batch, channels, _, _] = dims(maps);
    CubeCount::Static((height * width).div_ceil(UNITS) as u32, (batch * channels) as u32, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gpu::tests::{Both, of_shape, on_a_device, to_double};
    use crate::ops::resize_bilinear::composed;
    use burn::backend::Flex;
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    #[test]
    fn resizing_on_vulkan_is_that_of_the_cpu() {
        on_a_device(|device| {
            let sizes = [1usize, 2, 3, 7, 8, 16, 17, 33];
            let size = || (prop::sample::select(sizes.to_vec()), prop::sample::select(sizes.to_vec()));
            let mut runner =
                TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) });
            runner
                .run(&(1usize..3, 1usize..4, size(), size(), any::<bool>()), |(batch, channels, from, to, corners)| {
                    let (from, to) = ([from.0, from.1], [to.0, to.1]);
                    let input = Both::noise([batch, channels, from[0], from[1]], 1, device);
                    let grad = Both::noise([batch, channels, to[0], to[1]], 2, device);
                    let what = format!("{from:?} to {to:?}, corners {corners}");
                    let shape = ResizeShape { input: from, output: to, align_corners: corners };
                    Both {
                        gpu: CubeBackend::resize_bilinear(&input.gpu, &shape).expect("a kernel for these maps"),
                        cpu: composed::forward::<Flex>(input.cpu, &shape),
                    }
                    .check(&what);
                    Both {
                        gpu: CubeBackend::resize_bilinear_gradient(&grad.gpu, &shape).expect("a kernel for these maps"),
                        cpu: composed::gradient::<Flex>(grad.cpu, &shape),
                    }
                    .check(&format!("gradient of {what}"));
                    Ok(())
                })
                .unwrap();
        });
    }

    #[test]
    fn maps_that_the_kernels_cannot_count_are_left_to_burn() {
        on_a_device(|device| {
            let of = |shape| of_shape(shape, device);
            assert!(fits(&of([2, 3, 4, 5]), [8, 10]) && !fits(&to_double(of([2, 3, 4, 5])), [8, 10]));
            assert!(!fits(&of([2, 40_000, 1, 1]), [2, 2]), "maps of all images");
            assert!(!fits(&of([1, 1, 40_000, 1]), [40_000, 2]), "positions along an axis");
            assert!(!fits(&of([1, 1, 1, 1]), [8192, 8192]), "workgroups along an axis");
        });
    }
}
