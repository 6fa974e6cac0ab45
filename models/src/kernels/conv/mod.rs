//! Two-dimensional (atrous) convolution and its gradients as blocked matrix products.
//!
//! What the taps see from a few pixels is copied into a small buffer that stays in the cache, and multiplied with the
//! weights. Taps that see nothing but padding from there are left out of the product, so that a 3x3 branch whose rate
//! reaches the map's size costs what a 1x1 costs.

mod band;
mod panel;
mod pointwise;
mod product;
mod weight;
mod weights;

pub use weight::weight_gradient;

use std::ops::Range;

use crate::kernels::gather::Mapping;
use product::{Side, product};
use weights::Given;

/// Stride, padding and dilation (the atrous rate) of a convolution, alike along both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvGeometry {
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
}

impl ConvGeometry {
    /// A stride-1 convolution that keeps the map's size: padding `rate * (kernel - 1) / 2`.
    pub fn same(kernel: usize, rate: usize) -> Self {
        Self { stride: 1, padding: rate * (kernel - 1) / 2, dilation: rate }
    }

    /// Output pixels along an axis of `size` input pixels.
    ///
    /// # Panics
    /// Where the dilated kernel is larger than the padded input.
    pub fn output_size(&self, size: usize, kernel: usize) -> usize {
        let reach = self.dilation * (kernel - 1) + 1;
        let padded = size + 2 * self.padding;
        assert!(padded >= reach, "a kernel that reaches {reach} pixels does not fit into {padded} padded pixels");
        (padded - reach) / self.stride + 1
    }

    /// Of the convolution that the gradient of the input is, of the output's gradient with the kernel turned around: there is one for a
    /// stride of 1 and a square kernel that reaches over the padding.
    pub fn turned(&self, kernel: [usize; 2]) -> Option<Self> {
        let across = self.dilation * (kernel[0] - 1);
        let is_one = self.stride == 1 && kernel[0] == kernel[1] && across >= self.padding;
        is_one.then(|| Self { padding: across - self.padding, ..*self })
    }
}

/// All sizes of one convolution.
#[derive(Clone, Copy, Debug)]
pub struct ConvShape {
    pub batch: usize,
    /// Channels in, channels out.
    pub channels: [usize; 2],
    /// Input height and width.
    pub input: [usize; 2],
    /// Kernel height and width.
    pub kernel: [usize; 2],
    pub geometry: ConvGeometry,
}

impl ConvShape {
    /// Of a batch x channels x height x width, and weights of channels out x channels in x kernel.
    pub fn new(input: [usize; 4], weight: [usize; 4], geometry: ConvGeometry) -> Self {
        let [batch, channels_in, height, width] = input;
        let [channels_out, _, rows, columns] = weight;
        let (channels, input, kernel) = ([channels_in, channels_out], [height, width], [rows, columns]);
        Self { batch, channels, input, kernel, geometry }
    }

    /// Output height and width.
    pub fn output(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.geometry.output_size(self.input[axis], self.kernel[axis]))
    }

    fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// The rows (axis 0) or columns (1) of the kernel that see at least one pixel of the input from anywhere.
    pub fn live_taps(&self, axis: usize) -> Range<usize> {
        let (size, output) = (self.input[axis] as isize, self.output()[axis]);
        let sees = |tap: &usize| {
            let first = (tap * self.geometry.dilation) as isize - self.geometry.padding as isize;
            (0..output)
                .map(|position| first + (position * self.geometry.stride) as isize)
                .any(|at| (0..size).contains(&at))
        };
        let mut live = (0..self.kernel[axis]).filter(sees);
        // What taps see moves one way: those that see something lie side by side.
        let first = live.next();
        first.map_or(0..0, |first| first..live.next_back().unwrap_or(first) + 1)
    }

    fn forward_mapping(&self) -> Mapping {
        let ConvGeometry { stride, padding, dilation } = self.geometry;
        Mapping { scale: stride as isize, step: dilation as isize, offset: -(padding as isize), divisor: 1 }
    }

    fn backward_mapping(&self) -> Mapping {
        let ConvGeometry { stride, padding, dilation } = self.geometry;
        Mapping { scale: 1, step: -(dilation as isize), offset: padding as isize, divisor: stride as isize }
    }

    /// Whether a source image can be multiplied as it lies in memory.
    fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.geometry.stride == 1 && self.geometry.padding == 0
    }
}

/// `input`: batch x channels in x height x width; `weight`: channels out x channels in x kernel. Returns
/// batch x channels out x output size.
pub fn forward(input: &[f32], weight: &[f32], shape: &ConvShape) -> Vec<f32> {
    let [channels_in, channels_out] = shape.channels;
    let taps = shape.taps();
    let given = Given { values: weight, target: channels_in * taps, source: taps, width: shape.kernel[1] };
    let source = Side { channels: channels_in, size: shape.input };
    let target = Side { channels: channels_out, size: shape.output() };
    product(input, given, source, target, shape, shape.forward_mapping())
}

/// Gradient of the input, from `output_grad` (batch x channels out x output size) and `weight`.
pub fn input_gradient(output_grad: &[f32], weight: &[f32], shape: &ConvShape) -> Vec<f32> {
    let [channels_in, channels_out] = shape.channels;
    let taps = shape.taps();
    let given = Given { values: weight, target: taps, source: channels_in * taps, width: shape.kernel[1] };
    let source = Side { channels: channels_out, size: shape.output() };
    let target = Side { channels: channels_in, size: shape.input };
    product(output_grad, given, source, target, shape, shape.backward_mapping())
}

#[cfg(test)]
mod tests;
