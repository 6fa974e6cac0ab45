//! The operations on GPUs: kernels of our own where they can be, else composed of burn's operations.

mod choice;
mod convolution;
mod launch;
mod momentum;
mod norm;
#[cfg(test)]
mod tests;
mod tiles;

use burn::backend::tensor::FloatTensor;
use burn_wgpu::CubeBackend;

use super::columns;
use super::kernels::{self, ChannelMap, Kernels, NormTerms, dims};
use crate::kernels::conv::{ConvGeometry, ConvShape};
use crate::kernels::momentum::MomentumStep;
use choice::{Product, Way, way};

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
    fn convolution(input: FloatTensor<Self>, weight: FloatTensor<Self>, geometry: ConvGeometry) -> FloatTensor<Self> {
        let shape = ConvShape::new(dims(&input), dims(&weight), geometry);
        match way(&input, &shape, Product::Maps) {
            Way::Columns => columns::forward::<Self>(input, weight, geometry),
            Way::Tiles => convolution::forward(input, weight, geometry),
        }
    }

    fn convolution_input_gradient(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        let shape = ConvShape::new(dims(&input), dims(&weight), geometry);
        match geometry.turned(shape.kernel) {
            Some(turned) if way(&input, &shape, Product::Maps) == Way::Tiles => {
                convolution::input_gradient(weight, output_grad, turned)
            }
            _ => columns::input_gradient::<Self>(input, weight, output_grad, geometry),
        }
    }

    fn convolution_weight_gradient(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        geometry: ConvGeometry,
    ) -> FloatTensor<Self> {
        let shape = ConvShape::new(dims(&input), dims(&weight), geometry);
        match way(&input, &shape, Product::Weights) {
            Way::Columns => columns::weight_gradient::<Self>(input, weight, output_grad, geometry),
            Way::Tiles => convolution::weight_gradient(input, weight, output_grad, geometry),
        }
    }

    fn channel_statistics(input: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        if norm::fits(&input) { norm::statistics(input) } else { kernels::channel_statistics::<Self>(input) }
    }

    fn channel_affine(input: FloatTensor<Self>, map: ChannelMap<Self>, relu: bool) -> FloatTensor<Self> {
        match norm::fits(&input) {
            true => norm::channel_affine(input, map, relu),
            false => kernels::channel_affine::<Self>(input, map, relu),
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
            false => kernels::channel_affine_gradient::<Self>(input, output_grad, map, relu),
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
            false => kernels::batch_norm_gradient::<Self>(input, output_grad, terms, relu),
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
            false => kernels::momentum_step::<Self>(values, gradient, velocities, by),
        }
    }
}
