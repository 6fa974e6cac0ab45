//! Maps of one pixel at every pixel of larger ones.
//!
//! Networks do not call it: `concat` and the gradient of `global_average_pool` do.

pub(super) mod composed;
#[allow(unsafe_code)]
pub mod cpu;

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;
#[cfg(feature = "wgpu")]
use burn_wgpu::CubeBackend;

/// What a backend may offer of its own: `None` where it has no kernel for these tensors.
pub trait BroadcastKernels: Backend {
    fn broadcast(_maps: &FloatTensor<Self>, _size: [usize; 2]) -> Option<FloatTensor<Self>> {
        None
    }
}

#[cfg(feature = "wgpu")]
impl BroadcastKernels for CubeBackend {}

/// Brings batch x channels x 1 x 1 to `size` (height, width).
pub(super) fn forward<B: BroadcastKernels>(maps: FloatTensor<B>, size: [usize; 2]) -> FloatTensor<B> {
    B::broadcast(&maps, size).unwrap_or_else(|| composed::forward::<B>(maps, size))
}
