//! The kernels of the CPU backend.

use burn::backend::Flex;
use burn::backend::tensor::IntTensor;
use burn::tensor::TensorData;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::MaxPoolKernels;
use super::geometry::{PoolGeometry, PoolShape};
use crate::ops::cpu::values::{FlexTensor, FlexValues, tensor};
use crate::ops::dims::dims;

/// The indices are pixels of a window, of 8 bits each.
impl MaxPoolKernels for Flex {
    fn max_pool(input: &FlexTensor, geometry: PoolGeometry) -> Option<FlexTensor> {
        Self::max_pool_with_indices(input, geometry).map(|(output, _)| output)
    }

    fn max_pool_with_indices(input: &FlexTensor, geometry: PoolGeometry) -> Option<(FlexTensor, IntTensor<Self>)> {
        let [batch, channels, height, width] = dims(input);
        let shape = PoolShape { input: [height, width], geometry };
        let (output, indices) = forward(FlexValues::of(input)?.slice(), &shape);
        let [rows, columns] = shape.output();
        let sizes = [batch, channels, rows, columns];
        Some((tensor(output, sizes), IntTensor::<Self>::from_data(TensorData::new(indices, sizes))))
    }

    fn max_pool_gradient(
        output_grad: &FlexTensor,
        indices: &IntTensor<Self>,
        geometry: PoolGeometry,
        size: [usize; 2],
    ) -> Option<FlexTensor> {
        let [batch, channels, _, _] = dims(output_grad);
        let grad = FlexValues::of(output_grad)?;
        let indices = indices.as_slice::<u8>().expect("indices of this backend's own pool");
        let gradient = gradient(grad.slice(), indices, &PoolShape { input: size, geometry });
        Some(tensor(gradient, [batch, channels, size[0], size[1]]))
    }
}

/// The index of a maximum that is none: of a window that lies in the padding as a whole.
const NOWHERE: u8 = u8::MAX;

/// Computes the maximum of each window of every plane of `input`, and which pixel of the window
/// (row by row) it is: the first of equal ones. A NaN is larger than everything, as in PyTorch.
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
        arch.dispatch(PooledPlane { best, places, plane, shape });
    });
    (output, places)
}

/// A plane, the maximum of each of its windows, and their places.
struct PooledPlane<'a> {
    best: &'a mut [f32],
    places: &'a mut [u8],
    plane: &'a [f32],
    shape: &'a PoolShape,
}

impl WithSimd for PooledPlane<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { best, places, plane, shape } = self;
        match shape.geometry.stride {
            _ if halves(shape) => halve(best, places, plane, shape.input[1]),
            // A stride that the compiler knows.
            2 => pool(best, places, plane, shape, 2),
            stride => pool(best, places, plane, shape, stride),
        }
    }
}

#[inline(always)]
fn pool(best: &mut [f32], places: &mut [u8], plane: &[f32], shape: &PoolShape, stride: usize) {
    let [height, width] = shape.input;
    let [out_height, out_width] = shape.output();
    let kernel = shape.geometry.kernel;
    for ky in 0..kernel {
        let (rows, mut y) = shape.geometry.valid_windows(ky, out_height, height);
        for row in rows {
            let source = &plane[y * width..][..width];
            y += stride;
            for kx in 0..kernel {
                let (columns, x) = shape.geometry.valid_windows(kx, out_width, width);
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

/// Returns whether each pixel lies in a window of two by two, and in no other.
fn halves(shape: &PoolShape) -> bool {
    let PoolGeometry { kernel, stride, padding } = shape.geometry;
    (kernel, stride, padding) == (2, 2, 0) && shape.input.iter().all(|side| side % 2 == 0)
}

/// Pools windows of two by two: what [`pool`] does, a window at a time.
#[inline(always)]
fn halve(best: &mut [f32], places: &mut [u8], plane: &[f32], width: usize) {
    let targets = best.chunks_exact_mut(width / 2).zip(places.chunks_exact_mut(width / 2));
    for (rows, (best, places)) in plane.chunks_exact(2 * width).zip(targets) {
        let (upper, lower) = rows.split_at(width);
        for (i, (best, place)) in best.iter_mut().zip(places).enumerate() {
            let (mut peak, mut at) = (upper[2 * i], 0u32);
            for (value, number) in [(upper[2 * i + 1], 1), (lower[2 * i], 2), (lower[2 * i + 1], 3)] {
                let wins = value > peak || value.is_nan();
                (peak, at) = if wins { (value, number) } else { (peak, at) };
            }
            (*best, *place) = (peak, at as u8);
        }
    }
}

/// The gradient of windows of two by two, and that of the plane, whose rows are `width` long.
struct HalvedGradient<'a> {
    target: &'a mut [f32],
    grads: &'a [f32],
    places: &'a [u8],
    width: usize,
}

impl WithSimd for HalvedGradient<'_> {
    type Output = ();

    /// Writes each pixel once.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { target, grads, places, width } = self;
        let given = grads.chunks_exact(width / 2).zip(places.chunks_exact(width / 2));
        for (rows, (grads, places)) in target.chunks_exact_mut(2 * width).zip(given) {
            for (row, first) in rows.chunks_exact_mut(width).zip([0u8, 2]) {
                for (pair, (grad, place)) in row.chunks_exact_mut(2).zip(grads.iter().zip(places)) {
                    // Added to zero, which -0 does not stay.
                    let grad = 0.0 + grad;
                    pair[0] = if *place == first { grad } else { 0.0 };
                    pair[1] = if *place == first + 1 { grad } else { 0.0 };
                }
            }
        }
    }
}

/// Computes the gradient of the input: that of each output pixel, at the place of its maximum.
pub fn gradient(output_grad: &[f32], places: &[u8], shape: &PoolShape) -> Vec<f32> {
    assert_eq!(output_grad.len(), places.len(), "gradient and places of a pool's output");
    let PoolGeometry { kernel, stride, padding } = shape.geometry;
    let width = shape.input[1];
    let out_width = shape.output()[1];
    let [area, out_area] = shape.areas();
    let mut gradient = vec![0.0; output_grad.len() / out_area * area];
    let given = output_grad.par_chunks(out_area).zip(places.par_chunks(out_area));
    let arch = Arch::new();
    gradient.par_chunks_mut(area).zip(given).for_each(|(target, (grads, places))| {
        if halves(shape) {
            return arch.dispatch(HalvedGradient { target, grads, places, width });
        }
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
