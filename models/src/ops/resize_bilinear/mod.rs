//! Bilinear resizing of a batch of maps, as PyTorch's `interpolate` defines it.

mod backward;
mod composed;
#[allow(unsafe_code)]
pub mod cpu;
#[cfg(feature = "wgpu")]
pub(super) mod gpu;
mod samples;

pub use samples::ResizeShape;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use super::dims::dims;

/// What a backend may offer of its own: `None` where it has no kernel for these tensors.
pub trait ResizeBilinearKernels: Backend {
    fn resize_bilinear(_input: &FloatTensor<Self>, _shape: &ResizeShape) -> Option<FloatTensor<Self>> {
        None
    }

    /// The gradient of the input.
    fn resize_bilinear_gradient(_output_grad: &FloatTensor<Self>, _shape: &ResizeShape) -> Option<FloatTensor<Self>> {
        None
    }
}

/// The operation by the device of its tensors, with and without gradients.
#[backend_extension(Flex, Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait ResizeBilinearOp: Backend {
    fn resize_bilinear(input: FloatTensor<Self>, size: [usize; 2], align_corners: bool) -> FloatTensor<Self>;
}

impl<B: ResizeBilinearKernels> ResizeBilinearOp for B {
    fn resize_bilinear(input: FloatTensor<Self>, size: [usize; 2], align_corners: bool) -> FloatTensor<Self> {
        let shape = shape(&input, size, align_corners);
        forward::<B>(input, &shape)
    }
}

/// Resizes batch x channels x height x width to `size` (height, width). Maps that have it already
/// are returned as they are.
pub fn resize_bilinear(input: Tensor<4>, size: [usize; 2], align_corners: bool) -> Tensor<4> {
    let [_, _, height, width] = input.dims();
    if [height, width] == size {
        return input;
    }
    Tensor::from_dispatch(Dispatch::resize_bilinear(input.into_dispatch(), size, align_corners))
}

fn shape(input: &impl burn::backend::TensorMetadata, output: [usize; 2], align_corners: bool) -> ResizeShape {
    let [_, _, height, width] = dims(input);
    ResizeShape { input: [height, width], output, align_corners }
}

fn forward<B: ResizeBilinearKernels>(input: FloatTensor<B>, shape: &ResizeShape) -> FloatTensor<B> {
    B::resize_bilinear(&input, shape).unwrap_or_else(|| composed::forward::<B>(input, shape))
}

fn gradient<B: ResizeBilinearKernels>(output_grad: FloatTensor<B>, shape: &ResizeShape) -> FloatTensor<B> {
    B::resize_bilinear_gradient(&output_grad, shape).unwrap_or_else(|| composed::gradient::<B>(output_grad, shape))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{noise, takes_64_bits};

    #[test]
    fn maps_of_64_bits_are_taken() {
        for align_corners in [false, true] {
            let resized = |inputs: Vec<Tensor<4>>| resize_bilinear(inputs[0].clone(), [9, 4], align_corners);
            takes_64_bits(&[noise(1, [2, 3, 5, 7])], &resized);
        }
    }
}
