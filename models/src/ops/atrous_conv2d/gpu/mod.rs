//! The kernels of the GPU backend, and the choice between them and im2col.

mod algorithm;
mod case;
mod choice;
mod implicit_gemm;
mod operand;
mod probe;
mod request;
#[cfg(test)]
mod tests;

pub use choice::choices;

use burn_wgpu::{CubeBackend, CubeTensor};

use self::algorithm::{forward, input_gradient, weight_gradient};
use self::case::Product;
use self::choice::algorithm;
use self::operand::GpuOperand;
use super::AtrousConv2dKernels;
use super::geometry::{ConvGeometry, ConvShape};
use crate::ops::dims::dims;
use crate::precision::Precision;

/// Checks whether the environment asks for an algorithm that there is.
///
/// # Errors
/// What it may ask for.
pub fn check_environment() -> Result<(), String> {
    request::requested().map(|_| ())
}

impl AtrousConv2dKernels for CubeBackend {
    fn atrous_conv2d(
        input: CubeTensor,
        weight: CubeTensor,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> CubeTensor {
        let shape = ConvShape::new(dims(&input), dims(&weight), geometry);
        let algorithm = algorithm(&input, &shape, Product::Maps, precision);
        forward(algorithm, input, weight, geometry, precision)
    }

    fn atrous_conv2d_gradients(
        input: CubeTensor,
        weight: CubeTensor,
        output_grad: CubeTensor,
        geometry: ConvGeometry,
        precision: Precision,
        [of_input, of_weight]: [bool; 2],
    ) -> [Option<CubeTensor>; 2] {
        let shape = ConvShape::new(dims(&input), dims(&weight), geometry);
        let grad = GpuOperand::scaled(output_grad, precision);
        let of_input = of_input.then(|| {
            let algorithm = algorithm(&input, &shape, Product::Maps, precision);
            input_gradient(algorithm, input.clone(), weight.clone(), grad.clone(), geometry, precision)
        });
        let of_weight = of_weight.then(|| {
            let algorithm = algorithm(&input, &shape, Product::Weights, precision);
            weight_gradient(algorithm, input, weight, grad, geometry, precision)
        });
        [of_input, of_weight]
    }
}
