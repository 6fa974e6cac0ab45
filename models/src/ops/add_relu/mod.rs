//! `relu(a + b)`: what ends a residual block.

mod backward;
mod composed;
#[allow(unsafe_code)]
pub mod cpu;
#[cfg(feature = "wgpu")]
pub(super) mod gpu;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, TensorMetadata, backend_extension};
use burn::tensor::Tensor;

/// What a backend may offer of its own: `None` where it has no kernel for these tensors.
pub trait AddReluKernels: Backend {
    fn add_relu(_a: &FloatTensor<Self>, _b: &FloatTensor<Self>) -> Option<FloatTensor<Self>> {
        None
    }

    /// The gradient of either summand, from the output.
    fn add_relu_gradient(_output: &FloatTensor<Self>, _output_grad: &FloatTensor<Self>) -> Option<FloatTensor<Self>> {
        None
    }
}

/// The operation by the device of its tensors, with and without gradients.
#[backend_extension(Flex, Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait AddReluOp: Backend {
    fn add_relu(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl<B: AddReluKernels> AddReluOp for B {
    fn add_relu(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        forward::<B>(a, b)
    }
}

/// Computes `relu(a + b)` of two tensors of one shape. A NaN stays one.
pub fn add_relu(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::add_relu(a.into_dispatch(), b.into_dispatch()))
}

fn forward<B: AddReluKernels>(a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    assert_eq!(a.shape(), b.shape(), "sizes of two maps that are added");
    B::add_relu(&a, &b).unwrap_or_else(|| composed::forward::<B>(a, b))
}

fn gradient<B: AddReluKernels>(output: FloatTensor<B>, output_grad: FloatTensor<B>) -> FloatTensor<B> {
    assert_eq!(output.shape(), output_grad.shape(), "a gradient per value");
    B::add_relu_gradient(&output, &output_grad).unwrap_or_else(|| composed::gradient::<B>(output, output_grad))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{agree, noise, takes_64_bits};
    use burn::tensor::activation::relu;

    #[test]
    fn sums_are_those_of_burn() {
        let inputs = [noise(1, [2, 3, 4, 5]), noise(2, [2, 3, 4, 5])];
        let sum = |inputs: Vec<Tensor<4>>| relu(inputs[0].clone() + inputs[1].clone());
        agree(&inputs, &|inputs| add_relu(inputs[0].clone(), inputs[1].clone()), &sum);
    }

    #[test]
    fn only_what_asks_for_a_gradient_gets_one() {
        let (a, b) = (noise(1, [1, 1, 2, 2]).require_grad(), noise(2, [1, 1, 2, 2]));
        let gradients = add_relu(a.clone(), b.clone()).sum().backward();
        assert!(a.grad(&gradients).is_some() && b.grad(&gradients).is_none());
        let gradients = add_relu(a.clone(), a.clone()).sum().backward();
        let values: Vec<f32> = a.clone().into_data().iter::<f32>().map(|a| if a > 0.0 { 2.0 } else { 0.0 }).collect();
        assert_eq!(a.grad(&gradients).unwrap().into_data().iter::<f32>().collect::<Vec<f32>>(), values);
    }

    #[test]
    fn sums_take_64_bits() {
        let inputs = [noise(1, [2, 3, 4, 5]), noise(2, [2, 3, 4, 5])];
        takes_64_bits(&inputs, &|inputs| add_relu(inputs[0].clone(), inputs[1].clone()));
    }
}
