//! Operations with a backward of our own, on every backend.
//!
//! [`Kernels`] is what a backend has to offer: each operation and its gradients. The default bodies compose burn's
//! operations, for what kernels of our own do not take; the CPU backend's are those of [`crate::kernels`], the GPU's those of `cube`.
//! [`NetworkOps`] is what networks call, on tensors that may or may not track gradients.

mod autodiff;
mod columns;
mod composed;
#[cfg(feature = "wgpu")]
pub(crate) mod cube;
mod flex;
mod kernels;
mod tensor;

pub use kernels::{ChannelMap, Kernels, NormTerms, Running};

pub use tensor::{
    affine, atrous_conv2d, batch_norm, cross_entropy, join, max_pool, mean_map, momentum_step, residual,
    resize_bilinear,
};

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, ExtensionType, Flex, backend_extension};
#[cfg(feature = "wgpu")]
use burn_wgpu::CubeBackend;

use crate::Precision;
use crate::kernels::conv::ConvGeometry;
use crate::kernels::momentum::MomentumStep;
use crate::kernels::norm::NormOptions;
use crate::kernels::pool::PoolGeometry;

/// How this process computed convolutions on GPUs, and what that was chosen by, on one line; empty where it did not.
pub(crate) fn convolution_choices() -> String {
    #[cfg(feature = "wgpu")]
    return cube::choices();
    #[cfg(not(feature = "wgpu"))]
    String::new()
}

/// Batches of maps. Gradients know how many there are when they are compiled.
#[derive(ExtensionType)]
pub enum Maps<B: Backend> {
    Two(FloatTensor<B>, FloatTensor<B>),
    Three(FloatTensor<B>, FloatTensor<B>, FloatTensor<B>),
    Four(FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>),
    Five(FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>),
    Six(FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>),
}

impl<B: Backend> From<Maps<B>> for Vec<FloatTensor<B>> {
    fn from(maps: Maps<B>) -> Self {
        match maps {
            Maps::Two(a, b) => vec![a, b],
            Maps::Three(a, b, c) => vec![a, b, c],
            Maps::Four(a, b, c, d) => vec![a, b, c, d],
            Maps::Five(a, b, c, d, e) => vec![a, b, c, d, e],
            Maps::Six(a, b, c, d, e, f) => vec![a, b, c, d, e, f],
        }
    }
}

/// The operations that networks are made of, dispatched at run time to the device's backend.
#[backend_extension(Flex, Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait NetworkOps: Backend {
    /// Convolution of `input` (batch x channels in x height x width) with `weight` (channels out x channels in x
    /// kernel height x kernel width). `precision` is also that of its gradients.
    fn atrous_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self>;

    /// Batch norm in training mode, and the ReLU behind it. Returns the output and, without gradient, the running mean and
    /// (**unbiased**) variance of each channel after this batch.
    fn batch_norm(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        running_mean: FloatTensor<Self>,
        running_variance: FloatTensor<Self>,
        options: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// `(input - mean) * scale + offset` per channel, and a ReLU behind it if `relu`: batch norm in evaluation mode.
    /// Mean, scale and offset are constants here: they get no gradient.
    fn affine(
        input: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        offset: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self>;

    /// Bilinear resizing of batch x channels x height x width to `size` (height, width).
    fn resize_bilinear(input: FloatTensor<Self>, size: [usize; 2], align_corners: bool) -> FloatTensor<Self>;

    /// The maximum of each window of batch x channels x height x width.
    fn max_pool(input: FloatTensor<Self>, geometry: PoolGeometry) -> FloatTensor<Self>;

    /// The mean of each map of batch x channels x height x width: batch x channels x 1 x 1.
    fn mean_map(input: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Maps of one batch and one height and width, side by side along the channels. Maps of one pixel are spread to the size of
    /// the others.
    fn join(#[extension_type] maps: Maps<Self>) -> FloatTensor<Self>;

    /// `relu(a + b)` of two maps of one shape.
    fn residual(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;

    /// A parameter's values and velocities after a step of stochastic gradient descent. Tracks no gradients.
    fn momentum_step(
        values: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocities: FloatTensor<Self>,
        by: MomentumStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Cross entropy of `logits` (batch x classes x height x width) with `labels` (batch x height x width), label
    /// 255 ignored, divided by the number of all pixels. One value.
    fn cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>) -> FloatTensor<Self>;
}

/// Without gradients, the operations are the kernels themselves.
macro_rules! without_gradients {
    ($backend:ty) => {
        impl NetworkOps for $backend {
            fn atrous_conv2d(
                input: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                geometry: ConvGeometry,
                precision: Precision,
            ) -> FloatTensor<Self> {
                <Self as Kernels>::convolution(input, weight, geometry, precision)
            }

            fn batch_norm(
                input: FloatTensor<Self>,
                gamma: FloatTensor<Self>,
                beta: FloatTensor<Self>,
                running_mean: FloatTensor<Self>,
                running_variance: FloatTensor<Self>,
                options: NormOptions,
            ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                let running = Running { mean: running_mean, variance: running_variance };
                let (terms, running) = <Self as Kernels>::norm_terms(input.clone(), [gamma, beta], running, options);
                let output = <Self as Kernels>::channel_affine(input, terms.map, options.relu);
                (output, running.mean, running.variance)
            }

            fn affine(
                input: FloatTensor<Self>,
                mean: FloatTensor<Self>,
                scale: FloatTensor<Self>,
                offset: FloatTensor<Self>,
                relu: bool,
            ) -> FloatTensor<Self> {
                <Self as Kernels>::channel_affine(input, ChannelMap { mean, scale, offset }, relu)
            }

            fn resize_bilinear(input: FloatTensor<Self>, size: [usize; 2], align_corners: bool) -> FloatTensor<Self> {
                <Self as Kernels>::bilinear(input, size, align_corners)
            }

            fn max_pool(input: FloatTensor<Self>, geometry: PoolGeometry) -> FloatTensor<Self> {
                <Self as Kernels>::maxima(input, geometry)
            }

            fn mean_map(input: FloatTensor<Self>) -> FloatTensor<Self> {
                composed::mean_map::<Self>(input)
            }

            fn join(maps: Maps<Self>) -> FloatTensor<Self> {
                <Self as Kernels>::join(maps.into())
            }

            fn residual(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
                <Self as Kernels>::residual(a, b)
            }

            fn momentum_step(
                values: FloatTensor<Self>,
                gradient: FloatTensor<Self>,
                velocities: FloatTensor<Self>,
                by: MomentumStep,
            ) -> (FloatTensor<Self>, FloatTensor<Self>) {
                <Self as Kernels>::momentum_step(values, gradient, velocities, by)
            }

            fn cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>) -> FloatTensor<Self> {
                <Self as Kernels>::pixel_cross_entropy(logits, labels)
            }
        }
    };
}

without_gradients!(Flex);
#[cfg(feature = "wgpu")]
without_gradients!(CubeBackend);
