//! Operations and their gradients composed of burn's own, for every backend ([`Kernels`]) and type of number.

use std::ops::Range;

use burn::backend::get_device_settings;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{Shape, Slice, TensorData};

use super::kernels::{ChannelMap, Kernels, NormTerms, Running, dims, joined_size};
use crate::kernels::loss::IGNORE_INDEX;
use crate::kernels::momentum::MomentumStep;
use crate::kernels::norm::NormOptions;
use crate::kernels::pool::PoolGeometry;
use crate::kernels::resize;

/// See [`Kernels::channel_affine`].
pub(super) fn channel_affine<B: Kernels>(input: FloatTensor<B>, map: ChannelMap<B>, relu: bool) -> FloatTensor<B> {
    let centred = B::float_sub(input, per_channel::<B>(map.mean));
    let scaled = B::float_mul(centred, per_channel::<B>(map.scale));
    let output = B::float_add(scaled, per_channel::<B>(map.offset));
    if relu { B::relu(output) } else { output }
}

/// See [`Kernels::channel_affine_gradient`].
pub(super) fn channel_affine_gradient<B: Kernels>(
    input: FloatTensor<B>,
    output_grad: FloatTensor<B>,
    map: ChannelMap<B>,
    relu: bool,
) -> FloatTensor<B> {
    let scale = map.scale.clone();
    B::float_mul(alive::<B>(input, output_grad, map, relu), per_channel::<B>(scale))
}

/// See [`Kernels::channel_statistics`].
pub(super) fn channel_statistics<B: Kernels>(input: FloatTensor<B>) -> (FloatTensor<B>, FloatTensor<B>) {
    let channels = dims(&input)[1];
    let mean = mean_over_pixels::<B>(input.clone());
    let centred = B::float_sub(input, mean.clone());
    let variance = mean_over_pixels::<B>(B::float_mul(centred.clone(), centred));
    let flat = |t| B::float_reshape(t, Shape::from([channels]));
    (flat(mean), flat(variance))
}

/// See [`Kernels::norm_terms`].
pub(super) fn norm_terms<B: Kernels>(
    input: FloatTensor<B>,
    [gamma, beta]: [FloatTensor<B>; 2],
    running: Running<B>,
    options: NormOptions,
) -> (NormTerms<B>, Running<B>) {
    let NormOptions { epsilon, momentum, .. } = options;
    let [batch, _, height, width] = dims(&input);
    let count = (batch * height * width) as f64;
    let (mean, variance) = B::channel_statistics(input);
    let inverse = B::float_recip(B::float_sqrt(B::float_add_scalar(variance.clone(), epsilon.into())));
    let scale = B::float_mul(gamma, inverse.clone());
    let terms = NormTerms { map: ChannelMap { mean: mean.clone(), scale, offset: beta }, inverse };
    let moved = |old, new| {
        B::float_add(B::float_mul_scalar(old, (1.0 - momentum).into()), B::float_mul_scalar(new, momentum.into()))
    };
    let unbiased = B::float_mul_scalar(variance, (count / (count - 1.0)).into());
    (terms, Running { mean: moved(running.mean, mean), variance: moved(running.variance, unbiased) })
}

/// See [`Kernels::batch_norm_gradient`].
pub(super) fn batch_norm_gradient<B: Kernels>(
    input: FloatTensor<B>,
    output_grad: FloatTensor<B>,
    terms: NormTerms<B>,
    relu: bool,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let [batch, channels, height, width] = dims(&input);
    let count = (batch * height * width) as f64;
    let NormTerms { map, inverse } = terms;
    let centred = B::float_sub(input.clone(), per_channel::<B>(map.mean.clone()));
    let normal = B::float_mul(centred, per_channel::<B>(inverse));
    let scale = map.scale.clone();
    let grad = alive::<B>(input, output_grad, map, relu);
    let sum = |t| B::float_mul_scalar(mean_over_pixels::<B>(t), count.into());
    let beta = sum(grad.clone());
    let gamma = sum(B::float_mul(grad.clone(), normal.clone()));
    let share = |t| B::float_mul_scalar(t, (1.0 / count).into());
    let along = B::float_mul(normal, share(gamma.clone()));
    let centred = B::float_sub(B::float_sub(grad, share(beta.clone())), along);
    let flat = |t| B::float_reshape(t, Shape::from([channels]));
    (B::float_mul(centred, per_channel::<B>(scale)), flat(gamma), flat(beta))
}

/// See [`Kernels::momentum_step`].
pub(super) fn momentum_step<B: Kernels>(
    values: FloatTensor<B>,
    gradient: FloatTensor<B>,
    velocities: FloatTensor<B>,
    by: MomentumStep,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let push = B::float_add(gradient, B::float_mul_scalar(values.clone(), by.weight_decay.into()));
    let velocities = B::float_add(B::float_mul_scalar(velocities, by.momentum.into()), push);
    let moved = B::float_sub(values, B::float_mul_scalar(velocities.clone(), by.lr.into()));
    (moved, velocities)
}

/// See [`Kernels::bilinear`].
pub(super) fn bilinear<B: Kernels>(input: FloatTensor<B>, size: [usize; 2], align_corners: bool) -> FloatTensor<B> {
    let [_, _, height, width] = dims(&input);
    let rows = interpolation::<B>(height, size[0], align_corners, &input);
    let columns = interpolation::<B>(width, size[1], align_corners, &input);
    B::float_matmul(B::float_matmul(rows, input), B::float_transpose(columns))
}

/// See [`Kernels::bilinear_gradient`].
pub(super) fn bilinear_gradient<B: Kernels>(
    output_grad: FloatTensor<B>,
    size: [usize; 2],
    align_corners: bool,
) -> FloatTensor<B> {
    let [_, _, height, width] = dims(&output_grad);
    let rows = interpolation::<B>(size[0], height, align_corners, &output_grad);
    let columns = interpolation::<B>(size[1], width, align_corners, &output_grad);
    B::float_matmul(B::float_matmul(B::float_transpose(rows), output_grad), columns)
}

/// See [`Kernels::max_pool`].
pub(super) fn max_pool<B: Kernels>(input: FloatTensor<B>, geometry: PoolGeometry) -> (FloatTensor<B>, IntTensor<B>) {
    let ints = get_device_settings::<B>(&input.device()).int_dtype;
    let [kernel, stride, padding] = along_both_axes(geometry);
    let pooled = B::max_pool2d_with_indices(input, kernel, stride, padding, [1, 1], false, ints);
    (pooled.output, pooled.indices)
}

/// See [`Kernels::maxima`].
pub(super) fn maxima<B: Kernels>(input: FloatTensor<B>, geometry: PoolGeometry) -> FloatTensor<B> {
    let [kernel, stride, padding] = along_both_axes(geometry);
    B::max_pool2d(input, kernel, stride, padding, [1, 1], false)
}

/// See [`Kernels::max_pool_gradient`].
pub(super) fn max_pool_gradient<B: Kernels>(
    output_grad: FloatTensor<B>,
    places: IntTensor<B>,
    geometry: PoolGeometry,
    size: [usize; 2],
) -> FloatTensor<B> {
    let [batch, channels, _, _] = dims(&output_grad);
    let [kernel, stride, padding] = along_both_axes(geometry);
    // Of the input, only the size is asked for: it need not be kept. The order in memory is the one that CubeCL's kernel wants.
    let shape = Shape::from([batch, size[0], size[1], channels]);
    let input = B::float_empty(shape, &output_grad.device(), output_grad.dtype().into());
    let input = B::float_permute(input, &[0, 3, 1, 2]);
    B::max_pool2d_with_indices_backward(input, kernel, stride, padding, [1, 1], false, output_grad, places).x_grad
}

/// See [`Kernels::join`].
pub(super) fn join<B: Kernels>(maps: Vec<FloatTensor<B>>) -> FloatTensor<B> {
    let size = joined_size(&maps);
    B::float_cat(maps.into_iter().map(|map| B::spread(map, size)).collect(), 1)
}

/// See [`Kernels::part`].
pub(super) fn part<B: Kernels>(joined: FloatTensor<B>, channels: Range<usize>) -> FloatTensor<B> {
    let [batch, _, height, width] = dims(&joined);
    B::float_slice(joined, &[0..batch, channels, 0..height, 0..width].map(Slice::from))
}

/// See [`Kernels::spread`].
pub(super) fn spread<B: Kernels>(maps: FloatTensor<B>, size: [usize; 2]) -> FloatTensor<B> {
    let [batch, channels, height, width] = dims(&maps);
    if [height, width] == size {
        return maps;
    }
    B::float_expand(maps, Shape::from([batch, channels, size[0], size[1]]))
}

/// See [`Kernels::residual`].
pub(super) fn residual<B: Kernels>(a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    B::relu(B::float_add(a, b))
}

/// See [`Kernels::residual_gradient`].
pub(super) fn residual_gradient<B: Kernels>(output: FloatTensor<B>, output_grad: FloatTensor<B>) -> FloatTensor<B> {
    B::relu_backward(output, output_grad)
}

/// See [`Kernels::pixel_cross_entropy`].
pub(super) fn cross_entropy<B: Kernels>(logits: FloatTensor<B>, labels: IntTensor<B>) -> FloatTensor<B> {
    let [batch, _, height, width] = dims(&logits);
    let (truth, _) = one_hot::<B>(&logits, labels);
    let losses = B::float_mul(B::log_softmax(logits, 1), truth);
    B::float_mul_scalar(B::float_sum(losses), (-1.0 / (batch * height * width) as f64).into())
}

/// See [`Kernels::pixel_cross_entropy_gradient`].
pub(super) fn cross_entropy_gradient<B: Kernels>(
    logits: FloatTensor<B>,
    labels: IntTensor<B>,
    upstream: FloatTensor<B>,
) -> FloatTensor<B> {
    let [batch, _, height, width] = dims(&logits);
    let (truth, valid) = one_hot::<B>(&logits, labels);
    let shares = B::float_mul(B::softmax(logits, 1), valid);
    let factor = B::float_mul_scalar(upstream, (1.0 / (batch * height * width) as f64).into());
    B::float_mul(B::float_sub(shares, truth), B::float_reshape(factor, Shape::from([1, 1, 1, 1])))
}

/// Kernel, stride and padding, as burn takes them.
fn along_both_axes(geometry: PoolGeometry) -> [[usize; 2]; 3] {
    [geometry.kernel, geometry.stride, geometry.padding].map(|of| [of; 2])
}

/// One value per channel, so that it broadcasts over batch x channels x height x width.
fn per_channel<B: Backend>(values: FloatTensor<B>) -> FloatTensor<B> {
    let channels = values.shape().num_elements();
    B::float_reshape(values, Shape::from([1, channels, 1, 1]))
}

/// Mean over height and width: batch x channels x 1 x 1.
pub(super) fn mean_map<B: Backend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    [3, 2].into_iter().fold(tensor, |t, dim| B::float_mean_dim(t, dim))
}

/// Mean over batch, height and width: 1 x channels x 1 x 1.
fn mean_over_pixels<B: Backend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    [3, 2, 0].into_iter().fold(tensor, |t, dim| B::float_mean_dim(t, dim))
}

/// `output_grad` where the affine map of the input was not cut off by the ReLU, else 0.
fn alive<B: Kernels>(
    input: FloatTensor<B>,
    output_grad: FloatTensor<B>,
    map: ChannelMap<B>,
    relu: bool,
) -> FloatTensor<B> {
    if !relu {
        return output_grad;
    }
    let before = B::channel_affine(input, map, false);
    let bools = get_device_settings::<B>(&before.device()).bool_dtype;
    B::float_mask_fill(output_grad, B::float_lower_equal_elem(before, 0f32.into(), bools), 0f32.into())
}

/// 1 x 1 x output x input matrix of a bilinear resize along one axis, of the type and on the device of `like`.
fn interpolation<B: Backend>(
    input: usize,
    output: usize,
    align_corners: bool,
    like: &FloatTensor<B>,
) -> FloatTensor<B> {
    let weights = TensorData::new(resize::matrix(input, output, align_corners), [1, 1, output, input]);
    B::float_from_data(weights.convert_dtype(like.dtype()), &like.device())
}

/// The labels as batch x classes x height x width of 0 and 1 (all 0 where ignored), and batch x 1 x height x width of
/// 1 where a label counts.
fn one_hot<B: Backend>(logits: &FloatTensor<B>, labels: IntTensor<B>) -> (FloatTensor<B>, FloatTensor<B>) {
    let [batch, classes, height, width] = dims(logits);
    let settings = get_device_settings::<B>(&logits.device());
    let labels = B::int_reshape(labels, Shape::from([batch, 1, height, width]));
    let valid = B::int_not_equal_elem(labels.clone(), IGNORE_INDEX.into(), settings.bool_dtype);
    let index = B::int_arange(0..classes as i64, &logits.device(), settings.int_dtype);
    let index = B::int_reshape(index, Shape::from([1, classes, 1, 1]));
    let full = Shape::from([batch, classes, height, width]);
    let truth = B::int_equal(B::int_expand(labels, full.clone()), B::int_expand(index, full), settings.bool_dtype);
    (B::bool_into_float(truth, settings.float_dtype), B::bool_into_float(valid, settings.float_dtype))
}
