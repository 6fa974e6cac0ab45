//! The gradient of a convolution's weights.

use std::mem::MaybeUninit;
use std::ops::Range;

use gemm::Parallelism;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::channel_band::{ChannelBand, add_dots};
use super::mapping::{Mapping, Planes, RowBlock, row_blocks};
use super::tile::Area;
use super::winograd::{ByDots, ByTiles, GroupsGradient, LEAST_WIDTH, RowGroup, RowGroups};
use crate::ops::atrous_conv2d::geometry::ConvShape;
use crate::ops::cpu::buffer::written;

/// Bytes of gathered columns that a core should hold in its second-level cache.
const COLUMN_BYTES: usize = 512 << 10;
/// Bytes of partial sums that may exist at once.
pub(super) const PARTIAL_BYTES: usize = 16 << 20;
/// Tasks that the gradient is split into where its size allows.
pub(super) const TASKS: usize = 8;
/// Output pixels per block of dot products.
const DOT_PIXELS: usize = 1024;
/// Products with no more output channels than these are better off as dot products.
const DOT_CHANNELS: usize = 64;
/// Rows of at least this many output pixels are long enough for dot products.
const DOT_WIDTH: usize = 24;

/// Filtered rows of at least this many pixels are long enough for dot products.
const FILTERED_DOT_WIDTH: usize = 48;
/// Fewer output channels than these are better off without filtered rows.
const LEAST_FILTERED: usize = 8;
/// Input channels of a task with filtered rows: its operands stay in the cache.
const MOST_FILTERED: usize = 64;

/// Returns the output pixels per block, so that `depth` gathered values for each fit into the
/// cache.
fn block_pixels(depth: usize) -> usize {
    (COLUMN_BYTES / 4 / depth.max(1)).clamp(48, 4096)
}

/// Computes the gradient of the weights, channels out x channels in x kernel, from `input` and
/// `output_grad`. Taps that see only padding get exactly zero.
pub fn weight_gradient(input: &[f32], output_grad: &[f32], shape: &ConvShape) -> Vec<f32> {
    let [channels_in, channels_out] = shape.channels;
    let [kernel_height, kernel_width] = shape.kernel;
    let [out_height, width] = shape.output();
    let taps = kernel_height * kernel_width;
    // Read through pointers below.
    assert_eq!(output_grad.len(), shape.batch * channels_out * out_height * width, "gradient of the output");
    let size = channels_out * channels_in * taps;
    let rows = filtered_rows(shape);
    let by_dots = suits_dots(shape);
    let pixels = if by_dots { DOT_PIXELS } else { block_pixels(taps * channels_in) };
    let blocks: Vec<RowBlock> =
        (rows.others.iter()).flat_map(|stretch| row_blocks(shape.batch, stretch.clone(), width, pixels)).collect();
    let groups: Vec<(usize, RowGroup)> =
        (0..shape.batch).flat_map(|image| rows.groups.iter().map(move |group| (image, *group))).collect();
    let mut tasks = Vec::new();
    for (part, slice) in split(&blocks, channels_in, size, channels_in) {
        tasks.push((TaskRows::Blocks(part), slice));
    }
    for (part, slice) in split(&groups, channels_in, size, MOST_FILTERED) {
        tasks.push((TaskRows::Groups(part), slice));
    }
    let arch = Arch::new();
    let partial: Vec<Vec<f32>> = tasks
        .par_iter()
        .map(|(rows, slice)| match rows {
            TaskRows::Blocks(group) => {
                let task = GradientTask { input, output_grad, shape, group, slice };
                if by_dots { arch.dispatch(Dots(task)) } else { task.by_im2col() }
            }
            TaskRows::Groups(groups) => {
                let task = GroupsGradient { input, output_grad, shape, groups, slice: slice.clone() };
                match channels_out <= DOT_CHANNELS && width >= FILTERED_DOT_WIDTH {
                    true => arch.dispatch(ByDots(task)),
                    false => arch.dispatch(ByTiles(task)),
                }
            }
        })
        .collect();
    // SAFETY: each output channel's weights are set to zero, and then added to.
    unsafe {
        written(size, |gradient| {
            gradient.par_chunks_mut(channels_in * taps).enumerate().for_each(|(out, gradient)| {
                gradient.fill(MaybeUninit::new(0.0));
                let gradient = gradient.assume_init_mut();
                for ((_, slice), part) in tasks.iter().zip(&partial) {
                    // From (out, ky, kx, inner) to (out, inner, ky, kx).
                    let rows = &part[out * taps * slice.len()..][..taps * slice.len()];
                    for (tap, row) in rows.chunks_exact(slice.len()).enumerate() {
                        for (inner, value) in slice.clone().zip(row) {
                            gradient[inner * taps + tap] += value;
                        }
                    }
                }
            });
        })
    }
}

/// The rows of a task.
enum TaskRows<'a> {
    Blocks(&'a [RowBlock]),
    Groups(&'a [(usize, RowGroup)]),
}

/// Splits rows and input channels into tasks. Few weights and many rows: the rows are split. Many
/// weights: the input channels, of which a task has at most `most`. `size`: the weights.
fn split<T>(rows: &[T], channels: usize, size: usize, most: usize) -> Vec<(&[T], Range<usize>)> {
    let groups = (PARTIAL_BYTES / 4 / size).clamp(1, TASKS).min(rows.len().max(1));
    let slices = TASKS.div_ceil(groups).max(channels.div_ceil(most)).min(channels);
    let (group_length, slice_length) = (rows.len().div_ceil(groups).max(1), channels.div_ceil(slices));
    let slices = (0..channels).step_by(slice_length).map(|start| start..(start + slice_length).min(channels));
    slices.flat_map(|slice| rows.chunks(group_length).map(move |group| (group, slice.clone()))).collect()
}

/// Returns which rows of the output are filtered together.
fn filtered_rows(shape: &ConvShape) -> RowGroups {
    let [height, width] = shape.output();
    let is_filtered = shape.geometry.stride == 1
        && shape.kernel == [3, 3]
        && shape.input == [height, width]
        && width >= LEAST_WIDTH
        && shape.channels[1] >= LEAST_FILTERED;
    match is_filtered {
        true => RowGroups::of(&Mapping::forward(shape.geometry), height, height),
        false => RowGroups::none(height),
    }
}

/// Returns whether dot products are the way to go: they leave out what is padding and copy next to
/// nothing, but their tiles are smaller than those of a product with many rows.
fn suits_dots(shape: &ConvShape) -> bool {
    let [channels_in, channels_out] = shape.channels;
    let [height, width] = shape.output();
    if shape.geometry.stride != 1 || width < DOT_WIDTH {
        return false;
    }
    let mapping = Mapping::forward(shape.geometry);
    // Positions at which the taps along an axis see anything.
    let seen = |axis: usize, count: usize| {
        let positions = |tap| mapping.live_positions(tap, count, shape.input[axis]).len();
        (0..shape.kernel[axis]).map(positions).filter(|count| *count > 0).collect::<Vec<usize>>()
    };
    let (rows, columns) = (seen(0, height), seen(1, width));
    let taps = rows.len() * columns.len();
    let share = (rows.iter().sum::<usize>() * columns.iter().sum::<usize>()) as f64 / (taps * height * width) as f64;
    channels_out <= DOT_CHANNELS || share <= 0.5 || (taps == 1 && channels_out <= channels_in)
}

/// The part of the gradient that some blocks give for some input channels.
struct GradientTask<'a> {
    input: &'a [f32],
    output_grad: &'a [f32],
    shape: &'a ConvShape,
    group: &'a [RowBlock],
    slice: &'a Range<usize>,
}

impl GradientTask<'_> {
    /// Computes channels out x (ky, kx, inner channel), from gathered columns.
    fn by_im2col(&self) -> Vec<f32> {
        let GradientTask { input, output_grad, shape, group, slice } = *self;
        let [channels_in, channels_out] = shape.channels;
        let [kernel_height, kernel_width] = shape.kernel;
        let [out_height, out_width] = shape.output();
        let in_pixels = shape.input[0] * shape.input[1];
        let out_pixels = out_height * out_width;
        let mapping = Mapping::forward(shape.geometry);
        let live_kx = mapping.live_taps(0..out_width, kernel_width, shape.input[1]);
        let row = kernel_height * kernel_width * slice.len();
        let mut partial = vec![0.0f32; channels_out * row];
        let mut columns = Vec::new();
        for block in group {
            let pixels = block.rows.len() * out_width;
            let image = &input[block.image * channels_in * in_pixels..][..channels_in * in_pixels];
            let planes = Planes { data: image, height: shape.input[0], width: shape.input[1] };
            for ky in mapping.live_taps(block.rows.clone(), kernel_height, shape.input[0]) {
                let depth = live_kx.len() * slice.len();
                if depth == 0 {
                    continue;
                }
                let (right, right_stride) = if shape.is_pointwise() {
                    (&image[slice.start * in_pixels + block.rows.start * out_width..], in_pixels)
                } else {
                    columns.resize(depth * pixels, 0.0);
                    let taps = [&(ky..ky + 1), &live_kx];
                    planes.gather(&mapping, taps, slice.clone(), &block.rows, out_width, &mut columns);
                    (&columns[..], pixels)
                };
                let first = (block.image * channels_out) * out_pixels + block.rows.start * out_width;
                let position = (ky * kernel_width + live_kx.start) * slice.len();
                // SAFETY: `partial` has `channels_out` rows of `row` values, of which `depth` from
                // `position` on are this tap row's; the left side has `channels_out` rows of
                // `pixels` values inside `output_grad`, the right one `depth` rows of `pixels`
                // values, read as its transpose.
                unsafe {
                    gemm::gemm(
                        channels_out,
                        depth,
                        pixels,
                        partial.as_mut_ptr().add(position),
                        1,
                        row as isize,
                        true,
                        output_grad.as_ptr().add(first),
                        1,
                        out_pixels as isize,
                        right.as_ptr(),
                        right_stride as isize,
                        1,
                        1.0,
                        1.0,
                        false,
                        false,
                        false,
                        Parallelism::None,
                    );
                }
            }
        }
        partial
    }
}

/// A task by dot products of rows as they lie in memory: nothing is gathered, and no pixel that
/// sees padding is multiplied. For a stride of 1.
struct Dots<'a>(GradientTask<'a>);

impl WithSimd for Dots<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let GradientTask { input, output_grad, shape, group, slice } = self.0;
        let [channels_in, channels_out] = shape.channels;
        let [kernel_height, kernel_width] = shape.kernel;
        let [height, width] = shape.input;
        let [out_height, out_width] = shape.output();
        let mapping = Mapping::forward(shape.geometry);
        let row = kernel_height * kernel_width * slice.len();
        let mut partial = vec![0.0f32; channels_out * row];
        let (mut grads, mut seen) = (ChannelBand::default(), ChannelBand::default());
        for block in group {
            let image = &output_grad[block.image * channels_out * out_height * out_width..];
            grads.copy(
                image,
                0..channels_out,
                out_height * out_width,
                block.rows.start * out_width..block.rows.end * out_width,
            );
            let image = &input[block.image * channels_in * height * width..];
            // Each row of taps, the rows of the block that see anything, and the first row that
            // they see.
            let live = (0..kernel_height).filter_map(|ky| {
                let live = mapping.live_positions(ky, out_height, height);
                let rows = live.start.max(block.rows.start)..live.end.min(block.rows.end);
                let first = mapping.source(rows.start, ky, height).filter(|_| !rows.is_empty())?;
                Some((ky, rows, first))
            });
            let live: Vec<(usize, Range<usize>, usize)> = live.collect();
            let start = live.iter().map(|(_, _, first)| *first).min().unwrap_or(0);
            let end = live.iter().map(|(_, rows, first)| first + rows.len()).max().unwrap_or(0);
            // Rows of taps that see mostly the same rows read one copy of them.
            let is_shared = end - start <= 2 * block.rows.len();
            if is_shared {
                seen.copy(image, slice.clone(), height * width, start * width..end * width);
            }
            for (ky, rows, first) in live {
                if !is_shared {
                    seen.copy(image, slice.clone(), height * width, first * width..(first + rows.len()) * width);
                }
                let before = if is_shared { (first - start) * width } else { 0 };
                for kx in 0..kernel_width {
                    let columns = mapping.live_positions(kx, out_width, width);
                    if columns.is_empty() {
                        continue;
                    }
                    let x = mapping.source(columns.start, kx, width).expect("a column that is live");
                    let area = Area { rows: rows.len(), length: columns.len() };
                    // Whole rows on both sides lie one after the other.
                    let whole = area.length == out_width && out_width == width;
                    let area = if whole { Area { rows: 1, length: area.rows * area.length } } else { area };
                    let left = (&grads, (rows.start - block.rows.start) * out_width + columns.start, out_width);
                    let position = (ky * kernel_width + kx) * slice.len();
                    add_dots(simd, left, (&seen, before + x, width), area, &mut partial[position..], row);
                }
            }
        }
        partial
    }
}
