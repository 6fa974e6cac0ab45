//! The product behind a convolution and behind the gradient of its input: weights times what the
//! taps see.
//!
//! Blocked as in *Anatomy of High-Performance Matrix Multiplication* (Goto, van de Geijn 2008), but
//! that the right side is never written down as a matrix of columns: tiles read it from copies of a
//! few source rows ([`super::row_band`]), or from panels of what the taps see ([`super::panel`]).
//! Taps that see nothing but padding from a tile's pixels are left out.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::mapping::{Mapping, Planes};
use super::operand::{OperandShape, PixelRun, SharedOutput, TapSource};
use super::packed_weights::{Chunk, PackedWeights, WeightView};
use super::panel::Panel;
use super::pointwise;
use super::row_band::RowBand;
use super::tile::{COLUMNS, InnerRun, OutputTile, ROWS, multiply};
use crate::ops::atrous_conv2d::geometry::ConvShape;
use crate::ops::cpu::buffer::written;

/// Target pixels of a task. The more, the less often large weights are read.
const TASK_PIXELS: usize = 1024;
/// Tasks that a product is split into where its size allows.
const TASKS: usize = 16;

/// Some pixels of an image, and some panels of target channels.
struct ProductTask {
    image: usize,
    pixels: Range<usize>,
    panels: Range<usize>,
}

/// Computes `target[c] = sum over taps and source channels of the weight of both * what the tap
/// sees of the source channel`.
pub(super) fn product(
    data: &[f32],
    weights: WeightView,
    source: OperandShape,
    target: OperandShape,
    shape: &ConvShape,
    mapping: Mapping,
) -> Vec<f32> {
    assert_eq!(data.len(), shape.batch * source.channels * source.pixels(), "values of the source");
    let taps = [0, 1].map(|axis| mapping.live_taps(0..target.size[axis], shape.kernel[axis], source.size[axis]));
    if mapping.is_identity(&taps) && source.size == target.size {
        let tap = taps[0].start * shape.kernel[1] + taps[1].start;
        let weights = WeightView { values: &weights.values[tap..], ..weights };
        return pointwise::product(data, weights, source, target, shape.batch);
    }
    let weights = PackedWeights::pack(weights, [source.channels, target.channels], taps);
    let in_bands = RowBand::suits(&mapping, source.size, target.size, &weights.kx);
    let tasks = tasks(shape.batch, target, in_bands);
    // SAFETY: the tasks cover all pixels of all channels of all images, each once, and each writes
    // its own.
    unsafe {
        written(shape.batch * target.channels * target.pixels(), |output| {
            let shared = SharedOutput::new(output);
            let arch = Arch::new();
            let buffers = || (Panel::default(), RowBand::default());
            tasks.par_iter().for_each_init(buffers, |(panel, band), task| {
                let image = source.channels * source.pixels();
                let data = &data[task.image * image..][..image];
                let source = Planes { data, height: source.size[0], width: source.size[1] };
                let output = shared.at(task.image * target.channels * target.pixels());
                let taps = TapSource { source, kernel: shape.kernel, mapping, width: target.size[1] };
                let work = Work { task, taps, target, weights: &weights, output };
                match in_bands {
                    true => arch.dispatch(InBands { work, band }),
                    false => arch.dispatch(InPanels { work, panel }),
                }
            });
        })
    }
}

/// Pixels are split first. Where they are few, the channels are split too, although each part then
/// copies the same pixels.
fn tasks(batch: usize, target: OperandShape, whole_rows: bool) -> Vec<ProductTask> {
    let pixels = TASK_PIXELS.min((batch * target.pixels()).div_ceil(TASKS));
    let pixels = pixels.next_multiple_of(if whole_rows { target.size[1] } else { COLUMNS });
    let blocks = batch * target.pixels().div_ceil(pixels);
    let panels = target.channels.div_ceil(ROWS);
    let length = panels.div_ceil(TASKS.div_ceil(blocks).min(panels.div_ceil(4)));
    let mut tasks = Vec::new();
    for image in 0..batch {
        for first in (0..target.pixels()).step_by(pixels) {
            for panel in (0..panels).step_by(length) {
                let pixels = first..(first + pixels).min(target.pixels());
                tasks.push(ProductTask { image, pixels, panels: panel..(panel + length).min(panels) });
            }
        }
    }
    tasks
}

/// A task and all that it reads and writes.
struct Work<'a> {
    task: &'a ProductTask,
    taps: TapSource<'a>,
    target: OperandShape,
    weights: &'a PackedWeights,
    /// The target image.
    output: *mut f32,
}

impl Work<'_> {
    /// Returns the tiles' pixels: runs of [`COLUMNS`], or fewer where `end` says so.
    fn tiles(pixels: Range<usize>) -> impl Iterator<Item = PixelRun> {
        let end = pixels.end;
        pixels.step_by(COLUMNS).map(move |first| PixelRun { first, count: COLUMNS.min(end - first) })
    }

    /// Computes the tiles of all target channels of the task for some pixels.
    ///
    /// # Safety
    /// The runs must lie in the chunk's inner positions and in `right`.
    #[inline(always)]
    unsafe fn multiply<S: Simd>(
        &self,
        simd: S,
        chunk: &Chunk,
        pixels: PixelRun,
        right: (*const f32, usize),
        runs: &[InnerRun],
        add: bool,
    ) {
        let stride = self.target.pixels();
        for row in self.task.panels.clone() {
            let rows = ROWS.min(self.target.channels - row * ROWS);
            let first = self.output.wrapping_add(row * ROWS * stride + pixels.first);
            let tile = OutputTile { first, stride, rows, columns: pixels.count, add };
            // SAFETY: the caller vouches for the runs; the tile is pixels and channels of this
            // task.
            unsafe { multiply(simd, self.weights.panel(chunk, row).as_ptr(), right.0, right.1, runs, tile) };
        }
    }

    /// Sets pixels that no tap sees anything from to zero.
    fn clear(&self, pixels: PixelRun) {
        for channel in self.task.panels.start * ROWS..(self.task.panels.end * ROWS).min(self.target.channels) {
            // SAFETY: pixels and channels of this task.
            unsafe { self.output.add(channel * self.target.pixels() + pixels.first).write_bytes(0, pixels.count) };
        }
    }
}

struct InPanels<'a> {
    work: Work<'a>,
    panel: &'a mut Panel,
}

impl WithSimd for InPanels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { work, panel } = self;
        let tiles: Vec<PixelRun> = Work::tiles(work.task.pixels.clone()).collect();
        let mut written = vec![false; tiles.len()];
        for chunk in &work.weights.chunks {
            for (&pixels, written) in tiles.iter().zip(&mut written) {
                panel.pack(&work.taps, chunk, work.weights, pixels);
                if !panel.runs.is_empty() {
                    // SAFETY: the panel holds what its runs say.
                    unsafe {
                        work.multiply(simd, chunk, pixels, (panel.values.as_ptr(), COLUMNS), &panel.runs, *written)
                    };
                    *written = true;
                }
            }
        }
        tiles.iter().zip(&written).filter(|(_, written)| !**written).for_each(|(pixels, _)| work.clear(*pixels));
    }
}

struct InBands<'a> {
    work: Work<'a>,
    band: &'a mut RowBand,
}

impl WithSimd for InBands<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { work, band } = self;
        let width = work.target.size[1];
        let rows = work.task.pixels.start / width..work.task.pixels.end / width;
        let tiles: Vec<PixelRun> = rows.clone().flat_map(|row| Work::tiles(row * width..(row + 1) * width)).collect();
        let mut written = vec![false; tiles.len()];
        for chunk in &work.weights.chunks {
            band.copy(&work.taps, chunk, work.weights, rows.clone());
            for (&pixels, written) in tiles.iter().zip(&mut written) {
                band.find(&work.taps, chunk, work.weights, pixels);
                if !band.runs.is_empty() {
                    // SAFETY: the band holds what its runs say.
                    unsafe {
                        work.multiply(simd, chunk, pixels, (band.values.as_ptr(), band.step), &band.runs, *written)
                    };
                    *written = true;
                }
            }
        }
        tiles.iter().zip(&written).filter(|(_, written)| !**written).for_each(|(pixels, _)| work.clear(*pixels));
    }
}
