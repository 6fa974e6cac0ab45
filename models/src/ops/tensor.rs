//! The operations on burn's tensors.

use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor};

use super::NetworkOps;
use crate::Precision;
use crate::kernels::conv::ConvGeometry;
use crate::kernels::momentum::MomentumStep;

/// See [`NetworkOps::atrous_conv2d`].
pub fn atrous_conv2d(input: Tensor<4>, weight: Tensor<4>, geometry: ConvGeometry, precision: Precision) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::atrous_conv2d(input.into_dispatch(), weight.into_dispatch(), geometry, precision))
}

/// See [`NetworkOps::batch_norm`]: output, mean, biased variance.
pub fn batch_norm(
    input: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
    relu: bool,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let (gamma, beta) = (gamma.into_dispatch(), beta.into_dispatch());
    let (output, mean, variance) = Dispatch::batch_norm(input.into_dispatch(), gamma, beta, epsilon, relu);
    (Tensor::from_dispatch(output), Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}

/// See [`NetworkOps::affine`].
pub fn affine(input: Tensor<4>, mean: Tensor<1>, scale: Tensor<1>, offset: Tensor<1>, relu: bool) -> Tensor<4> {
    let (mean, scale, offset) = (mean.into_dispatch(), scale.into_dispatch(), offset.into_dispatch());
    Tensor::from_dispatch(Dispatch::affine(input.into_dispatch(), mean, scale, offset, relu))
}

/// See [`NetworkOps::resize_bilinear`].
pub fn resize_bilinear(input: Tensor<4>, size: [usize; 2], align_corners: bool) -> Tensor<4> {
    let [_, _, height, width] = input.dims();
    if [height, width] == size {
        return input;
    }
    Tensor::from_dispatch(Dispatch::resize_bilinear(input.into_dispatch(), size, align_corners))
}

/// See [`NetworkOps::momentum_step`]: values, velocities.
pub fn momentum_step<const D: usize>(
    values: Tensor<D>,
    gradient: Tensor<D>,
    velocities: Tensor<D>,
    by: MomentumStep,
) -> (Tensor<D>, Tensor<D>) {
    let [values, gradient, velocities] = [values, gradient, velocities].map(Tensor::into_dispatch);
    let (values, velocities) = Dispatch::momentum_step(values, gradient, velocities, by);
    (Tensor::from_dispatch(values), Tensor::from_dispatch(velocities))
}

/// See [`NetworkOps::cross_entropy`].
pub fn cross_entropy(logits: Tensor<4>, labels: Tensor<3, Int>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::cross_entropy(logits.into_dispatch(), labels.into_dispatch()))
}
