//! The gradient of the weights from groups of rows: six products in place of the twelve of four
//! rows and three rows of taps.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::row_groups::RowGroup;
use super::transform::{TAP_ROWS, TERMS, filter_gradients, filter_rows, product_gradients, sources, weight_gradients};
use crate::ops::atrous_conv2d::cpu::channel_band::{ChannelBand, add_dots};
use crate::ops::atrous_conv2d::cpu::mapping::Mapping;
use crate::ops::atrous_conv2d::cpu::tile::{Area, COLUMNS, InnerRun, OutputTile, ROWS, RightSide, multiply};
use crate::ops::atrous_conv2d::geometry::ConvShape;

/// Pixels of a row that are copied at once: what is written meanwhile stays in the cache.
const BLOCK: usize = 16;
/// Pixels of each term that are multiplied at once, at least.
const PIXELS: usize = 128;
/// Pixels of each term in a dot product, at most.
const BAND_PIXELS: usize = 512;
/// Input channels whose filtered rows are kept at once for dot products.
const BAND_CHANNELS: usize = 16;

/// The part of the gradient that some groups of rows give for some input channels.
pub struct GroupsGradient<'a> {
    pub input: &'a [f32],
    pub output_grad: &'a [f32],
    pub shape: &'a ConvShape,
    /// Images and groups of their rows.
    pub groups: &'a [(usize, RowGroup)],
    pub slice: Range<usize>,
}

/// A task by tiles of sums, for many channels: pixels are the inner positions.
pub struct ByTiles<'a>(pub GroupsGradient<'a>);

/// A task by dot products of filtered rows, for few channels.
pub struct ByDots<'a>(pub GroupsGradient<'a>);

/// Operands of the products: pixels of some groups of rows, group after group.
struct Operands {
    /// Terms x pixels, `step` apart, x input channels of the slice.
    sources: Vec<f32>,
    step: usize,
    /// Terms x panels of output channels x pixels x [`ROWS`].
    gradients: Vec<f32>,
    pixels: usize,
}

impl WithSimd for ByTiles<'_> {
    type Output = Vec<f32>;

    /// Computes channels out x (ky, kx, inner channel).
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let Self(task) = self;
        let [_, channels_out] = task.shape.channels;
        let kernel_width = task.shape.kernel[1];
        let width = task.shape.output()[1];
        let inner = task.slice.len();
        let panels = channels_out.div_ceil(ROWS);
        let stride = kernel_width * inner;
        let term = channels_out * stride;
        let mut sums = vec![0.0f32; TERMS * term];
        let at_once = PIXELS.div_ceil(width);
        // Pixels are an odd number of cache lines apart, and whole tiles of channels can be read.
        let step = inner.next_multiple_of(COLUMNS) + BLOCK;
        let pixels = at_once * width;
        let mut operands = Operands {
            sources: vec![0.0; TERMS * pixels * step],
            step,
            gradients: vec![0.0; TERMS * panels * pixels * ROWS],
            pixels,
        };
        let mut runs = Vec::new();
        for groups in task.groups.chunks(at_once) {
            for (place, (image, group)) in groups.iter().enumerate() {
                task.copy(*image, *group, place, &mut operands);
            }
            for kx in 0..kernel_width {
                task.find(kx, groups.len(), &operands, &mut runs);
                if runs.is_empty() {
                    continue;
                }
                for t in 0..TERMS {
                    let right = &operands.sources[t * pixels * step..];
                    for panel in 0..panels {
                        let left = &operands.gradients[(t * panels + panel) * pixels * ROWS..];
                        let rows = ROWS.min(channels_out - panel * ROWS);
                        for channel in (0..inner).step_by(COLUMNS) {
                            let place = t * term + panel * ROWS * stride + kx * inner + channel;
                            let first = sums[place..].as_mut_ptr();
                            let columns = COLUMNS.min(inner - channel);
                            let tile = OutputTile { first, stride, rows, columns, add: true };
                            let right = RightSide::of::<S>(right[channel..].as_ptr(), step);
                            // SAFETY: the runs lie in both operands, whose last lines are whole
                            // tiles; the tile lies in the sums.
                            unsafe { multiply(simd, left.as_ptr(), right, &runs, tile) };
                        }
                    }
                }
            }
        }
        task.reduce(&sums, term)
    }
}

impl WithSimd for ByDots<'_> {
    type Output = Vec<f32>;

    /// Computes channels out x (ky, kx, inner channel).
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let Self(task) = self;
        let [channels_in, channels_out] = task.shape.channels;
        let [width, kernel_width] = [task.shape.input[1], task.shape.kernel[1]];
        let area = task.shape.input[0] * width;
        let mapping = Mapping::forward(task.shape.geometry);
        let inner = task.slice.len();
        let stride = kernel_width * inner;
        let term = channels_out * stride;
        let mut sums = vec![0.0f32; TERMS * term];
        let at_once = (BAND_PIXELS / width).max(1);
        let (mut grads, mut seen): ([ChannelBand; TERMS], [ChannelBand; TERMS]) = Default::default();
        let zeros = vec![0.0; width];
        for groups in task.groups.chunks(at_once) {
            grads.iter_mut().for_each(|band| band.resize(channels_out, at_once * width));
            for (place, (image, group)) in groups.iter().enumerate() {
                let rows = group.own(task.shape.geometry.dilation);
                for channel in 0..channels_out {
                    let plane = &task.output_grad[(image * channels_out + channel) * area..][..area];
                    let rows = rows.map(|row| row.map_or(&zeros[..], |row| &plane[row * width..][..width]));
                    let lines = grads.each_mut().map(|band| &mut band.channel_mut(channel)[place * width..][..width]);
                    filter_gradients(rows, lines);
                }
            }
            for first in (0..inner).step_by(BAND_CHANNELS) {
                let channels = BAND_CHANNELS.min(inner - first);
                seen.iter_mut().for_each(|band| band.resize(channels, at_once * width));
                for (place, (image, group)) in groups.iter().enumerate() {
                    let rows = group.seen(&mapping, task.shape.input[0]);
                    for channel in 0..channels {
                        let plane = image * channels_in + task.slice.start + first + channel;
                        let plane = &task.input[plane * area..][..area];
                        let rows = rows.map(|row| row.map_or(&zeros[..], |row| &plane[row * width..][..width]));
                        let lines =
                            seen.each_mut().map(|band| &mut band.channel_mut(channel)[place * width..][..width]);
                        filter_rows(rows, lines);
                    }
                }
                for kx in 0..kernel_width {
                    let live = mapping.live_positions(kx, width, width);
                    let Some(x) = mapping.source(live.start, kx, width).filter(|_| !live.is_empty()) else { continue };
                    let area = match live.len() == width {
                        true => Area { rows: 1, length: groups.len() * width },
                        false => Area { rows: groups.len(), length: live.len() },
                    };
                    for t in 0..TERMS {
                        let (left, right) = ((&grads[t], live.start, width), (&seen[t], x, width));
                        let target = &mut sums[t * term + kx * inner + first..];
                        add_dots(simd, left, right, area, target, stride);
                    }
                }
            }
        }
        task.reduce(&sums, term)
    }
}

impl GroupsGradient<'_> {
    /// Sums what a group of rows sees, and what came back to it, into place `place` of the
    /// operands.
    #[inline(always)]
    fn copy(&self, image: usize, group: RowGroup, place: usize, into: &mut Operands) {
        let [channels_in, channels_out] = self.shape.channels;
        let [height, width] = self.shape.input;
        let [out_height, out_width] = self.shape.output();
        let geometry = self.shape.geometry;
        let (seen, own) = (group.seen(&Mapping::forward(geometry), height), group.own(geometry.dilation));
        let size = into.pixels * into.step;
        for start in (0..width).step_by(BLOCK) {
            for first in (0..self.slice.len()).step_by(BLOCK) {
                let mut sums = [[[0.0; BLOCK]; TERMS]; BLOCK];
                let channel = image * channels_in + self.slice.start + first;
                for (inner, sums) in sums.iter_mut().enumerate().take(self.slice.len() - first) {
                    let plane = &self.input[(channel + inner) * height * width..][..height * width];
                    let [a, b, c, d, e, f] = seen;
                    let line = |row| block(plane, row, width, start);
                    let lines = [line(a), line(b), line(c), line(d), line(e), line(f)];
                    let [a, b, c, d, e, f] = &lines;
                    for x in 0..BLOCK {
                        let of_pixel = sources([a[x], b[x], c[x], d[x], e[x], f[x]]);
                        for (sums, sum) in sums.iter_mut().zip(of_pixel) {
                            sums[x] = sum;
                        }
                    }
                }
                let place = (place * width + start) * into.step + first;
                for t in 0..TERMS {
                    let lines = into.sources[t * size + place..].chunks_mut(into.step);
                    for (x, line) in lines.enumerate().take(BLOCK.min(width - start)) {
                        let line = line.first_chunk_mut::<BLOCK>().expect("lines have whole blocks");
                        for (value, sums) in line.iter_mut().zip(&sums) {
                            *value = sums[t][x];
                        }
                    }
                }
            }
        }
        let panels = channels_out.div_ceil(ROWS);
        let area = out_height * out_width;
        for start in (0..out_width).step_by(BLOCK) {
            for panel in 0..panels {
                let mut sums = [[[0.0; BLOCK]; TERMS]; ROWS];
                let channel = image * channels_out + panel * ROWS;
                for (lane, sums) in sums.iter_mut().enumerate().take(channels_out - panel * ROWS) {
                    let plane = &self.output_grad[(channel + lane) * area..][..area];
                    let [a, b, c, d] = own;
                    let line = |row| block(plane, row, out_width, start);
                    let lines = [line(a), line(b), line(c), line(d)];
                    let [a, b, c, d] = &lines;
                    for x in 0..BLOCK {
                        let of_pixel = product_gradients([a[x], b[x], c[x], d[x]]);
                        for (sums, sum) in sums.iter_mut().zip(of_pixel) {
                            sums[x] = sum;
                        }
                    }
                }
                for t in 0..TERMS {
                    let first = (t * panels + panel) * into.pixels + place * out_width + start;
                    let lines = into.gradients[first * ROWS..].chunks_exact_mut(ROWS);
                    for (x, line) in lines.enumerate().take(BLOCK.min(out_width - start)) {
                        for (value, sums) in line.iter_mut().zip(&sums) {
                            *value = sums[t][x];
                        }
                    }
                }
            }
        }
    }

    /// Finds the pixels from which a column of taps sees the input.
    #[inline(always)]
    fn find(&self, kx: usize, groups: usize, operands: &Operands, runs: &mut Vec<InnerRun>) {
        let (width, out_width) = (self.shape.input[1], self.shape.output()[1]);
        let mapping = Mapping::forward(self.shape.geometry);
        let live = mapping.live_positions(kx, out_width, width);
        runs.clear();
        let Some(x) = mapping.source(live.start, kx, width).filter(|_| !live.is_empty()) else { return };
        runs.extend((0..groups).map(|place| InnerRun {
            left: place * out_width + live.start,
            right: (place * width + x) * operands.step,
            length: live.len(),
        }));
    }

    /// Returns channels out x (ky, kx, inner channel) from sums that are terms x channels out x
    /// (kx, inner channel).
    #[inline(always)]
    fn reduce(&self, sums: &[f32], term: usize) -> Vec<f32> {
        let columns = self.shape.kernel[1] * self.slice.len();
        let mut gradient = vec![0.0; TAP_ROWS * term];
        for (out, gradient) in gradient.chunks_exact_mut(TAP_ROWS * columns).enumerate() {
            for place in 0..columns {
                let of_term = |t: usize| sums[t * term + out * columns + place];
                let taps = weight_gradients(std::array::from_fn(of_term));
                for (ky, tap) in taps.into_iter().enumerate() {
                    gradient[ky * columns + place] = tap;
                }
            }
        }
        gradient
    }
}

/// Returns a block of a row; what is beyond the row, or in the padding, is zero.
#[inline(always)]
fn block(plane: &[f32], row: Option<usize>, width: usize, start: usize) -> [f32; BLOCK] {
    let Some(row) = row else { return [0.0; BLOCK] };
    let rest = &plane[row * width + start..(row + 1) * width];
    // Of a length that is known, a copy is an instruction.
    rest.first_chunk().copied().unwrap_or_else(|| {
        let mut values = [0.0; BLOCK];
        values[..rest.len()].copy_from_slice(rest);
        values
    })
}
