//! The product behind a convolution and behind the gradient of its input: weights times what the
//! taps see.
//!
//! Blocked as in *Anatomy of High-Performance Matrix Multiplication* (Goto, van de Geijn 2008), but
//! that the right side is never written down as a matrix of columns: tiles read it from copies of a
//! few source rows ([`super::row_band`]), or from panels of what the taps see ([`super::panel`]).
//! Taps that see nothing but padding from a tile's pixels are left out. With many source channels,
//! groups of rows are filtered together ([`super::winograd`]).

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::mapping::{Mapping, Planes};
use super::operand::{OperandShape, PixelRun, SharedOutput, TapSource};
use super::output_map::MapPixels;
use super::packed_weights::{Chunk, PackedWeights, WeightView};
use super::panel::Panel;
use super::pointwise;
use super::row_band::{RowBand, suits_rows, zeros};
use super::tile::{COLUMNS, InnerRun, OutputTile, ROWS, RightSide, multiply};
use super::winograd::{self, FilteredRows, FilteredWeights, GROUP_ROWS, GroupsProduct, RowGroup, RowGroups};
use crate::ops::atrous_conv2d::geometry::ConvShape;
use crate::ops::channel_affine::cpu::MapInPlace;
use crate::ops::cpu::buffer::written;

/// Target pixels of a task. The more, the less often large weights are read.
const TASK_PIXELS: usize = 1024;
/// Tasks that a product is split into where its size allows.
const TASKS: usize = 16;

/// Some pixels of an image, and some panels of target channels.
struct ProductTask<'a> {
    image: usize,
    pixels: TaskPixels<'a>,
    panels: Range<usize>,
}

/// The pixels of a task.
#[derive(Clone)]
enum TaskPixels<'a> {
    /// Side by side, computed tap by tap.
    Run(Range<usize>),
    /// Rows that are filtered together.
    Groups(&'a [RowGroup]),
}

/// Computes `target[c] = sum over taps and source channels of the weight of both * what the tap
/// sees of the source channel`, mapped if there is a map.
pub(super) fn product(
    data: &[f32],
    weights: WeightView,
    source: OperandShape,
    target: OperandShape,
    shape: &ConvShape,
    mapping: Mapping,
    map: Option<MapInPlace>,
) -> Vec<f32> {
    assert_eq!(data.len(), shape.batch * source.channels * source.pixels(), "values of the source");
    let taps = [0, 1].map(|axis| mapping.live_taps(0..target.size[axis], shape.kernel[axis], source.size[axis]));
    if mapping.is_identity(&taps) && source.size == target.size {
        let tap = taps[0].start * shape.kernel[1] + taps[1].start;
        let weights = WeightView { values: &weights.values[tap..], ..weights };
        return pointwise::product(data, weights, source, target, shape.batch, map);
    }
    let in_bands = RowBand::suits(&mapping, source.size, target.size, &taps[1]);
    let is_filtered = shape.kernel[0] == 3
        && source.channels >= winograd::LEAST_CHANNELS
        && target.size[1] >= winograd::LEAST_WIDTH
        && suits_rows(&mapping, source.size, target.size, &taps[1]);
    let rows = match is_filtered {
        true => RowGroups::of(&mapping, target.size[0], source.size[0]),
        false => RowGroups::none(target.size[0]),
    };
    let channels = [source.channels, target.channels];
    let beside = zeros(&mapping, source.size[1], target.size[1], &taps[1]);
    let filtered = (!rows.groups.is_empty()).then(|| {
        let width = FilteredRows::width(beside, source.size[1], target.size[1]);
        FilteredWeights::pack(weights, channels, taps[1].clone(), width, mapping.step < 0)
    });
    let packed = (!rows.others.is_empty()).then(|| PackedWeights::pack(weights, channels, taps));
    let tasks = tasks(shape.batch, target, in_bands, &rows);
    // SAFETY: the tasks cover all pixels of all channels of all images, each once, and each writes
    // its own.
    unsafe {
        written(shape.batch * target.channels * target.pixels(), |output| {
            let shared = SharedOutput::new(output);
            let arch = Arch::new();
            tasks.par_iter().for_each_init(Buffers::default, |buffers, task| {
                let image = source.channels * source.pixels();
                let data = &data[task.image * image..][..image];
                let source = Planes { data, height: source.size[0], width: source.size[1] };
                let output = shared.at(task.image * target.channels * target.pixels());
                let taps = TapSource { source, kernel: shape.kernel, mapping, width: target.size[1] };
                let work = Work { panels: task.panels.clone(), taps, target, output, map };
                match (&task.pixels, &packed, &filtered) {
                    (TaskPixels::Groups(groups), _, Some(weights)) => {
                        let Work { panels, taps, target, output, map } = work;
                        let rows = &mut buffers.rows;
                        arch.dispatch(GroupsProduct {
                            panels,
                            taps,
                            target,
                            output,
                            map,
                            groups,
                            weights,
                            zeros: beside,
                            rows,
                        });
                    }
                    (TaskPixels::Run(pixels), Some(weights), _) if in_bands => {
                        arch.dispatch(InBands { work, pixels: pixels.clone(), weights, band: &mut buffers.band });
                    }
                    (TaskPixels::Run(pixels), Some(weights), _) => {
                        arch.dispatch(InPanels { work, pixels: pixels.clone(), weights, panel: &mut buffers.panel });
                    }
                    _ => unreachable!("weights are packed for all kinds of tasks that there are"),
                }
            });
        })
    }
}

/// What a thread copies into.
#[derive(Default)]
struct Buffers {
    panel: Panel,
    band: RowBand,
    rows: [FilteredRows; winograd::AT_ONCE],
}

/// Pixels are split first. Where they are few, the channels are split too, although each part then
/// copies the same pixels.
fn tasks(batch: usize, target: OperandShape, whole_rows: bool, rows: &RowGroups) -> Vec<ProductTask<'_>> {
    let width = target.size[1];
    let most = TASK_PIXELS.min((batch * target.pixels()).div_ceil(TASKS));
    let most = most.next_multiple_of(if whole_rows { width } else { COLUMNS });
    let mut parts = Vec::new();
    for stretch in &rows.others {
        let pixels = stretch.start * width..stretch.end * width;
        for first in pixels.clone().step_by(most) {
            parts.push(TaskPixels::Run(first..(first + most).min(pixels.end)));
        }
    }
    let least = if width <= COLUMNS { winograd::AT_ONCE } else { 1 };
    let groups = (most / (GROUP_ROWS * width)).max(least);
    parts.extend(rows.groups.chunks(groups).map(TaskPixels::Groups));
    let panels = target.channels.div_ceil(ROWS);
    let length = panels.div_ceil(TASKS.div_ceil(batch * parts.len()).min(panels.div_ceil(4)));
    let mut tasks = Vec::new();
    for image in 0..batch {
        for pixels in &parts {
            for panel in (0..panels).step_by(length) {
                let panels = panel..(panel + length).min(panels);
                tasks.push(ProductTask { image, pixels: pixels.clone(), panels });
            }
        }
    }
    tasks
}

/// What a task reads and writes.
struct Work<'a> {
    panels: Range<usize>,
    taps: TapSource<'a>,
    target: OperandShape,
    /// The target image.
    output: *mut f32,
    /// What is done with the output when it is whole.
    map: Option<MapInPlace<'a>>,
}

impl Work<'_> {
    /// Maps pixels of all target channels of the task.
    ///
    /// # Safety
    /// They must be pixels of the task, all of which are written.
    #[inline(always)]
    unsafe fn map<S: Simd>(&self, simd: S, pixels: Range<usize>) {
        if let Some(map) = self.map {
            let channels = self.panels.start * ROWS..(self.panels.end * ROWS).min(self.target.channels);
            // SAFETY: pixels and channels of this task.
            unsafe { MapPixels::new(map, self.output, self.target.pixels(), channels, pixels) }.with_simd(simd);
        }
    }

    /// Computes the tiles of all target channels of the task for some pixels.
    ///
    /// # Safety
    /// The runs must lie in the chunk's inner positions and in `right`.
    #[inline(always)]
    unsafe fn multiply<S: Simd>(
        &self,
        simd: S,
        (weights, chunk): (&PackedWeights, &Chunk),
        pixels: PixelRun,
        right: RightSide,
        runs: &[InnerRun],
        add: bool,
    ) {
        let stride = self.target.pixels();
        for row in self.panels.clone() {
            let rows = ROWS.min(self.target.channels - row * ROWS);
            let first = self.output.wrapping_add(row * ROWS * stride + pixels.first);
            let tile = OutputTile { first, stride, rows, columns: pixels.count, add };
            // SAFETY: the caller vouches for the runs; the tile is pixels and channels of this
            // task.
            unsafe { multiply(simd, weights.panel(chunk, row).as_ptr(), right, runs, tile) };
        }
    }

    /// Sets pixels that no tap sees anything from to zero.
    fn clear(&self, pixels: PixelRun) {
        for channel in self.panels.start * ROWS..(self.panels.end * ROWS).min(self.target.channels) {
            // SAFETY: pixels and channels of this task.
            unsafe { self.output.add(channel * self.target.pixels() + pixels.first).write_bytes(0, pixels.count) };
        }
    }
}

struct InPanels<'a> {
    work: Work<'a>,
    pixels: Range<usize>,
    weights: &'a PackedWeights,
    panel: &'a mut Panel,
}

impl WithSimd for InPanels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { work, pixels, weights, panel } = self;
        let tiles: Vec<PixelRun> = PixelRun::tiles(pixels.clone()).collect();
        let mut written = vec![false; tiles.len()];
        for chunk in &weights.chunks {
            for (&pixels, written) in tiles.iter().zip(&mut written) {
                panel.pack(&work.taps, chunk, weights, pixels);
                if !panel.runs.is_empty() {
                    let right = RightSide::of::<S>(panel.values.as_ptr(), COLUMNS);
                    // SAFETY: the panel holds what its runs say.
                    unsafe { work.multiply(simd, (weights, chunk), pixels, right, &panel.runs, *written) };
                    *written = true;
                }
            }
        }
        tiles.iter().zip(&written).filter(|(_, written)| !**written).for_each(|(pixels, _)| work.clear(*pixels));
        // SAFETY: the tiles are all pixels of the task.
        unsafe { work.map(simd, pixels) };
    }
}

struct InBands<'a> {
    work: Work<'a>,
    pixels: Range<usize>,
    weights: &'a PackedWeights,
    band: &'a mut RowBand,
}

impl WithSimd for InBands<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { work, pixels, weights, band } = self;
        let width = work.target.size[1];
        let rows = pixels.start / width..pixels.end / width;
        let tiles: Vec<PixelRun> =
            rows.clone().flat_map(|row| PixelRun::tiles(row * width..(row + 1) * width)).collect();
        let mut written = vec![false; tiles.len()];
        for chunk in &weights.chunks {
            band.copy(&work.taps, chunk, weights, rows.clone());
            for (&pixels, written) in tiles.iter().zip(&mut written) {
                band.find(&work.taps, chunk, weights, pixels);
                if !band.runs.is_empty() {
                    let right = RightSide::of::<S>(band.values.as_ptr(), band.step);
                    // SAFETY: the band holds what its runs say.
                    unsafe { work.multiply(simd, (weights, chunk), pixels, right, &band.runs, *written) };
                    *written = true;
                }
            }
        }
        tiles.iter().zip(&written).filter(|(_, written)| !**written).for_each(|(pixels, _)| work.clear(*pixels));
        // SAFETY: the tiles are all pixels of the task.
        unsafe { work.map(simd, pixels) };
    }
}
