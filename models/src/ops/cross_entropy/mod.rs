//! The cross entropy of logits with labels.

mod backward;
mod composed;
pub mod cpu;
#[cfg(feature = "wgpu")]
pub(super) mod gpu;
mod labels;

pub use labels::IGNORE_INDEX;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, TensorMetadata, backend_extension};
use burn::tensor::{Int, Tensor};

use super::dims::dims;

/// What a backend may offer of its own: `None` where it has no kernel for these tensors.
pub trait CrossEntropyKernels: Backend {
    fn cross_entropy(_logits: &FloatTensor<Self>, _labels: &IntTensor<Self>) -> Option<FloatTensor<Self>> {
        None
    }

    /// The gradient of the logits, times the one value of `upstream`.
    fn cross_entropy_gradient(
        _logits: &FloatTensor<Self>,
        _labels: &IntTensor<Self>,
        _upstream: &FloatTensor<Self>,
    ) -> Option<FloatTensor<Self>> {
        None
    }
}

/// The operation by the device of its tensors, with and without gradients.
#[backend_extension(Flex, Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait CrossEntropyOp: Backend {
    fn cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>) -> FloatTensor<Self>;
}

impl<B: CrossEntropyKernels> CrossEntropyOp for B {
    fn cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>) -> FloatTensor<Self> {
        forward::<B>(logits, labels)
    }
}

/// Computes the cross entropy of `logits` (batch x classes x height x width) with `labels` (batch x
/// height x width). Pixels with the label [`IGNORE_INDEX`] give no loss. The sum is divided by the
/// number of **all** pixels, as mmsegmentation does it. One value.
pub fn cross_entropy(logits: Tensor<4>, labels: Tensor<3, Int>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::cross_entropy(logits.into_dispatch(), labels.into_dispatch()))
}

fn forward<B: CrossEntropyKernels>(logits: FloatTensor<B>, labels: IntTensor<B>) -> FloatTensor<B> {
    let [batch, _, height, width] = dims(&logits);
    assert_eq!(labels.shape().num_elements(), batch * height * width, "a label per pixel");
    B::cross_entropy(&logits, &labels).unwrap_or_else(|| composed::forward::<B>(logits, labels))
}

fn gradient<B: CrossEntropyKernels>(
    logits: FloatTensor<B>,
    labels: IntTensor<B>,
    upstream: FloatTensor<B>,
) -> FloatTensor<B> {
    assert_eq!(upstream.shape().num_elements(), 1, "the gradient of one value");
    B::cross_entropy_gradient(&logits, &labels, &upstream)
        .unwrap_or_else(|| composed::gradient::<B>(logits, labels, upstream))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{noise, takes_64_bits};

    #[test]
    fn logits_of_64_bits_are_taken() {
        let loss = |inputs: Vec<Tensor<4>>| {
            let labels = Tensor::<3, Int>::from_ints([[[0, 1, 255], [2, 1, 0]]], &inputs[0].device());
            cross_entropy(inputs[0].clone(), labels).reshape([1, 1, 1, 1])
        };
        takes_64_bits(&[noise(1, [1, 3, 2, 3])], &loss);
    }
}
