//! What launches of kernels have in common.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_wgpu::CubeTensor;
use cubecl::ir::FloatKind;
use cubecl::prelude::*;

/// Workgroups that keep a large GPU busy: a few on each of its multiprocessors.
pub const BUSY: usize = 512;
/// Workgroups along an axis that every device takes.
pub const MOST: usize = 65_535;

/// Units of a cube (a workgroup) of kernels that go over values.
pub const UNITS: usize = 256;
/// The number of units of a cube, as a power of two: 2^8 = 256.
pub const LEVELS: usize = 8;

/// Returns the size of the cubes of kernels that go over values.
pub fn units() -> CubeDim {
    CubeDim::new_1d(UNITS as u32)
}

/// Returns a number of cubes along one axis.
pub fn cubes(count: usize) -> CubeCount {
    CubeCount::Static(count as u32, 1, 1)
}

/// Returns the cubes for so many values. Each unit takes one value. Where there are too many, the
/// kernel goes on in turns.
pub fn over(values: usize) -> CubeCount {
    cubes(values.div_ceil(UNITS).min(MOST))
}

/// Returns the vectors that a tensor consists of, and the values of each: four, or one where they
/// do not come out even.
pub fn vectors_of(tensor: &CubeTensor) -> (usize, usize) {
    let values = tensor.shape().num_elements();
    let vector = if values.is_multiple_of(4) { 4 } else { 1 };
    (values / vector, vector)
}

/// Passes a tensor that a kernel reads, in row-major order.
pub fn input(tensor: &CubeTensor) -> BufferArg {
    into_contiguous(tensor.clone()).into_buffer_arg()
}

/// Passes a contiguous tensor that a kernel writes.
pub fn output(tensor: &CubeTensor) -> BufferArg {
    tensor.clone().into_buffer_arg()
}

/// Returns the sum of what the units of a cube have. The first of them alone may use it.
#[cube]
pub fn total(value: f32) -> f32 {
    let mut shared = Shared::<[f32]>::new_slice(UNITS);
    // The first unit may still read what was here before: of two sums in one kernel, or in a loop.
    sync_cube();
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

/// Returns whether the device of `like` takes a workgroup of so many units, tensors (with what the
/// runtime adds) and bytes of shared memory.
pub fn takes(like: &CubeTensor, units: usize, bindings: u32, shared_bytes: usize) -> bool {
    let limits = &like.client.properties().hardware;
    let [most_units, most_bytes] = [limits.max_units_per_cube as usize, limits.max_shared_memory_size];
    units <= most_units && bindings <= limits.max_bindings && shared_bytes <= most_bytes
}

/// Returns whether a tensor has at least one value, and no more than kernels can count with 31
/// bits.
pub fn is_countable(tensor: &CubeTensor) -> bool {
    (1..=i32::MAX as usize).contains(&tensor.shape().num_elements())
}

/// Returns a contiguous tensor on the device of `like` that is not written yet.
pub fn empty_of(like: &CubeTensor, shape: impl Into<Shape>, dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), dtype)
}

/// Returns a contiguous tensor of floats of 32 bits on the device of `like` that is not written
/// yet.
pub fn empty(like: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    empty_of(like, shape, DType::F32)
}

/// Returns a contiguous tensor of floats of 32 bits, in the shape of `like`, that is not written
/// yet.
pub fn empty_like(like: &CubeTensor) -> CubeTensor {
    empty(like, like.shape())
}

/// Returns the factor that a kernel is given; 1 where it is given none.
#[cube]
pub fn factor(given: ComptimeOption<&[f32]>) -> f32 {
    #[comptime]
    match given {
        ComptimeOption::None => 1.0f32.runtime(),
        ComptimeOption::Some(values) => values[0],
    }
}

/// Returns the type of a tensor's values in kernels that take floats of 16 and of 32 bits.
pub fn element(of: &CubeTensor) -> ElemType {
    ElemType::Float(if of.dtype == DType::F16 { FloatKind::F16 } else { FloatKind::F32 })
}
