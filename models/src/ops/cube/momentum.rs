//! A step of stochastic gradient descent as one CubeCL kernel.

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::prelude::*;

use super::launch::{MOST, UNITS, empty_like, over, takes};
use crate::kernels::momentum::MomentumStep;

/// Tensors of the kernel, and what the runtime adds.
const BINDINGS: u32 = 6;

/// Cubes: values.
#[cube(launch_unchecked)]
fn move_values(
    values: &[f32],
    gradient: &[f32],
    velocities: &[f32],
    moved: &mut [f32],
    pushed: &mut [f32],
    count: u32,
    lr: f32,
    momentum: f32,
    weight_decay: f32,
) {
    let at = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    if at < count {
        let i = at as usize;
        let velocity = velocities[i] * momentum + (gradient[i] + values[i] * weight_decay);
        pushed[i] = velocity;
        moved[i] = values[i] - velocity * lr;
    }
}

/// Whether the kernel can count these values and is for their type, and the device takes its workgroups.
pub(super) fn fits(values: &CubeTensor) -> bool {
    let count = values.shape().num_elements();
    values.dtype == DType::F32 && (1..=MOST * UNITS).contains(&count) && takes(values, UNITS, BINDINGS, 0)
}

/// See [`Kernels::momentum_step`](crate::ops::Kernels::momentum_step).
pub(super) fn step(
    values: FloatTensor<CubeBackend>,
    gradient: FloatTensor<CubeBackend>,
    velocities: FloatTensor<CubeBackend>,
    by: MomentumStep,
) -> (FloatTensor<CubeBackend>, FloatTensor<CubeBackend>) {
    let count = values.shape().num_elements();
    assert_eq!([gradient.shape(), velocities.shape()], [values.shape(), values.shape()], "a step of one tensor");
    let (moved, pushed) = (empty_like(&values), empty_like(&values));
    let client = values.client.clone();
    // SAFETY: all five tensors have as many values as the kernel is told, and are contiguous.
    #[allow(unsafe_code)]
    unsafe {
        move_values::launch_unchecked(
            &client,
            over(count),
            CubeDim::new_1d(UNITS as u32),
            into_contiguous(values).into_buffer_arg(),
            into_contiguous(gradient).into_buffer_arg(),
            into_contiguous(velocities).into_buffer_arg(),
            moved.clone().into_buffer_arg(),
            pushed.clone().into_buffer_arg(),
            count as u32,
            by.lr,
            by.momentum,
            by.weight_decay,
        );
    }
    (moved, pushed)
}
