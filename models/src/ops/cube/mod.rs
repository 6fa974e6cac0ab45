//! The operations on GPUs: kernels of our own where they can be, else composed of burn's operations.

mod choice;
mod convolution;
mod half;
mod launch;
mod loss;
mod momentum;
mod norm;
mod residual;
mod resize;
#[cfg(test)]
mod tests;
mod tiles;
mod ways;
mod weights;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn_wgpu::CubeBackend;

use super::composed;
use super::kernels::{ChannelMap, Kernels, NormTerms, Running, dims};
use crate::Precision;
use crate::kernels::conv::{ConvGeometry, ConvShape};
use crate::kernels::momentum::MomentumStep;
use crate::kernels::norm::NormOptions;
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

    fn convolution_gradients(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_grad: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
        [of_input, of_weight]: [bool; 2],
    ) -> [Option<FloatTensor<Self>>; 2] {
        let shape = ConvShape::new(dims(&input), dims(&weight), geometry);
        let grad = ways::scaled_side(output_grad, precision);
        let of_input = of_input.then(|| {
            let way = way(&input, &shape, Product::Maps, precision);
            ways::input_gradient(way, input.clone(), weight.clone(), grad.clone(), geometry, precision)
        });
        let of_weight = of_weight.then(|| {
            let way = way(&input, &shape, Product::Weights, precision);
            ways::weight_gradient(way, input, weight, grad, geometry, precision)
        });
        [of_input, of_weight]
    }

    fn norm_terms(
        input: FloatTensor<Self>,
        parameters: [FloatTensor<Self>; 2],
        running: Running<Self>,
        options: NormOptions,
    ) -> (NormTerms<Self>, Running<Self>) {
        match norm::fits(&input) {
            true => norm::norm_terms(input, parameters, running, options),
            false => composed::norm_terms::<Self>(input, parameters, running, options),
        }
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

    fn bilinear(input: FloatTensor<Self>, size: [usize; 2], align_corners: bool) -> FloatTensor<Self> {
        match resize::fits(&input, size) {
            true => resize::bilinear(input, size, align_corners),
            false => composed::bilinear::<Self>(input, size, align_corners),
        }
    }

    fn bilinear_gradient(output_grad: FloatTensor<Self>, size: [usize; 2], align_corners: bool) -> FloatTensor<Self> {
        match resize::fits(&output_grad, size) {
            true => resize::bilinear_gradient(output_grad, size, align_corners),
            false => composed::bilinear_gradient::<Self>(output_grad, size, align_corners),
        }
    }

    fn residual(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        match residual::fits(&a) {
            true => residual::residual(a, b),
            false => composed::residual::<Self>(a, b),
        }
    }

    fn residual_gradient(output: FloatTensor<Self>, output_grad: FloatTensor<Self>) -> FloatTensor<Self> {
        match residual::fits(&output) {
            true => residual::residual_gradient(output, output_grad),
            false => composed::residual_gradient::<Self>(output, output_grad),
        }
    }

    fn pixel_cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>) -> FloatTensor<Self> {
        match loss::fits(&logits, &labels) {
            true => loss::cross_entropy(logits, labels),
            false => composed::cross_entropy::<Self>(logits, labels),
        }
    }

    fn pixel_cross_entropy_gradient(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        upstream: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        match loss::fits(&logits, &labels) {
            true => loss::cross_entropy_gradient(logits, labels, upstream),
            false => composed::cross_entropy_gradient::<Self>(logits, labels, upstream),
        }
    }
}
