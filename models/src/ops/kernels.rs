//! What a backend offers: each operation and its gradients, composed of burn's own operations by default ([`super::composed`]).

use std::ops::Range;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, TensorMetadata};

use super::composed;
use crate::Precision;
use crate::kernels::conv::ConvGeometry;
use crate::kernels::momentum::MomentumStep;
use crate::kernels::norm::NormOptions;
use crate::kernels::pool::PoolGeometry;

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

/// Running statistics of a batch norm, one value per channel.
#[derive(Clone, Debug)]
pub struct Running<B: Backend> {
    pub mean: FloatTensor<B>,
    /// The **unbiased** one.
    pub variance: FloatTensor<B>,
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

/// Each operation of [`super::NetworkOps`] with its gradients, on tensors that track nothing.
pub trait Kernels: Backend {
    fn convolution(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self>;

    /// Gradients of [`Kernels::convolution`] for the input and for the weights, each where it is `wanted`.
    fn convolution_gradients(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
        wanted: [bool; 2],
    ) -> [Option<FloatTensor<Self>>; 2];

    /// Mean and biased variance over batch, height and width, one value per channel; for [`Kernels::norm_terms`] as it is composed.
    fn channel_statistics(input: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        composed::channel_statistics::<Self>(input)
    }

    /// What a batch norm in training mode, of these gamma and beta, does to its input, and the running statistics after it.
    fn norm_terms(
        input: FloatTensor<Self>,
        parameters: [FloatTensor<Self>; 2],
        running: Running<Self>,
        options: NormOptions,
    ) -> (NormTerms<Self>, Running<Self>) {
        composed::norm_terms::<Self>(input, parameters, running, options)
    }

    /// `(input - mean) * scale + offset` per channel, and a ReLU behind it if `relu`.
    fn channel_affine(input: FloatTensor<Self>, map: ChannelMap<Self>, relu: bool) -> FloatTensor<Self> {
        composed::channel_affine::<Self>(input, map, relu)
    }

    /// Gradient of [`Kernels::channel_affine`] for its input.
    fn channel_affine_gradient(
        input: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        map: ChannelMap<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        composed::channel_affine_gradient::<Self>(input, output_grad, map, relu)
    }

    /// Gradients of a batch norm in training mode (and the ReLU behind it): for the input, gamma, beta.
    fn batch_norm_gradient(
        input: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        terms: NormTerms<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        composed::batch_norm_gradient::<Self>(input, output_grad, terms, relu)
    }

    /// Values and velocities after a step of stochastic gradient descent ([`crate::kernels::momentum::step`]).
    fn momentum_step(
        values: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocities: FloatTensor<Self>,
        by: MomentumStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        composed::momentum_step::<Self>(values, gradient, velocities, by)
    }

    fn bilinear(input: FloatTensor<Self>, size: [usize; 2], align_corners: bool) -> FloatTensor<Self> {
        composed::bilinear::<Self>(input, size, align_corners)
    }

    /// Gradient of [`Kernels::bilinear`] for an input of `size` (height, width).
    fn bilinear_gradient(output_grad: FloatTensor<Self>, size: [usize; 2], align_corners: bool) -> FloatTensor<Self> {
        composed::bilinear_gradient::<Self>(output_grad, size, align_corners)
    }

    /// The maximum of each window, and where it is: for [`Kernels::max_pool_gradient`] alone, in the backend's own way.
    fn max_pool(input: FloatTensor<Self>, geometry: PoolGeometry) -> (FloatTensor<Self>, IntTensor<Self>) {
        composed::max_pool::<Self>(input, geometry)
    }

    /// The maximum of each window alone.
    fn maxima(input: FloatTensor<Self>, geometry: PoolGeometry) -> FloatTensor<Self> {
        composed::maxima::<Self>(input, geometry)
    }

    /// Gradient of [`Kernels::max_pool`] for an input of batch x channels x `size` (height, width).
    fn max_pool_gradient(
        output_grad: FloatTensor<Self>,
        places: IntTensor<Self>,
        geometry: PoolGeometry,
        size: [usize; 2],
    ) -> FloatTensor<Self> {
        composed::max_pool_gradient::<Self>(output_grad, places, geometry, size)
    }

    /// Maps side by side along the channels. Those of one pixel are spread to the size of the others.
    fn join(maps: Vec<FloatTensor<Self>>) -> FloatTensor<Self> {
        composed::join::<Self>(maps)
    }

    /// Some channels of a batch of maps.
    fn part(joined: FloatTensor<Self>, channels: Range<usize>) -> FloatTensor<Self> {
        composed::part::<Self>(joined, channels)
    }

    /// Maps of one pixel at every pixel of `size` (height, width).
    fn spread(maps: FloatTensor<Self>, size: [usize; 2]) -> FloatTensor<Self> {
        composed::spread::<Self>(maps, size)
    }

    /// `relu(a + b)`.
    fn residual(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::residual::<Self>(a, b)
    }

    /// Gradient of [`Kernels::residual`] for either summand, from its output.
    fn residual_gradient(output: FloatTensor<Self>, output_grad: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::residual_gradient::<Self>(output, output_grad)
    }

    fn pixel_cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>) -> FloatTensor<Self> {
        composed::cross_entropy::<Self>(logits, labels)
    }

    /// Gradient of [`Kernels::pixel_cross_entropy`] for the logits, times the one value of `upstream`.
    fn pixel_cross_entropy_gradient(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        upstream: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        composed::cross_entropy_gradient::<Self>(logits, labels, upstream)
    }
}

/// The four sizes of a batch of maps.
pub(super) fn dims(tensor: &impl TensorMetadata) -> [usize; 4] {
    tensor.shape().dims::<4>()
}

/// Height and width of the maps of more than one pixel.
///
/// # Panics
/// Where maps of different sizes or batches are to lie side by side.
pub(super) fn joined_size(maps: &[impl TensorMetadata]) -> [usize; 2] {
    let sizes = || maps.iter().map(dims);
    let size = sizes().map(|[_, _, height, width]| [height, width]).find(|size| *size != [1, 1]).unwrap_or([1, 1]);
    for [batch, channels, height, width] in sizes() {
        assert!(
            batch == dims(&maps[0])[0] && ([height, width] == size || [height, width] == [1, 1]),
            "a batch of {batch} maps of {channels}x{height}x{width} does not fit beside {} of {}x{}",
            dims(&maps[0])[0],
            size[0],
            size[1]
        );
    }
    size
}
