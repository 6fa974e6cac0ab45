//! `(input - mean) * scale + offset` for each channel, with a ReLU behind it where one is asked
//! for: batch norm in evaluation mode.

mod backward;
pub(super) mod composed;
#[allow(unsafe_code)]
pub mod cpu;
#[cfg(feature = "wgpu")]
pub(super) mod gpu;
mod map;

pub use map::ChannelMap;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// What a backend may offer of its own: `None` where it has no kernel for these tensors.
pub trait ChannelAffineKernels: Backend {
    fn channel_affine(_input: &FloatTensor<Self>, _map: &ChannelMap<Self>, _relu: bool) -> Option<FloatTensor<Self>> {
        None
    }

    /// The gradient of the input.
    fn channel_affine_gradient(
        _input: &FloatTensor<Self>,
        _output_grad: &FloatTensor<Self>,
        _map: &ChannelMap<Self>,
        _relu: bool,
    ) -> Option<FloatTensor<Self>> {
        None
    }
}

/// The operation by the device of its tensors, with and without gradients.
#[backend_extension(Flex, Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait ChannelAffineOp: Backend {
    fn channel_affine(
        input: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        offset: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self>;
}

impl<B: ChannelAffineKernels> ChannelAffineOp for B {
    fn channel_affine(
        input: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        offset: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        forward::<B>(input, ChannelMap { mean, scale, offset }, relu)
    }
}

/// Computes `(input - mean) * scale + offset` for each channel of batch x channels x height x
/// width, and a ReLU behind it if `relu`. Mean, scale and offset have a value per channel. They are
/// constants here: they get no gradient.
pub fn channel_affine(input: Tensor<4>, mean: Tensor<1>, scale: Tensor<1>, offset: Tensor<1>, relu: bool) -> Tensor<4> {
    let (mean, scale, offset) = (mean.into_dispatch(), scale.into_dispatch(), offset.into_dispatch());
    Tensor::from_dispatch(Dispatch::channel_affine(input.into_dispatch(), mean, scale, offset, relu))
}

/// Computes the operation on tensors that track nothing.
pub(super) fn forward<B: ChannelAffineKernels>(
    input: FloatTensor<B>,
    map: ChannelMap<B>,
    relu: bool,
) -> FloatTensor<B> {
    B::channel_affine(&input, &map, relu).unwrap_or_else(|| composed::forward::<B>(input, map, relu))
}

fn gradient<B: ChannelAffineKernels>(
    input: FloatTensor<B>,
    output_grad: FloatTensor<B>,
    map: ChannelMap<B>,
    relu: bool,
) -> FloatTensor<B> {
    B::channel_affine_gradient(&input, &output_grad, &map, relu)
        .unwrap_or_else(|| composed::gradient::<B>(input, output_grad, map, relu))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{noise, takes_64_bits};
    use burn::tensor::FloatDType;

    #[test]
    fn maps_of_64_bits_are_taken() {
        let affine = |inputs: Vec<Tensor<4>>| {
            let of = |values: [f32; 2]| {
                let values = Tensor::from_floats(values, &inputs[0].device());
                values.cast(FloatDType::from(inputs[0].dtype()))
            };
            channel_affine(inputs[0].clone(), of([0.3, -0.7]), of([1.5, -2.0]), of([0.2, 0.9]), true)
        };
        takes_64_bits(&[noise(1, [2, 2, 5, 7])], &affine);
    }
}
