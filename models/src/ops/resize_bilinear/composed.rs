//! The operation composed of burn's: two products with matrices of weights.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::TensorData;

use super::samples::{ResizeShape, matrix};

pub fn forward<B: Backend>(input: FloatTensor<B>, shape: &ResizeShape) -> FloatTensor<B> {
    let [rows, columns] = weights::<B>(shape, &input);
    B::float_matmul(B::float_matmul(rows, input), B::float_transpose(columns))
}

pub fn gradient<B: Backend>(output_grad: FloatTensor<B>, shape: &ResizeShape) -> FloatTensor<B> {
    let [rows, columns] = weights::<B>(shape, &output_grad);
    B::float_matmul(B::float_matmul(B::float_transpose(rows), output_grad), columns)
}

/// Returns the matrices of 1 x 1 x output x input that resize along each axis, of the type and on
/// the device of `like`.
fn weights<B: Backend>(shape: &ResizeShape, like: &FloatTensor<B>) -> [FloatTensor<B>; 2] {
    [0, 1].map(|axis| {
        let (input, output) = (shape.input[axis], shape.output[axis]);
        let weights = TensorData::new(matrix(input, output, shape.align_corners), [1, 1, output, input]);
        B::float_from_data(weights.convert_dtype(like.dtype()), &like.device())
    })
}
