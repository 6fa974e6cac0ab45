//! Two-dimensional (atrous) convolution and its gradients as blocked matrix products.
//!
//! Output rows are handled in blocks. What the taps see from a block is copied into a small buffer that stays in
//! the cache, and multiplied with the weights. Taps that see nothing but padding are left out of the product, so
//! that a 3x3 branch whose rate reaches the map's size costs what a 1x1 costs.

use std::ops::Range;

use gemm::Parallelism;
use rayon::prelude::*;

use super::buffer::written;
use super::gather::{Mapping, Planes, RowBlock, row_blocks};

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

/// Bytes of gathered columns that a core should hold in its second-level cache.
const COLUMN_BYTES: usize = 512 << 10;
/// Bytes of partial weight gradients that may exist at once.
const PARTIAL_BYTES: usize = 16 << 20;
/// Tasks that the weight gradient is split into where its size allows.
const WEIGHT_TASKS: usize = 8;

/// Output pixels per block, so that `depth` gathered values for each fit into the cache.
fn block_pixels(depth: usize) -> usize {
    (COLUMN_BYTES / 4 / depth.max(1)).clamp(48, 4096)
}

/// `input`: batch x channels in x height x width; `weight`: channels out x channels in x kernel. Returns
/// batch x channels out x output size.
pub fn forward(input: &[f32], weight: &[f32], shape: &ConvShape) -> Vec<f32> {
    let [channels_in, channels_out] = shape.channels;
    let [kernel_height, kernel_width] = shape.kernel;
    let source = Side { channels: channels_in, size: shape.input };
    let target = Side { channels: channels_out, size: shape.output() };
    let at = |out: usize, ky: usize, kx: usize, inner: usize| {
        weight[((out * channels_in + inner) * kernel_height + ky) * kernel_width + kx]
    };
    multiply(input, source, target, shape, shape.forward_mapping(), at)
}

/// Gradient of the input, from `output_grad` (batch x channels out x output size) and `weight`.
pub fn input_gradient(output_grad: &[f32], weight: &[f32], shape: &ConvShape) -> Vec<f32> {
    let [channels_in, channels_out] = shape.channels;
    let [kernel_height, kernel_width] = shape.kernel;
    let source = Side { channels: channels_out, size: shape.output() };
    let target = Side { channels: channels_in, size: shape.input };
    let at = |out: usize, ky: usize, kx: usize, inner: usize| {
        weight[((inner * channels_in + out) * kernel_height + ky) * kernel_width + kx]
    };
    multiply(output_grad, source, target, shape, shape.backward_mapping(), at)
}

/// One side of a product: the maps that are read, or those that are written.
#[derive(Clone, Copy)]
struct Side {
    channels: usize,
    /// Height and width.
    size: [usize; 2],
}

impl Side {
    fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }
}

/// Output memory that blocks write to at the same time.
struct Shared(*mut f32);
// SAFETY: each block writes the rows it alone covers (see `row_blocks`: the blocks are disjoint).
unsafe impl Sync for Shared {}

impl Shared {
    fn at(&self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}

/// Gathers and multiplies: `target[c] = sum over taps and inner channels of at(c, ky, kx, inner) * source`.
fn multiply(
    data: &[f32],
    source: Side,
    target: Side,
    shape: &ConvShape,
    mapping: Mapping,
    at: impl Fn(usize, usize, usize, usize) -> f32,
) -> Vec<f32> {
    let [height, width] = target.size;
    let [kernel_height, kernel_width] = shape.kernel;
    let live_kx = mapping.live_taps(0..width, kernel_width, source.size[1]);
    // Rows of weights by (ky, live kx, inner channel): a block with a range of live ky reads one slice of them.
    let line = live_kx.len() * source.channels;
    let mut packed = Vec::with_capacity(target.channels * kernel_height * line);
    for out in 0..target.channels {
        for ky in 0..kernel_height {
            for kx in live_kx.clone() {
                packed.extend((0..source.channels).map(|inner| at(out, ky, kx, inner)));
            }
        }
    }
    let blocks = row_blocks(shape.batch, height, width, block_pixels(kernel_height * line));
    let write = |shared: &Shared, columns: &mut Vec<f32>, block: &RowBlock| {
        let first = block.image * target.channels * target.pixels() + block.rows.start * width;
        let pixels = block.rows.len() * width;
        let live_ky = mapping.live_taps(block.rows.clone(), kernel_height, source.size[0]);
        let depth = live_ky.len() * line;
        if depth == 0 {
            for channel in 0..target.channels {
                // SAFETY: the block's own pixels of this channel.
                unsafe { shared.at(first + channel * target.pixels()).write_bytes(0, pixels) };
            }
            return;
        }
        let image = &data[block.image * source.channels * source.pixels()..][..source.channels * source.pixels()];
        let (right, right_stride) = if shape.is_pointwise() {
            (&image[block.rows.start * width..], source.pixels())
        } else {
            columns.resize(depth * pixels, 0.0);
            let planes = Planes { data: image, height: source.size[0], width: source.size[1] };
            planes.gather(&mapping, [&live_ky, &live_kx], 0..source.channels, &block.rows, width, columns);
            (&columns[..], pixels)
        };
        // SAFETY: the left side has `channels` rows of `depth` values at a distance of a whole packed row, the right
        // one `depth` rows of `pixels` values; the block's own pixels of every target channel lie in the output.
        unsafe {
            gemm::gemm(
                target.channels,
                pixels,
                depth,
                shared.at(first),
                1,
                target.pixels() as isize,
                false,
                packed.as_ptr().add(live_ky.start * line),
                1,
                (kernel_height * line) as isize,
                right.as_ptr(),
                1,
                right_stride as isize,
                0.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    };
    // SAFETY: the blocks cover all rows of all images, and each writes its rows of every target channel.
    unsafe {
        written(shape.batch * target.channels * target.pixels(), |output| {
            let shared = Shared(output.as_mut_ptr().cast());
            blocks.par_iter().for_each_init(Vec::new, |columns, block| write(&shared, columns, block));
        })
    }
}

/// Gradient of the weights, channels out x channels in x kernel, from `input` and `output_grad`.
/// Taps that see only padding get exactly zero.
pub fn weight_gradient(input: &[f32], output_grad: &[f32], shape: &ConvShape) -> Vec<f32> {
    let [channels_in, channels_out] = shape.channels;
    let [kernel_height, kernel_width] = shape.kernel;
    let [out_height, width] = shape.output();
    let taps = kernel_height * kernel_width;
    // Read through pointers below.
    assert_eq!(output_grad.len(), shape.batch * channels_out * out_height * width, "gradient of the output");
    let size = channels_out * channels_in * taps;
    let blocks = row_blocks(shape.batch, out_height, width, block_pixels(taps * channels_in));
    // Few weights and many pixels: split the pixels. Many weights: split the input channels.
    let groups = (PARTIAL_BYTES / 4 / size).clamp(1, WEIGHT_TASKS).min(blocks.len());
    let slices = WEIGHT_TASKS.div_ceil(groups).min(channels_in);
    let group_length = blocks.len().div_ceil(groups);
    let slice_length = channels_in.div_ceil(slices);
    let tasks: Vec<(&[RowBlock], Range<usize>)> = (0..channels_in)
        .step_by(slice_length)
        .flat_map(|start| {
            blocks.chunks(group_length).map(move |group| (group, start..(start + slice_length).min(channels_in)))
        })
        .collect();
    let partial: Vec<Vec<f32>> =
        tasks.par_iter().map(|(group, slice)| partial_gradient(input, output_grad, shape, group, slice)).collect();
    let mut gradient = vec![0.0; size];
    for ((_, slice), part) in tasks.iter().zip(&partial) {
        // From (out, ky, kx, inner) to (out, inner, ky, kx).
        for (out, rows) in part.chunks_exact(taps * slice.len()).enumerate() {
            for (tap, row) in rows.chunks_exact(slice.len()).enumerate() {
                for (inner, value) in slice.clone().zip(row) {
                    gradient[(out * channels_in + inner) * taps + tap] += value;
                }
            }
        }
    }
    gradient
}

/// The part of the weight gradient that a group of blocks gives for a slice of the input channels, as
/// channels out x (ky, kx, inner channel).
fn partial_gradient(
    input: &[f32],
    output_grad: &[f32],
    shape: &ConvShape,
    group: &[RowBlock],
    slice: &Range<usize>,
) -> Vec<f32> {
    let [channels_in, channels_out] = shape.channels;
    let [kernel_height, kernel_width] = shape.kernel;
    let [out_height, out_width] = shape.output();
    let in_pixels = shape.input[0] * shape.input[1];
    let out_pixels = out_height * out_width;
    let mapping = shape.forward_mapping();
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
            // SAFETY: `partial` has `channels_out` rows of `row` values, of which `depth` from `position` on are this
            // tap row's; the left side has `channels_out` rows of `pixels` values inside `output_grad`, the right
            // one `depth` rows of `pixels` values, read as its transpose.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, in f64: (output, input gradient, weight gradient).
    fn by_definition(x: &[f32], w: &[f32], g: &[f32], shape: &ConvShape) -> [Vec<f64>; 3] {
        let [ci, co] = shape.channels;
        let [h, wd] = shape.input;
        let [kh, kw] = shape.kernel;
        let [oh, ow] = shape.output();
        let ConvGeometry { stride, padding, dilation } = shape.geometry;
        let mut y = vec![0.0; shape.batch * co * oh * ow];
        let mut gx = vec![0.0; x.len()];
        let mut gw = vec![0.0; w.len()];
        for n in 0..shape.batch {
            for o in 0..co {
                for (oy, ox) in (0..oh).flat_map(|oy| (0..ow).map(move |ox| (oy, ox))) {
                    let out = ((n * co + o) * oh + oy) * ow + ox;
                    for i in 0..ci {
                        for (ky, kx) in (0..kh).flat_map(|ky| (0..kw).map(move |kx| (ky, kx))) {
                            let iy = (oy * stride + ky * dilation).wrapping_sub(padding);
                            let ix = (ox * stride + kx * dilation).wrapping_sub(padding);
                            if iy >= h || ix >= wd {
                                continue;
                            }
                            let a = ((n * ci + i) * h + iy) * wd + ix;
                            let b = ((o * ci + i) * kh + ky) * kw + kx;
                            y[out] += x[a] as f64 * w[b] as f64;
                            gx[a] += g[out] as f64 * w[b] as f64;
                            gw[b] += g[out] as f64 * x[a] as f64;
                        }
                    }
                }
            }
        }
        [y, gx, gw]
    }

    fn noise(count: usize, seed: u64) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    /// Compares all three products with the definition. Rounding errors grow with the sizes of the terms of a sum, not
    /// with the sum, which may cancel.
    fn check(ours: [&[f32]; 3], x: &[f32], w: &[f32], g: &[f32], shape: &ConvShape) {
        let size = |values: &[f32]| values.iter().map(|v| v.abs()).collect::<Vec<f32>>();
        let exact = by_definition(x, w, g, shape);
        let terms = by_definition(&size(x), &size(w), &size(g), shape);
        for (product, name) in ["output", "input gradient", "weight gradient"].into_iter().enumerate() {
            let (ours, exact, terms) = (ours[product], &exact[product], &terms[product]);
            assert_eq!(ours.len(), exact.len(), "{name}");
            for (i, (a, b)) in ours.iter().zip(exact).enumerate() {
                assert!((*a as f64 - b).abs() <= 1e-5 * terms[i], "{name}[{i}]: {a} is not {b}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn all_three_products_follow_the_definition(
            batch in 1usize..4, ci in 1usize..7, co in 1usize..7, h in 1usize..20, w in 1usize..20,
            kernel in prop::sample::select(vec![1usize, 3, 7]), stride in 1usize..3,
            rate in prop::sample::select(vec![1usize, 2, 5, 12, 24]), seed in 0u64..1000,
        ) {
            let geometry = ConvGeometry { stride, ..ConvGeometry::same(kernel, rate) };
            let shape = ConvShape { batch, channels: [ci, co], input: [h, w], kernel: [kernel; 2], geometry };
            let [oh, ow] = shape.output();
            let x = noise(batch * ci * h * w, seed);
            let weight = noise(co * ci * kernel * kernel, seed + 1);
            let g = noise(batch * co * oh * ow, seed + 2);
            let (y, gx) = (forward(&x, &weight, &shape), input_gradient(&g, &weight, &shape));
            check([&y, &gx, &weight_gradient(&x, &g, &shape)], &x, &weight, &g, &shape);
        }
    }

    /// More weights than partial sums may take: the input channels are split instead of the pixels.
    #[test]
    fn many_weights_follow_the_definition() {
        let shape = ConvShape {
            batch: 2,
            channels: [700, 700],
            input: [3, 2],
            kernel: [3, 3],
            geometry: ConvGeometry::same(3, 1),
        };
        const { assert!(PARTIAL_BYTES / 4 / (700 * 700 * 9) < WEIGHT_TASKS) };
        let x = noise(2 * 700 * 6, 1);
        let weight = noise(700 * 700 * 9, 2);
        let g = noise(2 * 700 * 6, 3);
        let (y, gx) = (forward(&x, &weight, &shape), input_gradient(&g, &weight, &shape));
        check([&y, &gx, &weight_gradient(&x, &g, &shape)], &x, &weight, &g, &shape);
    }

    /// A rate of at least the map's size leaves exactly the 1x1 convolution with the centre weights.
    #[test]
    fn a_rate_beyond_the_map_is_a_pointwise_convolution() {
        let shape =
            |kernel, geometry| ConvShape { batch: 2, channels: [5, 4], input: [9, 9], kernel: [kernel; 2], geometry };
        let atrous = shape(3, ConvGeometry::same(3, 9));
        let point = shape(1, ConvGeometry::same(1, 1));
        let x = noise(2 * 5 * 81, 4);
        let g = noise(2 * 4 * 81, 5);
        let weight = noise(4 * 5 * 9, 6);
        let centre: Vec<f32> = weight.chunks_exact(9).map(|taps| taps[4]).collect();
        assert_eq!(forward(&x, &weight, &atrous), forward(&x, &centre, &point));
        for (i, value) in weight_gradient(&x, &g, &atrous).iter().enumerate() {
            assert!(i % 9 == 4 || *value == 0.0, "tap {} of a dead branch has the gradient {value}", i % 9);
        }
    }
}
