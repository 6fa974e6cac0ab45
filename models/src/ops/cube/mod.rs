//! The operations on GPUs: kernels of our own where they can be, else composed of burn's operations.

mod choice;
mod convolution;
mod half;
mod launch;
mod momentum;
mod norm;
#[cfg(test)]
mod tests;
mod tiles;
mod ways;

use burn::backend::tensor::FloatTensor;
use burn_wgpu::CubeBackend;

use super::composed;
use super::kernels::{ChannelMap, Kernels, NormTerms, dims};
use crate::Precision;
use crate::kernels::conv::{ConvGeometry, ConvShape};
use crate::kernels::momentum::MomentumStep;
use choice::{Product, way};

/// How the convolutions of this process were computed, and what that was chosen by.
pub(super) fn choices() -> String {
    choice::choices()
}

/// Whether the environment asks for a way of computing convolutions that there is.
///
/// # Errors
/// What it may ask for.
pub(crate) fn check_environment() -> Result<(), String> {
    choice::wanted_here().map(|_| ())
}

impl Kernels for CubeBackend {
    fn convolution(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self> {
        let shape = ConvShape::new(dims(&input), dims(&weight), geometry);
        let way = way(&input, &shape, Product::Maps, precision);
        ways::forward(way, input, weight, geometry, precision)
    }

    fn convolution_input_gradient(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self> {
        let shape = ConvShape::new(dims(&input), dims(&weight), geometry);
        let way = way(&input, &shape, Product::Maps, precision);
        ways::input_gradient(way, input, weight, output_grad, geometry, precision)
    }

    fn convolution_weight_gradient(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self> {
        let shape = ConvShape::new(dims(&input), dims(&weight), geometry);
        let way = way(&input, &shape, Product::Weights, precision);
        ways::weight_gradient(way, input, weight, output_grad, geometry, precision)
    }

    fn channel_statistics(input: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        if norm::fits(&input) { norm::statistics(input) } else { composed::channel_statistics::<Self>(input) }
    }

    fn channel_affine(input: FloatTensor<Self>, map: ChannelMap<Self>, relu: bool) -> FloatTensor<Self> {
        match norm::fits(&input) {
            true => norm::channel_affine(input, map, relu),
            false => composed::channel_affine::<Self>(input, map, relu),
        }
    }

    fn channel_affine_gradient(
        input: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        map: ChannelMap<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        match norm::fits(&input) {
            true => norm::channel_affine_gradient(input, output_grad, map, relu),
            false => composed::channel_affine_gradient::<Self>(input, output_grad, map, relu),
        }
    }

    fn batch_norm_gradient(
        input: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        terms: NormTerms<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        match norm::fits(&input) {
            true => norm::batch_norm_gradient(input, output_grad, terms, relu),
            false => composed::batch_norm_gradient::<Self>(input, output_grad, terms, relu),
        }
    }

    fn momentum_step(
        values: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocities: FloatTensor<Self>,
        by: MomentumStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        match momentum::fits(&values) {
            true => momentum::step(values, gradient, velocities, by),
            false => composed::momentum_step::<Self>(values, gradient, velocities, by),
        }
    }
}
