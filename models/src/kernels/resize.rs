//! Bilinear resizing of maps and its gradient, as PyTorch's `interpolate` defines them.

use pulp::Arch;
use rayon::prelude::*;

use super::buffer::written;

/// `align_corners` keeps the centres of the corner pixels in place, else their outer corners are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResizeShape {
    /// Height and width that are read.
    pub input: [usize; 2],
    /// Height and width that are written.
    pub output: [usize; 2],
    pub align_corners: bool,
}

/// An output pixel along one axis: two source pixels and the weight of the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub low: usize,
    pub high: usize,
    pub fraction: f32,
}

/// The samples of `output` pixels from `input` pixels along one axis.
///
/// `align_corners` false: position `(i + 0.5) * input / output - 0.5`, not below 0; true: `i * (input - 1) /
/// (output - 1)`.
pub fn samples(input: usize, output: usize, align_corners: bool) -> Vec<Sample> {
    (0..output)
        .map(|i| {
            let position = if align_corners {
                if output > 1 { i as f64 * (input - 1) as f64 / (output - 1) as f64 } else { 0.0 }
            } else {
                ((i as f64 + 0.5) * input as f64 / output as f64 - 0.5).max(0.0)
            };
            let low = (position as usize).min(input - 1);
            Sample { low, high: (low + 1).min(input - 1), fraction: (position - low as f64) as f32 }
        })
        .collect()
}

/// The same samples as a dense `output x input` matrix, row-major, to resize by a product.
pub fn matrix(input: usize, output: usize, align_corners: bool) -> Vec<f32> {
    let mut weights = vec![0.0; input * output];
    for (row, sample) in weights.chunks_exact_mut(input).zip(samples(input, output, align_corners)) {
        row[sample.low] += 1.0 - sample.fraction;
        row[sample.high] += sample.fraction;
    }
    weights
}

/// Resizes every plane of `input` (planes x input size).
pub fn forward(input: &[f32], shape: &ResizeShape) -> Vec<f32> {
    let [height, width] = shape.input;
    let [out_height, out_width] = shape.output;
    let [rows, columns] = [0, 1].map(|a| samples(shape.input[a], shape.output[a], shape.align_corners));
    let planes = input.len() / (height * width);
    let arch = Arch::new();
    // SAFETY: one output plane per input plane, each written row by row from the `out_height` x `out_width` samples.
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

/// Gradient of the input of [`forward`] from `output_grad` (planes x output size).
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
