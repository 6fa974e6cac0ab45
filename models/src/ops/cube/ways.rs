//! The three products of a convolution by each way of computing them.

use std::fmt;

use burn::backend::tensor::FloatTensor;
use burn_wgpu::CubeBackend;

use super::convolution;
use super::half::Side;
use super::tiles::Matrices;
use super::weights::Weights;
use crate::Precision;
use crate::kernels::conv::ConvGeometry;
use crate::ops::columns;
use crate::ops::kernels::dims;

type Tensor = FloatTensor<CubeBackend>;

/// How a product is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// What the taps see is copied, and multiplied by the runtime's matrix product.
    Columns,
    /// Kernels of our own.
    Tiles,
    /// Kernels of our own, by cooperative matrices; for mixed precision.
    Matrices(Matrices),
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Columns => "columns",
            Way::Tiles => "tiles",
            Way::Matrices(_) => "matrices",
        })
    }
}

impl Way {
    pub(super) fn matrices(self) -> Option<Matrices> {
        match self {
            Way::Columns | Way::Tiles => None,
            Way::Matrices(matrices) => Some(matrices),
        }
    }
}

/// A map or weights of a product.
pub(super) fn side(tensor: Tensor, precision: Precision) -> Side {
    match precision {
        Precision::Single => Side::single(tensor),
        Precision::Mixed => Side::half(tensor),
    }
}

/// The gradient of a map.
pub(super) fn scaled_side(tensor: Tensor, precision: Precision) -> Side {
    match precision {
        Precision::Single => Side::single(tensor),
        Precision::Mixed => Side::scaled_half(tensor),
    }
}

pub(super) fn forward(way: Way, input: Tensor, weight: Tensor, geometry: ConvGeometry, precision: Precision) -> Tensor {
    let input = side(input, precision);
    match way {
        Way::Columns => columns::forward::<CubeBackend>(input.widened(), side(weight, precision).widened(), geometry),
        _ => convolution::forward(input, Weights::new(weight), geometry, way.matrices()),
    }
}

/// From the [`scaled_side`] of the output's gradient; by columns where there is no such convolution.
pub(super) fn input_gradient(
    way: Way,
    input: Tensor,
    weight: Tensor,
    grad: Side,
    geometry: ConvGeometry,
    precision: Precision,
) -> Tensor {
    let [_, _, rows, columns] = dims(&weight);
    match geometry.turned([rows, columns]) {
        Some(turned) if way != Way::Columns => convolution::input_gradient(weight, grad, turned, way.matrices()),
        _ => {
            let weight = side(weight, precision).widened();
            columns::input_gradient::<CubeBackend>(input, weight, grad.widened(), geometry)
        }
    }
}

/// From the [`scaled_side`] of the output's gradient.
pub(super) fn weight_gradient(
    way: Way,
    input: Tensor,
    weight: Tensor,
    grad: Side,
    geometry: ConvGeometry,
    precision: Precision,
) -> Tensor {
    let input = side(input, precision);
    match way {
        Way::Columns => columns::weight_gradient::<CubeBackend>(input.widened(), weight, grad.widened(), geometry),
        _ => convolution::weight_gradient(input, weight, grad, geometry, way.matrices()),
    }
}
