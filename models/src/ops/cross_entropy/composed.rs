//! The operation composed of burn's.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, TensorMetadata, get_device_settings};
use burn::tensor::Shape;

use super::labels::IGNORE_INDEX;
use crate::ops::dims::dims;

pub fn forward<B: Backend>(logits: FloatTensor<B>, labels: IntTensor<B>) -> FloatTensor<B> {
    let [batch, _, height, width] = dims(&logits);
    let (truth, _) = one_hot::<B>(&logits, labels);
    let losses = B::float_mul(B::log_softmax(logits, 1), truth);
    B::float_mul_scalar(B::float_sum(losses), (-1.0 / (batch * height * width) as f64).into())
}

pub fn gradient<B: Backend>(logits: FloatTensor<B>, labels: IntTensor<B>, upstream: FloatTensor<B>) -> FloatTensor<B> {
    let [batch, _, height, width] = dims(&logits);
    let (truth, valid) = one_hot::<B>(&logits, labels);
    let probabilities = B::float_mul(B::softmax(logits, 1), valid);
    let factor = B::float_mul_scalar(upstream, (1.0 / (batch * height * width) as f64).into());
    B::float_mul(B::float_sub(probabilities, truth), B::float_reshape(factor, Shape::from([1, 1, 1, 1])))
}

/// Returns the labels as batch x classes x height x width of 0 and 1 (all 0 where ignored), and
/// batch x 1 x height x width of 1 where a label counts.
fn one_hot<B: Backend>(logits: &FloatTensor<B>, labels: IntTensor<B>) -> (FloatTensor<B>, FloatTensor<B>) {
    let [batch, classes, height, width] = dims(logits);
    let settings = get_device_settings::<B>(&logits.device());
    let labels = B::int_reshape(labels, Shape::from([batch, 1, height, width]));
    let valid = B::int_not_equal_elem(labels.clone(), IGNORE_INDEX.into(), settings.bool_dtype);
    let index = B::int_arange(0..classes as i64, &logits.device(), settings.int_dtype);
    let index = B::int_reshape(index, Shape::from([1, classes, 1, 1]));
    let full = Shape::from([batch, classes, height, width]);
    let truth = B::int_equal(B::int_expand(labels, full.clone()), B::int_expand(index, full), settings.bool_dtype);
    let bits = logits.dtype().into();
    (B::bool_into_float(truth, bits), B::bool_into_float(valid, bits))
}
