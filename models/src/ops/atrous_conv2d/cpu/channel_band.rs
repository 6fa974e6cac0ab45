//! Pixels that dot products read.

use std::ops::Range;

/// A few pixels of several channels, one channel after the other in memory.
#[derive(Default)]
pub(super) struct ChannelBand {
    values: Vec<f32>,
    pub channels: usize,
    stride: usize,
}

impl ChannelBand {
    /// Copies pixels. `area`: values per channel of the image; `pixels`: the values that are taken.
    pub fn copy(&mut self, image: &[f32], channels: Range<usize>, area: usize, pixels: Range<usize>) {
        self.channels = channels.len();
        // An odd number of cache lines apart: powers of two would share few sets of the cache.
        self.stride = (pixels.len().div_ceil(16) | 1) * 16;
        self.values.resize(self.channels * self.stride, 0.0);
        for (line, channel) in self.values.chunks_exact_mut(self.stride).zip(channels) {
            line[..pixels.len()].copy_from_slice(&image[channel * area..][pixels.clone()]);
        }
    }

    /// Returns where a channel's values start. The last channel stands in for all beyond it.
    pub fn channel(&self, channel: usize, offset: usize) -> *const f32 {
        self.values[channel.min(self.channels - 1) * self.stride + offset..].as_ptr()
    }
}
