//! The kernels of the CPU backend.

use std::mem::MaybeUninit;

use burn::backend::Flex;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::ResizeBilinearKernels;
use super::samples::{ResizeSample, ResizeShape, samples};
use crate::ops::cpu::buffer::written;
use crate::ops::cpu::values::{FlexTensor, FlexValues, tensor};
use crate::ops::dims::dims;

impl ResizeBilinearKernels for Flex {
    fn resize_bilinear(input: &FlexTensor, shape: &ResizeShape) -> Option<FlexTensor> {
        let [batch, channels, _, _] = dims(input);
        let [height, width] = shape.output;
        Some(tensor(forward(FlexValues::of(input)?.slice(), shape), [batch, channels, height, width]))
    }

    fn resize_bilinear_gradient(output_grad: &FlexTensor, shape: &ResizeShape) -> Option<FlexTensor> {
        let [batch, channels, _, _] = dims(output_grad);
        let [height, width] = shape.input;
        Some(tensor(gradient(FlexValues::of(output_grad)?.slice(), shape), [batch, channels, height, width]))
    }
}

/// Resizes every plane of `input` (planes x input size).
pub fn forward(input: &[f32], shape: &ResizeShape) -> Vec<f32> {
    let [height, width] = shape.input;
    let [out_height, out_width] = shape.output;
    let [rows, columns] = [0, 1].map(|a| samples(shape.input[a], shape.output[a], shape.align_corners));
    let planes = input.len() / (height * width);
    let (arch, doubles) = (Arch::new(), doubles(shape));
    // SAFETY: one output plane per input plane, each written row by row from the `out_height` x
    // `out_width` samples.
    unsafe {
        written(planes * out_height * out_width, |output| {
            output.par_chunks_mut(out_height * out_width).zip(input.par_chunks(height * width)).for_each_init(
                || vec![0.0; width],
                |blend, (target, plane)| {
                    arch.dispatch(ResizedPlane { plane, rows: &rows, columns: &columns, doubles, blend, target });
                },
            );
        })
    }
}

/// A plane and what it becomes.
struct ResizedPlane<'a> {
    plane: &'a [f32],
    rows: &'a [ResizeSample],
    columns: &'a [ResizeSample],
    /// Whether rows become twice as long.
    doubles: bool,
    /// A row between two of the plane.
    blend: &'a mut [f32],
    target: &'a mut [MaybeUninit<f32>],
}

impl WithSimd for ResizedPlane<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { plane, rows, columns, doubles, blend, target } = self;
        let width = blend.len();
        for (line, row) in target.chunks_exact_mut(columns.len()).zip(rows) {
            let (low, high) = (&plane[row.low * width..][..width], &plane[row.high * width..][..width]);
            for ((b, l), h) in blend.iter_mut().zip(low).zip(high) {
                *b = l + (h - l) * row.fraction;
            }
            match doubles {
                true => double(blend, line, columns),
                false => sample(blend, line, columns),
            }
        }
    }
}

/// The gradient of a resized plane, and that of the plane.
struct PlaneGradient<'a> {
    grads: &'a [f32],
    rows: &'a [ResizeSample],
    columns: &'a [ResizeSample],
    /// Whether rows became twice as long.
    doubles: bool,
    /// The gradient of a row between two of the plane.
    line: &'a mut [f32],
    target: &'a mut [f32],
}

impl WithSimd for PlaneGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { grads, rows, columns, doubles, line, target } = self;
        let width = line.len();
        for (grad, row) in grads.chunks_exact(columns.len()).zip(rows) {
            match doubles {
                true => double_gradient(grad, line),
                false => sample_gradient(grad, line, columns),
            }
            for (share, y) in [(1.0 - row.fraction, row.low), (row.fraction, row.high)] {
                for (t, v) in target[y * width..][..width].iter_mut().zip(&*line) {
                    *t += v * share;
                }
            }
        }
    }
}

/// Returns whether a row becomes twice as long, so that its samples lie at quarters. Rows of a few
/// pixels are no concern.
fn doubles(shape: &ResizeShape) -> bool {
    !shape.align_corners && shape.output[1] == 2 * shape.input[1] && shape.input[1] >= 4
}

/// Writes a row's samples.
#[inline(always)]
fn sample(row: &[f32], samples: &mut [MaybeUninit<f32>], columns: &[ResizeSample]) {
    for (value, column) in samples.iter_mut().zip(columns) {
        let (low, high) = (row[column.low], row[column.high]);
        value.write(low + (high - low) * column.fraction);
    }
}

/// Writes the samples of a row that becomes twice as long: those that [`sample`] writes, many at
/// a time.
#[inline(always)]
fn double(row: &[f32], samples: &mut [MaybeUninit<f32>], columns: &[ResizeSample]) {
    let last = samples.len() - 1;
    sample(row, &mut samples[..1], &columns[..1]);
    sample(row, &mut samples[last..], &columns[last..]);
    for (pair, ends) in samples[1..last].chunks_exact_mut(2).zip(row.windows(2)) {
        let (low, high) = (ends[0], ends[1]);
        pair[0].write(low + (high - low) * 0.25);
        pair[1].write(low + (high - low) * 0.75);
    }
}

/// Computes the gradient of a row from that of its samples.
#[inline(always)]
fn sample_gradient(grad: &[f32], row: &mut [f32], columns: &[ResizeSample]) {
    row.fill(0.0);
    for (value, column) in grad.iter().zip(columns) {
        row[column.low] += value * (1.0 - column.fraction);
        row[column.high] += value * column.fraction;
    }
}

/// Computes the gradient of a row that becomes twice as long: what [`sample_gradient`] does, added
/// in the same order, pixel by pixel of the row.
#[inline(always)]
fn double_gradient(grad: &[f32], row: &mut [f32]) {
    let last = row.len() - 1;
    // Sums begin at 0, which a sum of -0 alone does not leave.
    row[0] = 0.0 + grad[0] + grad[1] * 0.75 + grad[2] * 0.25;
    // The first sample lies on the first pixel, and has no part of the second.
    let sum = |first: f32, seen: &[f32]| first + seen[0] * 0.25 + seen[1] * 0.75 + seen[2] * 0.75 + seen[3] * 0.25;
    row[1] = sum(0.0 + grad[0] * 0.0, &grad[1..5]);
    for (i, value) in row[2..last].iter_mut().enumerate() {
        *value = sum(0.0, &grad[2 * i + 3..][..4]);
    }
    row[last] = sum(0.0, &[grad[2 * last - 1], grad[2 * last], grad[2 * last + 1], grad[2 * last + 1]]);
}

/// Computes the gradient of the input of [`forward`] from `output_grad` (planes x output size).
pub fn gradient(output_grad: &[f32], shape: &ResizeShape) -> Vec<f32> {
    let [height, width] = shape.input;
    let [out_height, out_width] = shape.output;
    let [rows, columns] = [0, 1].map(|a| samples(shape.input[a], shape.output[a], shape.align_corners));
    let (arch, doubles) = (Arch::new(), doubles(shape));
    let mut gradient = vec![0.0; output_grad.len() / (out_height * out_width) * height * width];
    gradient.par_chunks_mut(height * width).zip(output_grad.par_chunks(out_height * out_width)).for_each_init(
        || vec![0.0; width],
        |line, (target, plane)| {
            arch.dispatch(PlaneGradient { grads: plane, rows: &rows, columns: &columns, doubles, line, target });
        },
    );
    gradient
}

#[cfg(test)]
mod tests {
    use super::super::samples::matrix;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_are_doubled_bit_for_bit() {
        for width in 4..40 {
            let columns = samples(width, 2 * width, false);
            let row: Vec<f32> = (0..width).map(|i| (i as f32 * 1.7).sin()).collect();
            let grad: Vec<f32> =
                (0..2 * width).map(|i| (i as f32 * 0.9).cos() * if i % 7 == 0 { -0.0 } else { 1.0 }).collect();
            let bits = |values: &[MaybeUninit<f32>]| {
                // SAFETY: every sample was written.
                values.iter().map(|value| unsafe { value.assume_init() }.to_bits()).collect::<Vec<u32>>()
            };
            let [mut one, mut other] = [(); 2].map(|()| vec![MaybeUninit::uninit(); 2 * width]);
            sample(&row, &mut one, &columns);
            double(&row, &mut other, &columns);
            assert_eq!(bits(&one), bits(&other), "{width}");
            let [mut one, mut other] = [(); 2].map(|()| vec![7.0; width]);
            sample_gradient(&grad, &mut one, &columns);
            double_gradient(&grad, &mut other);
            assert_eq!(
                one.iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
                other.iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
                "{width}"
            );
        }
    }

    proptest! {
        /// Both directions against the dense matrices.
        #[test]
        fn resizing_is_a_product_with_the_matrices(
            h in 1usize..9, w in 1usize..9, oh in 1usize..17, ow in 1usize..17, align_corners: bool,
        ) {
            let shape = ResizeShape { input: [h, w], output: [oh, ow], align_corners };
            let (a, b) = (matrix(h, oh, align_corners), matrix(w, ow, align_corners));
            let x: Vec<f32> = (0..2 * h * w).map(|i| (i as f32 * 1.7).sin()).collect();
            let g: Vec<f32> = (0..2 * oh * ow).map(|i| (i as f32 * 0.9).cos()).collect();
            let (y, gx) = (forward(&x, &shape), gradient(&g, &shape));
            for plane in 0..2 {
                for (i, j) in (0..oh).flat_map(|i| (0..ow).map(move |j| (i, j))) {
                    let want: f32 = (0..h).flat_map(|k| (0..w).map(move |l| (k, l)))
                        .map(|(k, l)| a[i * h + k] * b[j * w + l] * x[(plane * h + k) * w + l]).sum();
                    prop_assert!((y[(plane * oh + i) * ow + j] - want).abs() < 1e-5);
                }
                for (k, l) in (0..h).flat_map(|k| (0..w).map(move |l| (k, l))) {
                    let want: f32 = (0..oh).flat_map(|i| (0..ow).map(move |j| (i, j)))
                        .map(|(i, j)| a[i * h + k] * b[j * w + l] * g[(plane * oh + i) * ow + j]).sum();
                    prop_assert!((gx[(plane * h + k) * w + l] - want).abs() < 1e-4);
                }
            }
        }
    }
}
