//! What launches of kernels have in common.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_wgpu::CubeTensor;

/// Workgroups that keep a large GPU busy: a few on each of its multiprocessors.
pub(super) const BUSY: usize = 512;
/// Workgroups along an axis that every device takes.
pub(super) const MOST: usize = 65_535;

/// Values of 32 bits on the device of `like`, not written yet.
pub(super) fn empty(like: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), DType::F32)
}

/// As many as `like` has, in its shape.
pub(super) fn empty_like(like: &CubeTensor) -> CubeTensor {
    empty(like, like.shape())
}
