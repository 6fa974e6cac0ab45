//! The kernels of the CPU backend.

use burn::backend::Flex;
use pulp::Arch;
use rayon::prelude::*;

use super::ResizeBilinearKernels;
use super::samples::{ResizeShape, samples};
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
    let arch = Arch::new();
    // SAFETY: one output plane per input plane, each written row by row from the `out_height` x
    // `out_width` samples.
    unsafe {
        written(planes * out_height * out_width, |output| {
            output.par_chunks_mut(out_height * out_width).zip(input.par_chunks(height * width)).for_each_init(
                || vec![0.0; width],
                |blend, (target, plane)| {
                    arch.dispatch(|| {
                        for (line, row) in target.chunks_exact_mut(out_width).zip(&rows) {
                            let (low, high) = (&plane[row.low * width..][..width], &plane[row.high * width..][..width]);
                            for ((b, l), h) in blend.iter_mut().zip(low).zip(high) {
                                *b = l + (h - l) * row.fraction;
                            }
                            for (value, column) in line.iter_mut().zip(&columns) {
                                let (l, h) = (blend[column.low], blend[column.high]);
                                value.write(l + (h - l) * column.fraction);
                            }
                        }
                    })
                },
            );
        })
    }
}

/// Computes the gradient of the input of [`forward`] from `output_grad` (planes x output size).
pub fn gradient(output_grad: &[f32], shape: &ResizeShape) -> Vec<f32> {
    let [height, width] = shape.input;
    let [out_height, out_width] = shape.output;
    let [rows, columns] = [0, 1].map(|a| samples(shape.input[a], shape.output[a], shape.align_corners));
    let arch = Arch::new();
    let mut gradient = vec![0.0; output_grad.len() / (out_height * out_width) * height * width];
    gradient.par_chunks_mut(height * width).zip(output_grad.par_chunks(out_height * out_width)).for_each_init(
        || vec![0.0; width],
        |line, (target, plane)| {
            arch.dispatch(|| {
                for (grad, row) in plane.chunks_exact(out_width).zip(&rows) {
                    line.fill(0.0);
                    for (value, column) in grad.iter().zip(&columns) {
                        line[column.low] += value * (1.0 - column.fraction);
                        line[column.high] += value * column.fraction;
                    }
                    for (share, y) in [(1.0 - row.fraction, row.low), (row.fraction, row.high)] {
                        for (t, v) in target[y * width..][..width].iter_mut().zip(&*line) {
                            *t += v * share;
                        }
                    }
                }
            })
        },
    );
    gradient
}

#[cfg(test)]
mod tests {
    use super::super::samples::matrix;
    use super::*;
    use proptest::prelude::*;

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
