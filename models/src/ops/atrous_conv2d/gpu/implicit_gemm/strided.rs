//! The gradient of the input of a convolution with a stride.
//!
//! The input pixels whose row and column leave the same remainders, divided by the stride, see the
//! same taps, and see them at the distances of a convolution with a stride of 1. So there is one
//! product of maps for each pair of remainders.

use burn_wgpu::CubeTensor;

use super::block::ConvSizesLaunch;
use super::launch::{OutputPixels, launch_maps};
use super::map_product::PixelGridLaunch;
use super::plan::Matrices;
use super::weights::GpuWeights;
use super::work::{self, MatrixProduct};
use crate::ops::atrous_conv2d::geometry::{ConvGeometry, ConvShape};
use crate::ops::atrous_conv2d::gpu::operand::GpuOperand;
use crate::ops::dims::dims;
use crate::ops::gpu::launch::empty;

/// What input pixels of one remainder see along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StridePhase {
    /// The first of the pixels, and their number.
    pub first: usize,
    pub pixels: usize,
    /// The first of their taps in the kernel turned around, and their number.
    pub tap: usize,
    pub taps: usize,
    /// The output pixel that the first tap sees from the first pixel.
    pub offset: isize,
}

impl StridePhase {
    /// Returns what the input pixels from `first` on see along an axis, in steps of the stride.
    pub fn new(shape: &ConvShape, axis: usize, first: usize) -> Self {
        let ConvGeometry { stride, padding, dilation } = shape.geometry;
        let pixels = shape.input[axis].saturating_sub(first).div_ceil(stride);
        let reach = |tap: usize| (first + padding) as isize - (tap * dilation) as isize;
        let sees = |tap: &usize| reach(*tap) % stride as isize == 0;
        let mut seen = (0..shape.kernel[axis]).filter(sees);
        let (taps, last) = (seen.clone().count(), seen.next_back().unwrap_or(0));
        let offset = reach(last) / stride as isize;
        Self { first, pixels, tap: shape.kernel[axis] - 1 - last, taps, offset }
    }

    /// Returns the distance of taps in the kernel, and of what they see.
    pub fn steps(ConvGeometry { stride, dilation, .. }: ConvGeometry) -> [usize; 2] {
        let step = stride / greatest_common_divisor(stride, dilation);
        [step, step * dilation / stride]
    }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Returns the product that the gradient of these pixels is.
pub fn product(shape: &ConvShape, [rows, columns]: [StridePhase; 2]) -> MatrixProduct {
    let [channels_in, channels_out] = shape.channels;
    let [height, width] = shape.output();
    let (pixels, taps) = (shape.batch * rows.pixels * columns.pixels, rows.taps * columns.taps);
    let read = if taps == 0 { 0 } else { shape.batch * height * width * channels_out };
    let bytes = 4 * (read + channels_in * pixels + channels_in * channels_out * taps);
    MatrixProduct { rows: channels_in, columns: pixels, terms: channels_out, repeats: taps, count: 1, bytes }
}

/// Computes the gradient of the input, of batch x channels x height x width.
pub fn input_gradient(
    input: [usize; 4],
    weight: CubeTensor,
    output_grad: GpuOperand,
    geometry: ConvGeometry,
    matrices: Option<Matrices>,
) -> CubeTensor {
    let shape = ConvShape::new(input, dims(&weight), geometry);
    let [height, width] = shape.output();
    let [channels_in, channels_out] = shape.channels;
    assert_eq!(dims(&output_grad.values), [shape.batch, channels_out, height, width], "the output's gradient");
    let gradient = empty(&output_grad.values, input);
    let [step, dilation] = StridePhase::steps(geometry);
    for (row, column) in (0..geometry.stride).flat_map(|row| (0..geometry.stride).map(move |column| (row, column))) {
        let phases = [StridePhase::new(&shape, 0, row), StridePhase::new(&shape, 1, column)];
        let [rows, columns] = phases;
        let product = product(&shape, phases);
        if product.columns == 0 {
            continue;
        }
        let weight = match product.repeats {
            // Nothing is read.
            0 => output_grad.values.clone(),
            _ => {
                let taps = phases.map(|phase| phase.tap..phase.tap + (phase.taps - 1) * step + 1);
                GpuWeights::turned(weight.clone()).by_taps(taps, step, &output_grad.values)
            }
        };
        let sizes = ConvSizesLaunch::new(
            shape.batch as u32,
            channels_out as u32,
            channels_in as u32,
            height as u32,
            width as u32,
            rows.pixels as u32,
            columns.pixels as u32,
            if product.repeats == 0 { 0 } else { rows.taps as u32 },
            columns.taps as u32,
            rows.offset as i32,
            columns.offset as i32,
            dilation as i32,
            1,
        );
        let [plane, width] = [input[2] * input[3], input[3]];
        let first = rows.first * width + columns.first;
        let grid = PixelGridLaunch::new(plane as u32, width as u32, geometry.stride as u32, first as u32);
        let schedule = work::whole(&product, matrices);
        let pixels = OutputPixels::Grid(sizes, grid);
        launch_maps(schedule, &product, &weight, &output_grad, &gradient, pixels);
    }
    gradient
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a 3x3 kernel with a stride of 2, even pixels see one tap along an axis, odd ones two.
    #[test]
    fn phases_share_out_the_taps() {
        let geometry = ConvGeometry { stride: 2, padding: 1, dilation: 1 };
        let shape = ConvShape::new([1, 4, 7, 8], [5, 4, 3, 3], geometry);
        assert_eq!(StridePhase::new(&shape, 0, 0), StridePhase { first: 0, pixels: 4, tap: 1, taps: 1, offset: 0 });
        assert_eq!(StridePhase::new(&shape, 0, 1), StridePhase { first: 1, pixels: 3, tap: 0, taps: 2, offset: 0 });
        assert_eq!(StridePhase::steps(geometry), [2, 1]);
        // Of one tap, odd pixels see nothing.
        let shape = ConvShape { kernel: [1, 1], geometry: ConvGeometry { padding: 0, ..geometry }, ..shape };
        assert_eq!([0, 1].map(|first| StridePhase::new(&shape, 1, first).taps), [1, 0]);
        for (stride, dilation, wanted) in [(3, 1, [3, 1]), (2, 2, [1, 1]), (2, 4, [1, 2]), (4, 6, [2, 3])] {
            assert_eq!(StridePhase::steps(ConvGeometry { stride, padding: 0, dilation }), wanted);
        }
    }
}
