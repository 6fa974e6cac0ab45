//! Pixels that dot products read.

use std::ops::Range;

use pulp::Simd;

use super::tile::{Area, dots};

/// Right channels that are multiplied at once.
const DOT_COLUMNS: usize = 4;
/// Left channels that are multiplied at once, at most.
const MOST_DOT_ROWS: usize = 6;

/// A few pixels of several channels, one channel after the other in memory.
#[derive(Default)]
pub(super) struct ChannelBand {
    values: Vec<f32>,
    pub channels: usize,
    stride: usize,
}

impl ChannelBand {
    /// Makes room for some pixels of some channels.
    pub fn resize(&mut self, channels: usize, pixels: usize) {
        self.channels = channels;
        // An odd number of cache lines apart: powers of two would share few sets of the cache.
        self.stride = (pixels.div_ceil(16) | 1) * 16;
        self.values.resize(self.channels * self.stride, 0.0);
    }

    /// Returns the values of a channel.
    pub fn channel_mut(&mut self, channel: usize) -> &mut [f32] {
        &mut self.values[channel * self.stride..][..self.stride]
    }

    /// Copies pixels. `area`: values per channel of the image; `pixels`: the values that are taken.
    pub fn copy(&mut self, image: &[f32], channels: Range<usize>, area: usize, pixels: Range<usize>) {
        self.resize(channels.len(), pixels.len());
        for (line, channel) in self.values.chunks_exact_mut(self.stride).zip(channels) {
            line[..pixels.len()].copy_from_slice(&image[channel * area..][pixels.clone()]);
        }
    }

    /// Returns where a channel's values start. The last channel stands in for all beyond it.
    pub fn channel(&self, channel: usize, offset: usize) -> *const f32 {
        self.values[channel.min(self.channels - 1) * self.stride + offset..].as_ptr()
    }
}

/// Adds the dot products of all left channels with all right ones, over an area that starts at an
/// offset into the bands and has rows a step apart, to `target[left * stride + right]`.
#[inline(always)]
pub(super) fn add_dots<S: Simd>(
    simd: S,
    left: (&ChannelBand, usize, usize),
    right: (&ChannelBand, usize, usize),
    area: Area,
    target: &mut [f32],
    stride: usize,
) {
    let steps = [left.2, right.2];
    let mut m = 0;
    while m < left.0.channels {
        let rest = left.0.channels - m;
        // Six rows at once in 32 registers, but not two or fewer after them.
        let rows = if S::REGISTER_COUNT >= 32 && (rest == 6 || rest > 8) { 6 } else { 4 };
        for n in (0..right.0.channels).step_by(DOT_COLUMNS) {
            let mut sums = [0.0f32; MOST_DOT_ROWS * DOT_COLUMNS];
            let out = sums.as_mut_ptr();
            let at = |i: usize| right.0.channel(n + i, right.1);
            let rights: [_; DOT_COLUMNS] = std::array::from_fn(at);
            let four = std::array::from_fn(|i| left.0.channel(m + i, left.1));
            // SAFETY: the areas lie in the bands; the sums are our own.
            unsafe {
                if S::REGISTER_COUNT < 32 {
                    dots::<S, 4, 2>(simd, four, [rights[0], rights[1]], steps, area, out, DOT_COLUMNS);
                    dots::<S, 4, 2>(simd, four, [rights[2], rights[3]], steps, area, out.add(2), DOT_COLUMNS);
                } else if rows == 6 {
                    let six = std::array::from_fn(|i| left.0.channel(m + i, left.1));
                    dots::<S, 6, DOT_COLUMNS>(simd, six, rights, steps, area, out, DOT_COLUMNS);
                } else {
                    dots::<S, 4, DOT_COLUMNS>(simd, four, rights, steps, area, out, DOT_COLUMNS);
                }
            }
            let columns = DOT_COLUMNS.min(right.0.channels - n);
            for (i, sums) in sums.chunks_exact(DOT_COLUMNS).take(rows.min(rest)).enumerate() {
                let target = &mut target[(m + i) * stride + n..][..columns];
                target.iter_mut().zip(sums).for_each(|(target, sum)| *target += sum);
            }
        }
        m += rows;
    }
}
