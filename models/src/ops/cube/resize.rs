//! Bilinear resizing and its gradient as CubeCL kernels: each value once, with no matrices of weights.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

use super::launch::{MOST, UNITS, empty, takes};
use crate::kernels::resize::ResizeShape;
use crate::ops::kernels::dims;

/// Tensors of a kernel, and what the runtime adds.
const BINDINGS: u32 = 3;

/// Along one axis output pixel `i` lies at `(i * step + shift) / unit` of the input, but not below 0: in whole numbers, so that nothing
/// is rounded before the weights are.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
struct Axis {
    input: u32,
    output: u32,
    step: i32,
    shift: i32,
    unit: i32,
}

impl AxisLaunch {
    /// As [`crate::kernels::resize::samples`].
    fn of(shape: &ResizeShape, axis: usize) -> Self {
        let (input, output) = (shape.input[axis] as i32, shape.output[axis] as i32);
        let [step, shift, unit] = match shape.align_corners {
            true => [if output > 1 { input - 1 } else { 0 }, 0, (output - 1).max(1)],
            false => [2 * input, input - output, 2 * output],
        };
        Self::new(input as u32, output as u32, step, shift, unit)
    }
}

/// The two input pixels that an output pixel lies between, and the weight of the second.
#[cube]
fn sample(axis: &Axis, at: u32) -> (u32, u32, f32) {
    let last = axis.input - 1;
    let position = max(at as i32 * axis.step + axis.shift, 0);
    let low = min((position / axis.unit) as u32, last);
    let fraction = f32::cast_from(position - low as i32 * axis.unit) / f32::cast_from(axis.unit);
    (low, min(low + 1, last), fraction)
}

/// The weight of input pixel `of` in output pixel `at`.
#[cube]
fn weight(axis: &Axis, at: u32, of: u32) -> f32 {
    let (low, high, fraction) = sample(axis, at);
    select(low == of, 1.0 - fraction, 0.0) + select(high == of, fraction, 0.0)
}

/// From and until which output pixels input pixel `of` may have a weight.
#[cube]
fn seen_from(axis: &Axis, of: u32) -> (u32, u32) {
    let (of, last, output) = (of as i32, axis.input as i32 - 1, axis.output as i32);
    let step = max(axis.step, 1);
    // Between the neighbours of the pixel, exclusively; the outermost pixels have all that lies beyond them.
    let from = max((of - 1) * axis.unit - axis.shift, 0) / step;
    let until = max((of + 1) * axis.unit - axis.shift, 0) / step + 1;
    let from = select(of == 0, 0, min(from, output));
    let until = select(of == last, output, min(until, output));
    (from as u32, until as u32)
}

/// Cubes: output pixels, planes.
#[cube(launch_unchecked)]
fn resized(input: &[f32], output: &mut [f32], rows: Axis, columns: Axis) {
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

/// Gradient of the input of [`resized`].
///
/// Cubes: input pixels, planes.
#[cube(launch_unchecked)]
fn gathered(grad: &[f32], output: &mut [f32], rows: Axis, columns: Axis) {
    let pixel = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    let pixels = rows.input * columns.input;
    if pixel < pixels {
        let (row, column) = (pixel / columns.input, pixel % columns.input);
        let (top, bottom) = seen_from(&rows, row);
        let (left, right) = seen_from(&columns, column);
        let plane = CUBE_POS_Y * rows.output * columns.output;
        let mut sum = 0.0f32;
        for y in top..bottom {
            let share = weight(&rows, y, row);
            let mut along = 0.0f32;
            for x in left..right {
                along += grad[(plane + y * columns.output + x) as usize] * weight(&columns, x, column);
            }
            sum += along * share;
        }
        output[(CUBE_POS_Y * pixels + pixel) as usize] = sum;
    }
}

/// Whether the kernels can count the values of both sizes of these maps and are for their type, and the device takes their workgroups.
pub(super) fn fits(maps: &CubeTensor, size: [usize; 2]) -> bool {
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

/// See [`Kernels::bilinear`](crate::ops::Kernels::bilinear).
pub(super) fn bilinear(input: CubeTensor, size: [usize; 2], align_corners: bool) -> CubeTensor {
    let [batch, channels, height, width] = dims(&input);
    let shape = ResizeShape { input: [height, width], output: size, align_corners };
    let output = empty(&input, [batch, channels, size[0], size[1]]);
    let client = input.client.clone();
    // SAFETY: planes of these two sizes, contiguous, are what the kernel is told of.
    #[allow(unsafe_code)]
    unsafe {
        resized::launch_unchecked(
            &client,
            CubeCount::Static((size[0] * size[1]).div_ceil(UNITS) as u32, (batch * channels) as u32, 1),
            CubeDim::new_1d(UNITS as u32),
            into_contiguous(input).into_buffer_arg(),
            output.clone().into_buffer_arg(),
            AxisLaunch::of(&shape, 0),
            AxisLaunch::of(&shape, 1),
        );
    }
    output
}

/// See [`Kernels::bilinear_gradient`](crate::ops::Kernels::bilinear_gradient).
pub(super) fn bilinear_gradient(output_grad: CubeTensor, size: [usize; 2], align_corners: bool) -> CubeTensor {
    let [batch, channels, height, width] = dims(&output_grad);
    let shape = ResizeShape { input: size, output: [height, width], align_corners };
    let output = empty(&output_grad, [batch, channels, size[0], size[1]]);
    let client = output_grad.client.clone();
    // SAFETY: as in `bilinear`.
    #[allow(unsafe_code)]
    unsafe {
        gathered::launch_unchecked(
            &client,
            CubeCount::Static((size[0] * size[1]).div_ceil(UNITS) as u32, (batch * channels) as u32, 1),
            CubeDim::new_1d(UNITS as u32),
            into_contiguous(output_grad).into_buffer_arg(),
            output.clone().into_buffer_arg(),
            AxisLaunch::of(&shape, 0),
            AxisLaunch::of(&shape, 1),
        );
    }
    output
}
