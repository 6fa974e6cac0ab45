//! The maximum of each window of a batch of maps.

mod backward;
mod composed;
pub mod cpu;
mod geometry;
#[cfg(feature = "wgpu")]
mod gpu;

pub use geometry::{PoolGeometry, PoolShape};

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// What a backend may offer of its own: `None` where it has no kernel for these tensors.
pub trait MaxPoolKernels: Backend {
    /// The maximum of each window alone.
    fn max_pool(_input: &FloatTensor<Self>, _geometry: PoolGeometry) -> Option<FloatTensor<Self>> {
        None
    }

    /// The maximum of each window, and where it is: for the gradient alone, in the backend's own
    /// way.
    fn max_pool_with_indices(
        _input: &FloatTensor<Self>,
        _geometry: PoolGeometry,
    ) -> Option<(FloatTensor<Self>, IntTensor<Self>)> {
        None
    }

    /// The gradient of an input of batch x channels x `size` (height, width).
    fn max_pool_gradient(
        _output_grad: &FloatTensor<Self>,
        _indices: &IntTensor<Self>,
        _geometry: PoolGeometry,
        _size: [usize; 2],
    ) -> Option<FloatTensor<Self>> {
        None
    }
}

/// The operation by the device of its tensors, with and without gradients.
#[backend_extension(Flex, Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait MaxPoolOp: Backend {
    fn max_pool(input: FloatTensor<Self>, geometry: PoolGeometry) -> FloatTensor<Self>;
}

impl<B: MaxPoolKernels> MaxPoolOp for B {
    fn max_pool(input: FloatTensor<Self>, geometry: PoolGeometry) -> FloatTensor<Self> {
        forward::<B>(input, geometry)
    }
}

/// Computes the maximum of each window of batch x channels x height x width.
///
/// # Panics
/// Where a window is larger than the padded input.
pub fn max_pool(input: Tensor<4>, geometry: PoolGeometry) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::max_pool(input.into_dispatch(), geometry))
}

fn forward<B: MaxPoolKernels>(input: FloatTensor<B>, geometry: PoolGeometry) -> FloatTensor<B> {
    B::max_pool(&input, geometry).unwrap_or_else(|| composed::forward::<B>(input, geometry))
}

fn forward_with_indices<B: MaxPoolKernels>(
    input: FloatTensor<B>,
    geometry: PoolGeometry,
) -> (FloatTensor<B>, IntTensor<B>) {
    B::max_pool_with_indices(&input, geometry).unwrap_or_else(|| composed::forward_with_indices::<B>(input, geometry))
}

fn gradient<B: MaxPoolKernels>(
    output_grad: FloatTensor<B>,
    indices: IntTensor<B>,
    geometry: PoolGeometry,
    size: [usize; 2],
) -> FloatTensor<B> {
    B::max_pool_gradient(&output_grad, &indices, geometry, size)
        .unwrap_or_else(|| composed::gradient::<B>(output_grad, indices, geometry, size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{agree, noise, takes_64_bits};
    use burn::tensor::module::max_pool2d;
    use burn::tensor::ops::MaxPoolOptions;

    #[test]
    fn maxima_are_those_of_burn() {
        for (size, [kernel, stride, padding]) in
            [([6, 8], [2, 2, 0]), ([7, 9], [3, 2, 1]), ([8, 5], [2, 2, 0]), ([4, 6], [3, 1, 1])]
        {
            let options = || MaxPoolOptions::new([kernel; 2]).with_stride([stride; 2]).with_padding([padding; 2]);
            let geometry = PoolGeometry { kernel, stride, padding };
            agree(&[noise(1, [2, 3, size[0], size[1]])], &|inputs| max_pool(inputs[0].clone(), geometry), &|inputs| {
                max_pool2d(inputs[0].clone(), options())
            });
        }
    }

    #[test]
    fn maps_of_64_bits_are_taken() {
        let geometry = PoolGeometry { kernel: 3, stride: 2, padding: 1 };
        takes_64_bits(&[noise(1, [2, 3, 7, 9])], &|inputs| max_pool(inputs[0].clone(), geometry));
    }
}
