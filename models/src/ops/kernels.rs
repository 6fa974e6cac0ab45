//! What a backend offers: each operation and its gradients, composed of burn's own operations by default.

use std::ops::Range;

use burn::backend::get_device_settings;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{Shape, Slice, TensorData};

use crate::Precision;
use crate::kernels::conv::ConvGeometry;
use crate::kernels::loss::IGNORE_INDEX;
use crate::kernels::momentum::MomentumStep;
use crate::kernels::pool::PoolGeometry;
use crate::kernels::resize;

/// Per channel: the map `(x - mean) * scale + offset`.
#[derive(Debug)]
pub struct ChannelMap<B: Backend> {
    pub mean: FloatTensor<B>,
    pub scale: FloatTensor<B>,
    pub offset: FloatTensor<B>,
}

// Derived, this would ask for a backend that is itself `Clone`.
impl<B: Backend> Clone for ChannelMap<B> {
    fn clone(&self) -> Self {
        Self { mean: self.mean.clone(), scale: self.scale.clone(), offset: self.offset.clone() }
    }
}

/// What a batch norm in training mode did to its input.
#[derive(Debug)]
pub struct NormTerms<B: Backend> {
    pub map: ChannelMap<B>,
    /// One over the standard deviation, per channel.
    pub inverse: FloatTensor<B>,
}

impl<B: Backend> Clone for NormTerms<B> {
    fn clone(&self) -> Self {
        Self { map: self.map.clone(), inverse: self.inverse.clone() }
    }
}

impl<B: Backend> NormTerms<B> {
    /// From mean, biased variance, and the learned gamma and beta, each one value per channel.
    pub fn new(
        mean: FloatTensor<B>,
        variance: FloatTensor<B>,
        gamma: FloatTensor<B>,
        beta: FloatTensor<B>,
        epsilon: f64,
    ) -> Self {
        let inverse = B::float_recip(B::float_sqrt(B::float_add_scalar(variance, epsilon.into())));
        let scale = B::float_mul(gamma, inverse.clone());
        Self { map: ChannelMap { mean, scale, offset: beta }, inverse }
    }
}

/// Each operation of [`super::NetworkOps`] with its gradients, on tensors that track nothing.
pub trait Kernels: Backend {
    fn convolution(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self>;

    fn convolution_input_gradient(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self>;

    fn convolution_weight_gradient(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self>;

    /// Mean and biased variance over batch, height and width, one value per channel.
    fn channel_statistics(input: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        channel_statistics::<Self>(input)
    }

    /// `(input - mean) * scale + offset` per channel, and a ReLU behind it if `relu`.
    fn channel_affine(input: FloatTensor<Self>, map: ChannelMap<Self>, relu: bool) -> FloatTensor<Self> {
        channel_affine::<Self>(input, map, relu)
    }

    /// Gradient of [`Kernels::channel_affine`] for its input.
    fn channel_affine_gradient(
        input: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        map: ChannelMap<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        channel_affine_gradient::<Self>(input, output_grad, map, relu)
    }

    /// Gradients of a batch norm in training mode (and the ReLU behind it): for the input, gamma, beta.
    fn batch_norm_gradient(
        input: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        terms: NormTerms<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        batch_norm_gradient::<Self>(input, output_grad, terms, relu)
    }

    /// Values and velocities after a step of stochastic gradient descent ([`crate::kernels::momentum::step`]).
    fn momentum_step(
        values: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocities: FloatTensor<Self>,
        by: MomentumStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        momentum_step::<Self>(values, gradient, velocities, by)
    }

    fn bilinear(input: FloatTensor<Self>, size: [usize; 2], align_corners: bool) -> FloatTensor<Self> {
        bilinear::<Self>(input, size, align_corners)
    }

    /// Gradient of [`Kernels::bilinear`] for an input of `size` (height, width).
    fn bilinear_gradient(output_grad: FloatTensor<Self>, size: [usize; 2], align_corners: bool) -> FloatTensor<Self> {
        bilinear_gradient::<Self>(output_grad, size, align_corners)
    }

    /// The maximum of each window, and where it is: for [`Kernels::max_pool_gradient`] alone, in the backend's own way.
    fn max_pool(input: FloatTensor<Self>, geometry: PoolGeometry) -> (FloatTensor<Self>, IntTensor<Self>) {
        max_pool::<Self>(input, geometry)
    }

    /// Gradient of [`Kernels::max_pool`] for an input of batch x channels x `size` (height, width).
    fn max_pool_gradient(
        output_grad: FloatTensor<Self>,
        places: IntTensor<Self>,
        geometry: PoolGeometry,
        size: [usize; 2],
    ) -> FloatTensor<Self> {
        max_pool_gradient::<Self>(output_grad, places, geometry, size)
    }

    /// Maps side by side along the channels. Those of one pixel are spread to the size of the others.
    fn join(maps: Vec<FloatTensor<Self>>) -> FloatTensor<Self> {
        join::<Self>(maps)
    }

    /// Some channels of a batch of maps.
    fn part(joined: FloatTensor<Self>, channels: Range<usize>) -> FloatTensor<Self> {
        part::<Self>(joined, channels)
    }

    /// Maps of one pixel at every pixel of `size` (height, width).
    fn spread(maps: FloatTensor<Self>, size: [usize; 2]) -> FloatTensor<Self> {
        spread::<Self>(maps, size)
    }

    /// `relu(a + b)`.
    fn residual(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        residual::<Self>(a, b)
    }

    /// Gradient of [`Kernels::residual`] for either summand, from its output.
    fn residual_gradient(output: FloatTensor<Self>, output_grad: FloatTensor<Self>) -> FloatTensor<Self> {
        residual_gradient::<Self>(output, output_grad)
    }

    fn pixel_cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>) -> FloatTensor<Self> {
        let [batch, _, height, width] = dims(&logits);
        let (truth, _) = one_hot::<Self>(&logits, labels);
        let losses = Self::float_mul(Self::log_softmax(logits, 1), truth);
        Self::float_mul_scalar(Self::float_sum(losses), (-1.0 / (batch * height * width) as f64).into())
    }

    /// Gradient of [`Kernels::pixel_cross_entropy`] for the logits, times the one value of `upstream`.
    fn pixel_cross_entropy_gradient(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        upstream: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [batch, _, height, width] = dims(&logits);
        let (truth, valid) = one_hot::<Self>(&logits, labels);
        let shares = Self::float_mul(Self::softmax(logits, 1), valid);
        let factor = Self::float_mul_scalar(upstream, (1.0 / (batch * height * width) as f64).into());
        Self::float_mul(Self::float_sub(shares, truth), Self::float_reshape(factor, Shape::from([1, 1, 1, 1])))
    }
}

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
    let [kernel, stride, padding] = [geometry.kernel, geometry.stride, geometry.padding].map(|of| [of; 2]);
    let pooled = B::max_pool2d_with_indices(input, kernel, stride, padding, [1, 1], false, ints);
    (pooled.output, pooled.indices)
}

/// See [`Kernels::max_pool_gradient`].
pub(super) fn max_pool_gradient<B: Kernels>(
    output_grad: FloatTensor<B>,
    places: IntTensor<B>,
    geometry: PoolGeometry,
    size: [usize; 2],
) -> FloatTensor<B> {
    let [batch, channels, _, _] = dims(&output_grad);
    let [kernel, stride, padding] = [geometry.kernel, geometry.stride, geometry.padding].map(|of| [of; 2]);
    // Of the input, only the size is asked for: it need not be kept.
    let shape = Shape::from([batch, channels, size[0], size[1]]);
    let input = B::float_zeros(shape, &output_grad.device(), output_grad.dtype().into());
    B::max_pool2d_with_indices_backward(input, kernel, stride, padding, [1, 1], false, output_grad, places).x_grad
}

/// See [`Kernels::join`].
pub(super) fn join<B: Kernels>(maps: Vec<FloatTensor<B>>) -> FloatTensor<B> {
    let size = joined_size(&maps);
    B::float_cat(maps.into_iter().map(|map| B::spread(map, size)).collect(), 1)
}

/// Height and width of the maps of more than one pixel.
pub(super) fn joined_size(maps: &[impl TensorMetadata]) -> [usize; 2] {
    let sizes = maps.iter().map(|map| [dims(map)[2], dims(map)[3]]);
    sizes.fold([1, 1], |size, of| if of == [1, 1] { size } else { of })
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

/// The four sizes of a batch of maps.
pub(super) fn dims(tensor: &impl TensorMetadata) -> [usize; 4] {
    tensor.shape().dims::<4>()
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
