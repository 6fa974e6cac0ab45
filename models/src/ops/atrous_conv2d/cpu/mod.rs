//! The kernels of the CPU backend: blocked matrix products.
//!
//! What the taps see from a few pixels is copied into a small buffer that stays in the cache, and
//! multiplied with the weights. Taps that see nothing but padding from there are left out of the
//! product, so that a 3x3 branch whose rate reaches the map's size costs what a 1x1 costs.

mod channel_band;
mod flex;
pub(super) mod half;
mod mapping;
mod operand;
mod output_map;
mod packed_weights;
mod panel;
mod pointwise;
mod product;
mod row_band;
mod tile;
mod weight_gradient;
mod winograd;

pub use weight_gradient::weight_gradient;

use super::geometry::ConvShape;
use crate::ops::channel_affine::cpu::MapInPlace;
use mapping::Mapping;
use operand::OperandShape;
use packed_weights::WeightView;
use product::product;

/// Computes the output (batch x channels out x output size) from `input` (batch x channels in x
/// height x width) and `weight` (channels out x channels in x kernel).
pub fn forward(input: &[f32], weight: &[f32], shape: &ConvShape) -> Vec<f32> {
    mapped_forward(input, weight, shape, None)
}

/// Computes [`forward`], mapped by `map` if there is one.
fn mapped_forward(input: &[f32], weight: &[f32], shape: &ConvShape, map: Option<MapInPlace>) -> Vec<f32> {
    let [channels_in, channels_out] = shape.channels;
    let taps = shape.taps();
    let view = WeightView { values: weight, target: channels_in * taps, source: taps, width: shape.kernel[1] };
    let source = OperandShape { channels: channels_in, size: shape.input };
    let target = OperandShape { channels: channels_out, size: shape.output() };
    product(input, view, source, target, shape, Mapping::forward(shape.geometry), map)
}

/// Computes the gradient of the input from `output_grad` (batch x channels out x output size) and
/// `weight`.
pub fn input_gradient(output_grad: &[f32], weight: &[f32], shape: &ConvShape) -> Vec<f32> {
    let [channels_in, channels_out] = shape.channels;
    let taps = shape.taps();
    let view = WeightView { values: weight, target: taps, source: channels_in * taps, width: shape.kernel[1] };
    let source = OperandShape { channels: channels_out, size: shape.output() };
    let target = OperandShape { channels: channels_in, size: shape.input };
    product(output_grad, view, source, target, shape, Mapping::backward(shape.geometry), None)
}

#[cfg(test)]
mod tests;
