//! The operations on GPUs: burn's own, but for convolutions.

mod choice;
mod convolution;
#[cfg(test)]
mod tests;
mod tiles;

use burn::backend::tensor::FloatTensor;
use burn_wgpu::CubeBackend;

use super::columns;
use super::kernels::{Kernels, dims};
use crate::kernels::conv::{ConvGeometry, ConvShape};
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
        match (geometry.turned(shape.kernel), way(&input, &shape, Product::Maps)) {
            (Some(turned), Way::Tiles) => convolution::input_gradient(weight, output_grad, turned),
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
}
