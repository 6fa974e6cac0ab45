//! What ends a residual block, and its gradient, as CubeCL kernels.

use burn::backend::TensorMetadata;
use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

use super::launch::{UNITS, empty_like, over, takes};

/// Tensors of a kernel, and what the runtime adds.
const BINDINGS: u32 = 4;

/// `relu(a + b)`; a NaN stays one.
///
/// Cubes: values, in turns.
#[cube(launch_unchecked)]
fn sums(a: &[f32], b: &[f32], output: &mut [f32], count: u32) {
    let mut at = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    while at < count {
        let i = at as usize;
        let sum = a[i] + b[i];
        output[i] = select(sum.is_nan() || sum > 0.0, sum, 0.0);
        at += CUBE_COUNT_X * comptime!(UNITS as u32);
    }
}

/// The gradient of either summand: 0 where the output is.
///
/// Cubes: values, in turns.
#[cube(launch_unchecked)]
fn passed(output: &[f32], grad: &[f32], gradient: &mut [f32], count: u32) {
    let mut at = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    while at < count {
        let i = at as usize;
        gradient[i] = select(output[i] <= 0.0, 0.0, grad[i]);
        at += CUBE_COUNT_X * comptime!(UNITS as u32);
    }
}

/// Whether the kernels can count the values of these maps and are for their type, and the device takes their workgroups.
pub(super) fn fits(maps: &CubeTensor) -> bool {
    let count = maps.shape().num_elements();
    // Those that take turns must not count beyond 32 bits.
    let counts = (1..=i32::MAX as usize).contains(&count);
    counts && maps.dtype == DType::F32 && takes(maps, UNITS, BINDINGS, 0)
}

/// See [`Kernels::residual`](crate::ops::Kernels::residual).
pub(super) fn residual(a: CubeTensor, b: CubeTensor) -> CubeTensor {
    assert_eq!(a.shape(), b.shape(), "sizes of two maps that are added");
    let (client, count, output) = (a.client.clone(), a.shape().num_elements(), empty_like(&a));
    // SAFETY: all three tensors have as many values as the kernel is told, and are contiguous.
    #[allow(unsafe_code)]
    unsafe {
        sums::launch_unchecked(
            &client,
            over(count),
            CubeDim::new_1d(UNITS as u32),
            into_contiguous(a).into_buffer_arg(),
            into_contiguous(b).into_buffer_arg(),
            output.clone().into_buffer_arg(),
            count as u32,
        );
    }
    output
}

/// See [`Kernels::residual_gradient`](crate::ops::Kernels::residual_gradient).
pub(super) fn residual_gradient(output: CubeTensor, output_grad: CubeTensor) -> CubeTensor {
    assert_eq!(output.shape(), output_grad.shape(), "a gradient per value");
    let (client, count, gradient) = (output.client.clone(), output.shape().num_elements(), empty_like(&output));
    // SAFETY: as in `residual`.
    #[allow(unsafe_code)]
    unsafe {
        passed::launch_unchecked(
            &client,
            over(count),
            CubeDim::new_1d(UNITS as u32),
            into_contiguous(output).into_buffer_arg(),
            into_contiguous(output_grad).into_buffer_arg(),
            gradient.clone().into_buffer_arg(),
            count as u32,
        );
    }
    gradient
}
