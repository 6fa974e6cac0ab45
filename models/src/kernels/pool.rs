//! Max pool and its gradient.

use std::ops::Range;

use pulp::Arch;
use rayon::prelude::*;

/// Windows of a pool: squares, with padding that is never the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolGeometry {
    /// Side of a window.
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
}

impl PoolGeometry {
    /// Output pixels along an axis of `size` input pixels.
    ///
    /// # Panics
    /// Where a window is larger than the padded input.
    pub fn output_size(&self, size: usize) -> usize {
        let padded = size + 2 * self.padding;
        assert!(padded >= self.kernel, "a window of {} pixels does not fit into {padded} padded pixels", self.kernel);
        (padded - self.kernel) / self.stride + 1
    }

    /// Of `count` windows, those whose pixel `tap` lies in the input, and the pixel that it is in the first of them.
    fn sight(&self, tap: usize, count: usize, size: usize) -> (Range<usize>, usize) {
        let start = self.padding.saturating_sub(tap).div_ceil(self.stride);
        let end = (size + self.padding).saturating_sub(tap).div_ceil(self.stride).min(count);
        (start..end.max(start), (start * self.stride + tap).saturating_sub(self.padding))
    }
}

/// Sizes of pooled maps.
#[derive(Clone, Copy, Debug)]
pub struct PoolShape {
    /// Input height and width.
    pub input: [usize; 2],
    pub geometry: PoolGeometry,
}

impl PoolShape {
    /// Output height and width.
    pub fn output(&self) -> [usize; 2] {
        self.input.map(|size| self.geometry.output_size(size))
    }

    fn areas(&self) -> [usize; 2] {
        [self.input, self.output()].map(|[height, width]| height * width)
    }
}

/// The place of a maximum that is none: of a window that lies in the padding as a whole.
const NOWHERE: u8 = u8::MAX;

/// The maximum of each window of every plane of `input`, and which pixel of the window (row by row) it is: the first of equal
/// ones. A NaN is larger than everything, as in PyTorch.
pub fn forward(input: &[f32], shape: &PoolShape) -> (Vec<f32>, Vec<u8>) {
    assert!(
        shape.geometry.kernel * shape.geometry.kernel <= NOWHERE as usize,
        "windows of more pixels than have a number"
    );
    let [area, out_area] = shape.areas();
    let count = input.len() / area * out_area;
    let (mut output, mut places) = (vec![f32::NEG_INFINITY; count], vec![NOWHERE; count]);
    let arch = Arch::new();
    let targets = output.par_chunks_mut(out_area).zip(places.par_chunks_mut(out_area));
    targets.zip(input.par_chunks(area)).for_each(|((best, places), plane)| {
        arch.dispatch(|| match shape.geometry.stride {
            // A stride that the compiler knows.
            2 => pool(best, places, plane, shape, 2),
            stride => pool(best, places, plane, shape, stride),
        });
    });
    (output, places)
}

#[inline(always)]
fn pool(best: &mut [f32], places: &mut [u8], plane: &[f32], shape: &PoolShape, stride: usize) {
    let [height, width] = shape.input;
    let [out_height, out_width] = shape.output();
    let kernel = shape.geometry.kernel;
    for ky in 0..kernel {
        let (rows, mut y) = shape.geometry.sight(ky, out_height, height);
        for row in rows {
            let source = &plane[y * width..][..width];
            y += stride;
            for kx in 0..kernel {
                let (columns, x) = shape.geometry.sight(kx, out_width, width);
                let count = columns.len();
                if count == 0 {
                    continue;
                }
                let first = row * out_width + columns.start;
                let (best, places) = (&mut best[first..][..count], &mut places[first..][..count]);
                let source = &source[x..][..(count - 1) * stride + 1];
                let place = (ky * kernel + kx) as u8;
                for i in 0..count {
                    let value = source[i * stride];
                    let wins = places[i] == NOWHERE || value > best[i] || value.is_nan();
                    best[i] = if wins { value } else { best[i] };
                    places[i] = if wins { place } else { places[i] };
                }
            }
        }
    }
}

/// Gradient of the input: that of each output pixel, at the place of its maximum.
pub fn gradient(output_grad: &[f32], places: &[u8], shape: &PoolShape) -> Vec<f32> {
    assert_eq!(output_grad.len(), places.len(), "gradient and places of a pool's output");
    let PoolGeometry { kernel, stride, padding } = shape.geometry;
    let width = shape.input[1];
    let out_width = shape.output()[1];
    let [area, out_area] = shape.areas();
    let mut gradient = vec![0.0; output_grad.len() / out_area * area];
    let given = output_grad.par_chunks(out_area).zip(places.par_chunks(out_area));
    gradient.par_chunks_mut(area).zip(given).for_each(|(target, (grads, places))| {
        let lines = grads.chunks_exact(out_width).zip(places.chunks_exact(out_width));
        for (row, (grads, places)) in lines.enumerate() {
            for (column, (grad, place)) in
                grads.iter().zip(places).enumerate().filter(|(_, (_, place))| **place != NOWHERE)
            {
                let (ky, kx) = (*place as usize / kernel, *place as usize % kernel);
                // The place lies in the input: not below zero.
                target[(row * stride + ky - padding) * width + column * stride + kx - padding] += grad;
            }
        }
    });
    gradient
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against the definition, window by window, with values of which many are equal.
        #[test]
        fn pools_follow_the_definition(
            h in 1usize..9, w in 1usize..9, kernel in 1usize..4, stride in 1usize..4, padding in 0usize..3, seed in 0u32..1000,
        ) {
            let geometry = PoolGeometry { kernel, stride, padding };
            prop_assume!(h.min(w) + 2 * padding >= kernel);
            let shape = PoolShape { input: [h, w], geometry };
            let [oh, ow] = shape.output();
            let x: Vec<f32> = (0..2 * h * w).map(|i| ((i as u32 * 7919 + seed * 31) % 5) as f32 - 2.0).collect();
            let g: Vec<f32> = (0..2 * oh * ow).map(|i| (i as f32 * 0.9).cos()).collect();
            let (y, places) = forward(&x, &shape);
            let (mut want, mut want_grad) = (Vec::new(), vec![0.0f32; x.len()]);
            for (plane, i, j) in (0..2).flat_map(|p| (0..oh).flat_map(move |i| (0..ow).map(move |j| (p, i, j)))) {
                let seen = (0..kernel).flat_map(|a| (0..kernel).map(move |b| (i * stride + a, j * stride + b)))
                    .filter(|(y, x)| *y >= padding && *x >= padding && y - padding < h && x - padding < w)
                    .map(|(y, x)| (plane * h + y - padding) * w + x - padding);
                let best = seen.reduce(|a, b| if x[b] > x[a] { b } else { a });
                want.push(best.map_or(f32::NEG_INFINITY, |i| x[i]));
                if let Some(best) = best {
                    want_grad[best] += g[(plane * oh + i) * ow + j];
                }
            }
            prop_assert_eq!(&y, &want);
            prop_assert_eq!(gradient(&g, &places, &shape), want_grad);
        }
    }

    #[test]
    fn a_nan_is_the_maximum() {
        let shape = PoolShape { input: [2, 2], geometry: PoolGeometry { kernel: 2, stride: 2, padding: 0 } };
        let (y, places) = forward(&[1.0, f32::NAN, 9.0, 2.0], &shape);
        assert!(y[0].is_nan() && places == [1]);
    }
}
