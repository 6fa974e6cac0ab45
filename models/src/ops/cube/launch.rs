//! What launches of kernels have in common.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_wgpu::CubeTensor;
use cubecl::ir::FloatKind;
use cubecl::prelude::*;

/// Workgroups that keep a large GPU busy: a few on each of its multiprocessors.
pub(super) const BUSY: usize = 512;
/// Workgroups along an axis that every device takes.
pub(super) const MOST: usize = 65_535;

/// Units of a cube (a workgroup) of kernels that go over values.
pub(super) const UNITS: usize = 256;
/// Of them, as a power of two.
pub(super) const LEVELS: usize = 8;

/// Cubes for so many values, of which each unit takes one, and where there are too many, every so many one.
pub(super) fn over(values: usize) -> CubeCount {
    CubeCount::Static(values.div_ceil(UNITS).min(MOST) as u32, 1, 1)
}

/// The sum of what the units of a cube have; of use to the first of them alone.
#[cube]
pub(super) fn total(value: f32) -> f32 {
    let mut shared = Shared::<[f32]>::new_slice(UNITS);
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

/// Whether a workgroup of the device of `like` may have so many units, tensors (with what the runtime adds) and bytes of shared memory.
pub(super) fn takes(like: &CubeTensor, units: usize, bindings: u32, shared_bytes: usize) -> bool {
    let limits = &like.client.properties().hardware;
    let [most_units, most_bytes] = [limits.max_units_per_cube as usize, limits.max_shared_memory_size];
    units <= most_units && bindings <= limits.max_bindings && shared_bytes <= most_bytes
}

/// Values of 32 bits on the device of `like`, not written yet.
pub(super) fn empty(like: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), DType::F32)
}

/// As many as `like` has, in its shape.
pub(super) fn empty_like(like: &CubeTensor) -> CubeTensor {
    empty(like, like.shape())
}

/// The factor that a kernel is given; 1 where it is given none.
#[cube]
pub(super) fn factor(given: ComptimeOption<&[f32]>) -> f32 {
    #[comptime]
    match given {
        ComptimeOption::None => 1.0f32.runtime(),
        ComptimeOption::Some(values) => values[0],
    }
}

/// The type of a tensor's values in kernels that take 16 and 32 bits.
pub(super) fn element(of: &CubeTensor) -> ElemType {
    ElemType::Float(if of.dtype == DType::F16 { FloatKind::F16 } else { FloatKind::F32 })
}
