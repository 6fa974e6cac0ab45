//! The three products of a convolution by each algorithm.

use std::fmt;

use burn_wgpu::{CubeBackend, CubeTensor};

use super::implicit_gemm::{self, GpuWeights, Matrices};
use super::operand::GpuOperand;
use crate::ops::atrous_conv2d::geometry::ConvGeometry;
use crate::ops::atrous_conv2d::im2col;
use crate::ops::dims::dims;
use crate::precision::Precision;

/// The algorithm that computes a product. Its name, in results and for users, is the older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Copies what the taps see, for the runtime's matrix product.
    Im2col,
    /// Kernels of our own.
    ImplicitGemm,
    /// Kernels of our own, by cooperative matrices; for mixed precision.
    Matrices(Matrices),
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Algorithm::Im2col => "columns",
            Algorithm::ImplicitGemm => "tiles",
            Algorithm::Matrices(_) => "matrices",
        })
    }
}

impl Algorithm {
    /// Returns cooperative matrices, for a precision that has a use for them, on a device that has
    /// them.
    pub fn by_matrices(like: &CubeTensor, precision: Precision) -> Option<Self> {
        let matrices = || implicit_gemm::cooperative_matrices(like).map(Self::Matrices);
        if precision == Precision::Mixed { matrices() } else { None }
    }

    /// Returns the cooperative matrices of the algorithm, where it has some.
    pub fn matrices(self) -> Option<Matrices> {
        match self {
            Algorithm::Im2col | Algorithm::ImplicitGemm => None,
            Algorithm::Matrices(matrices) => Some(matrices),
        }
    }
}

/// Computes the output.
pub fn forward(
    algorithm: Algorithm,
    input: CubeTensor,
    weight: CubeTensor,
    geometry: ConvGeometry,
    precision: Precision,
) -> CubeTensor {
    let input = GpuOperand::of(input, precision);
    match algorithm {
        Algorithm::Im2col => {
            im2col::forward::<CubeBackend>(input.widened(), GpuOperand::of(weight, precision).widened(), geometry)
        }
        _ => implicit_gemm::forward(input, GpuWeights::new(weight), geometry, algorithm.matrices()),
    }
}

/// Computes the gradient of the input: a convolution with a stride of 1, or one for each remainder
/// by the stride.
pub fn input_gradient(
    algorithm: Algorithm,
    input: CubeTensor,
    weight: CubeTensor,
    grad: GpuOperand,
    geometry: ConvGeometry,
    precision: Precision,
) -> CubeTensor {
    let [_, _, rows, columns] = dims(&weight);
    match geometry.turned([rows, columns]) {
        Some(turned) if algorithm != Algorithm::Im2col => {
            implicit_gemm::input_gradient(weight, grad, turned, algorithm.matrices())
        }
        None if algorithm != Algorithm::Im2col => {
            implicit_gemm::strided_input_gradient(dims(&input), weight, grad, geometry, algorithm.matrices())
        }
        _ => {
            let weight = GpuOperand::of(weight, precision).widened();
            im2col::input_gradient::<CubeBackend>(input, weight, grad.widened(), geometry)
        }
    }
}

/// Computes the gradient of the weights.
pub fn weight_gradient(
    algorithm: Algorithm,
    input: CubeTensor,
    weight: CubeTensor,
    grad: GpuOperand,
    geometry: ConvGeometry,
    precision: Precision,
) -> CubeTensor {
    let input = GpuOperand::of(input, precision);
    match algorithm {
        Algorithm::Im2col => im2col::weight_gradient::<CubeBackend>(input.widened(), weight, grad.widened(), geometry),
        _ => implicit_gemm::weight_gradient(input, weight, grad, geometry, algorithm.matrices()),
    }
}
