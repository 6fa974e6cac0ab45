//! Sizes of pooled maps.

use std::ops::Range;

/// The windows of a pool: squares, with padding that is never the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolGeometry {
    /// Side of a window.
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
}

impl PoolGeometry {
    /// Returns the output pixels along an axis of `size` input pixels.
    ///
    /// # Panics
    /// Where a window is larger than the padded input.
    pub fn output_size(&self, size: usize) -> usize {
        let padded = size + 2 * self.padding;
        assert!(padded >= self.kernel, "a window of {} pixels does not fit into {padded} padded pixels", self.kernel);
        (padded - self.kernel) / self.stride + 1
    }

    /// Returns the windows, of `count`, whose pixel `tap` lies in the input, and the pixel that it
    /// is in the first of them.
    pub(super) fn valid_windows(&self, tap: usize, count: usize, size: usize) -> (Range<usize>, usize) {
        let start = self.padding.saturating_sub(tap).div_ceil(self.stride);
        let end = (size + self.padding).saturating_sub(tap).div_ceil(self.stride).min(count);
        (start..end.max(start), (start * self.stride + tap).saturating_sub(self.padding))
    }
}

/// Sizes of pooled maps.
#[derive(Clone, Copy, Debug)]
pub struct PoolShape {
    /// Input height and width.
    pub input: [usize; 2],
    pub geometry: PoolGeometry,
}

impl PoolShape {
    /// Returns the output height and width.
    pub fn output(&self) -> [usize; 2] {
        self.input.map(|size| self.geometry.output_size(size))
    }

    /// Returns the pixels of an input and of an output plane.
    pub(super) fn areas(&self) -> [usize; 2] {
        [self.input, self.output()].map(|[height, width]| height * width)
    }
}
