//! The mean of each map of a batch.

mod backward;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use super::broadcast::BroadcastKernels;

/// The operation by the device of its tensors, with and without gradients.
#[backend_extension(Flex, Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait GlobalAveragePoolOp: Backend {
    fn global_average_pool(input: FloatTensor<Self>) -> FloatTensor<Self>;
}

// No backend has a kernel of its own. The bound leaves `Autodiff` to `backward.rs`.
impl<B: BroadcastKernels> GlobalAveragePoolOp for B {
    fn global_average_pool(input: FloatTensor<Self>) -> FloatTensor<Self> {
        forward::<B>(input)
    }
}

/// Computes the mean of each map of batch x channels x height x width: batch x channels x 1 x 1.
pub fn global_average_pool(input: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::global_average_pool(input.into_dispatch()))
}

fn forward<B: Backend>(input: FloatTensor<B>) -> FloatTensor<B> {
    [3, 2].into_iter().fold(input, |of, dim| B::float_mean_dim(of, dim))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{agree, noise, takes_64_bits};

    #[test]
    fn means_of_maps_are_those_of_burn() {
        let means = |inputs: Vec<Tensor<4>>| inputs[0].clone().mean_dim(3).mean_dim(2);
        agree(&[noise(1, [2, 3, 6, 7])], &|inputs| global_average_pool(inputs[0].clone()), &means);
    }

    #[test]
    fn maps_of_64_bits_are_taken() {
        takes_64_bits(&[noise(1, [2, 3, 6, 7])], &|inputs| global_average_pool(inputs[0].clone()));
    }
}
