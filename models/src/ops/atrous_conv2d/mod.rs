//! Two-dimensional convolution with a dilation, which is the atrous rate.

mod backward;
#[allow(unsafe_code)]
pub mod cpu;
mod geometry;
#[cfg(feature = "wgpu")]
pub(crate) mod gpu;
mod im2col;

pub use geometry::{ConvGeometry, ConvShape};

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use crate::ops::channel_affine::{self, ChannelAffineKernels, ChannelMap};
use crate::precision::Precision;

/// What there is to know of a convolution with a map behind it.
#[derive(Clone, Copy, Debug)]
pub struct MappedConv {
    pub geometry: ConvGeometry,
    pub precision: Precision,
    /// Whether values below zero are cut off behind the map.
    pub relu: bool,
}

/// What a backend offers: composed of burn's operations, by im2col, where it has no kernels of its
/// own.
pub trait AtrousConv2dKernels: ChannelAffineKernels {
    fn atrous_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: ConvGeometry,
        _precision: Precision,
    ) -> FloatTensor<Self> {
        im2col::forward::<Self>(input, weight, geometry)
    }

    /// A convolution with a map of each channel behind it: a backend may do both while the output
    /// is in a cache.
    fn mapped_atrous_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        map: ChannelMap<Self>,
        options: MappedConv,
    ) -> FloatTensor<Self> {
        let output = Self::atrous_conv2d(input, weight, options.geometry, options.precision);
        channel_affine::forward::<Self>(output, map, options.relu)
    }

    /// The gradients of the input and of the weights, each where it is `wanted`.
    fn atrous_conv2d_gradients(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        geometry: ConvGeometry,
        _precision: Precision,
        wanted: [bool; 2],
    ) -> [Option<FloatTensor<Self>>; 2] {
        im2col::gradients::<Self>(input, weight, output_grad, geometry, wanted)
    }
}

/// The operation by the device of its tensors, with and without gradients.
#[backend_extension(Flex, Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait AtrousConv2dOp: Backend {
    fn atrous_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self>;

    fn mapped_atrous_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        offset: FloatTensor<Self>,
        options: MappedConv,
    ) -> FloatTensor<Self>;
}

impl<B: AtrousConv2dKernels> AtrousConv2dOp for B {
    fn atrous_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self> {
        <B as AtrousConv2dKernels>::atrous_conv2d(input, weight, geometry, precision)
    }

    fn mapped_atrous_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        offset: FloatTensor<Self>,
        options: MappedConv,
    ) -> FloatTensor<Self> {
        <B as AtrousConv2dKernels>::mapped_atrous_conv2d(input, weight, ChannelMap { mean, scale, offset }, options)
    }
}

/// Computes the convolution of `input` (batch x channels in x height x width) with `weight`
/// (channels out x channels in x kernel height x kernel width): batch x channels out x output size.
/// `precision` is also that of its gradients.
///
/// # Panics
/// Where the dilated kernel is larger than the padded input, or for mixed precision on a device
/// without 16-bit floats.
pub fn atrous_conv2d(input: Tensor<4>, weight: Tensor<4>, geometry: ConvGeometry, precision: Precision) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::atrous_conv2d(input.into_dispatch(), weight.into_dispatch(), geometry, precision))
}

/// Computes [`atrous_conv2d()`] and then [`channel_affine()`](crate::ops::channel_affine()), in one
/// go where the device can: a convolution and its batch norm in evaluation mode.
///
/// # Panics
/// As [`atrous_conv2d()`].
pub fn mapped_atrous_conv2d(
    input: Tensor<4>,
    weight: Tensor<4>,
    [mean, scale, offset]: [Tensor<1>; 3],
    options: MappedConv,
) -> Tensor<4> {
    let [mean, scale, offset] = [mean, scale, offset].map(Tensor::into_dispatch);
    let (input, weight) = (input.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(Dispatch::mapped_atrous_conv2d(input, weight, mean, scale, offset, options))
}
