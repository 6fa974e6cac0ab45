//! Sizes of a convolution.

use std::ops::Range;

/// The stride, padding and dilation (the atrous rate) of a convolution, alike along both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConvGeometry {
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
}

impl ConvGeometry {
    /// Returns a stride-1 convolution that keeps the map's size: padding `rate * (kernel - 1) / 2`.
    pub fn same(kernel: usize, rate: usize) -> Self {
        Self { stride: 1, padding: rate * (kernel - 1) / 2, dilation: rate }
    }

    /// Returns the output pixels along an axis of `size` input pixels.
    ///
    /// # Panics
    /// Where the dilated kernel is larger than the padded input.
    pub fn output_size(&self, size: usize, kernel: usize) -> usize {
        let reach = self.dilation * (kernel - 1) + 1;
        let padded = size + 2 * self.padding;
        assert!(padded >= reach, "a kernel that reaches {reach} pixels does not fit into {padded} padded pixels");
        (padded - reach) / self.stride + 1
    }

    /// Returns the geometry of the convolution that the gradient of the input is: of the output's
    /// gradient, with the kernel turned around. There is one for a stride of 1 and a square kernel
    /// that reaches over the padding.
    pub fn turned(&self, kernel: [usize; 2]) -> Option<Self> {
        let across = self.dilation * (kernel[0] - 1);
        let is_one = self.stride == 1 && kernel[0] == kernel[1] && across >= self.padding;
        is_one.then(|| Self { padding: across - self.padding, ..*self })
    }
}

/// The sizes of one convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Takes the sizes of an input (batch x channels x height x width) and of weights (channels out
    /// x channels in x kernel).
    pub fn new(input: [usize; 4], weight: [usize; 4], geometry: ConvGeometry) -> Self {
        let [batch, channels_in, height, width] = input;
        let [channels_out, _, rows, columns] = weight;
        let (channels, input, kernel) = ([channels_in, channels_out], [height, width], [rows, columns]);
        Self { batch, channels, input, kernel, geometry }
    }

    /// Returns the output height and width.
    pub fn output(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.geometry.output_size(self.input[axis], self.kernel[axis]))
    }

    /// Returns the number of taps of the kernel.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Returns the rows (axis 0) or columns (1) of the kernel that see at least one pixel of the
    /// input from anywhere.
    pub fn live_taps(&self, axis: usize) -> Range<usize> {
        let (size, output) = (self.input[axis] as isize, self.output()[axis]);
        let is_live = |tap: &usize| {
            let first = (tap * self.geometry.dilation) as isize - self.geometry.padding as isize;
            (0..output)
                .map(|position| first + (position * self.geometry.stride) as isize)
                .any(|at| (0..size).contains(&at))
        };
        let mut live = (0..self.kernel[axis]).filter(is_live);
        // What taps see moves one way: live taps lie side by side.
        let first = live.next();
        first.map_or(0..0, |first| first..live.next_back().unwrap_or(first) + 1)
    }

    /// Counts the multiply-adds of a forward pass, without those whose tap sees padding.
    pub fn live_multiply_adds(&self) -> usize {
        let ConvGeometry { stride, padding, dilation } = self.geometry;
        let output = self.output();
        // Pairs of a tap along an axis and a position from which it sees the input.
        let seen = |axis: usize| {
            let at = |tap: usize, position: usize| (position * stride + tap * dilation).checked_sub(padding);
            let is_live = |tap, position| at(tap, position).is_some_and(|at| at < self.input[axis]);
            (0..self.kernel[axis])
                .map(|tap| (0..output[axis]).filter(|position| is_live(tap, *position)).count())
                .sum::<usize>()
        };
        self.batch * self.channels[0] * self.channels[1] * seen(0) * seen(1)
    }

    /// Returns the same convolution of maps of one row each, where the kernel is a single tap that
    /// sees the pixel at its own place; else itself.
    pub fn in_one_row(&self) -> Self {
        let row = [1, self.input[0] * self.input[1]];
        if self.is_pointwise() { Self { input: row, ..*self } } else { *self }
    }

    /// Returns how many neighbouring output pixels of a row see neighbouring input pixels through
    /// every tap, all of them or none, at places in memory that are multiples of their number:
    /// four, or one.
    pub fn pixels_at_once(&self) -> usize {
        let ConvGeometry { stride, padding, dilation } = self.geometry;
        let columns = self.live_taps(1);
        let mut offsets = columns.map(|tap| (tap * dilation).abs_diff(padding));
        let widths = [self.input[1], self.output()[1]];
        let is_even = stride == 1 && widths.iter().all(|width| width.is_multiple_of(4));
        if is_even && offsets.all(|offset| offset.is_multiple_of(4)) { 4 } else { 1 }
    }

    /// Returns whether a source image can be multiplied as it lies in memory.
    pub(super) fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.geometry.stride == 1 && self.geometry.padding == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_that_every_tap_sees_together() {
        let at_once = |input, kernel, geometry| {
            ConvShape { batch: 2, channels: [3, 5], input, kernel: [kernel; 2], geometry }.pixels_at_once()
        };
        // The outer taps of a row see pixels so many to the side.
        let of_rates = [1, 2, 4, 6, 12, 18, 24].map(|rate| at_once([5, 16], 3, ConvGeometry::same(3, rate)));
        assert_eq!(of_rates, [1, 1, 4, 1, 4, 4, 4], "at 18 the outer taps see nothing");
        assert_eq!(at_once([5, 18], 3, ConvGeometry::same(3, 4)), 1, "rows of 18");
        assert_eq!(at_once([5, 16], 1, ConvGeometry { stride: 2, ..ConvGeometry::same(1, 1) }), 1);
        assert_eq!(at_once([5, 16], 3, ConvGeometry { padding: 2, ..ConvGeometry::same(3, 4) }), 1, "two to the side");
        let pointwise = ConvShape::new([2, 3, 6, 10], [5, 3, 1, 1], ConvGeometry::same(1, 1));
        assert_eq!([pointwise.pixels_at_once(), pointwise.in_one_row().pixels_at_once()], [1, 4]);
        let atrous = ConvShape { kernel: [3; 2], geometry: ConvGeometry::same(3, 4), ..pointwise };
        assert_eq!(atrous.in_one_row(), atrous);
    }

    #[test]
    fn taps_that_see_padding_cost_nothing() {
        let live = |input, kernel, geometry| {
            let shape = ConvShape { batch: 2, channels: [3, 5], input, kernel: [kernel; 2], geometry };
            shape.live_multiply_adds() / (2 * 3 * 5)
        };
        assert_eq!(live([4, 6], 1, ConvGeometry::same(1, 1)), 4 * 6);
        // Of three taps along a side of 4 pixels the outer two see 3 of them each; along one of
        // 6 pixels, 5.
        assert_eq!(live([4, 6], 3, ConvGeometry::same(3, 1)), (3 + 4 + 3) * (5 + 6 + 5));
        // The outer rows see nothing.
        assert_eq!(live([4, 6], 3, ConvGeometry::same(3, 4)), 4 * (2 + 6 + 2));
        assert_eq!(live([4, 6], 3, ConvGeometry::same(3, 6)), 4 * 6);
        // The first of the three taps sees padding from the first position.
        assert_eq!(live([4, 6], 3, ConvGeometry { stride: 2, ..ConvGeometry::same(3, 1) }), (1 + 2 + 2) * (2 + 3 + 3));
    }
}
