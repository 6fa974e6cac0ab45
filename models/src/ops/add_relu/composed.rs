//! The operation composed of burn's.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

pub fn forward<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    B::relu(B::float_add(a, b))
}

pub fn gradient<B: Backend>(output: FloatTensor<B>, output_grad: FloatTensor<B>) -> FloatTensor<B> {
    B::relu_backward(output, output_grad)
}
