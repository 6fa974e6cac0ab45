//! The operation composed of burn's, as matrix products: what each tap sees is copied (im2col), and
//! multiplied with the tap's weights.
//!
//! Without autotuning, burn's own convolution on GPUs is a loop per output value, and its implicit
//! matrix products round to 16 bits. Taps that see nothing but padding are left out here: at rates
//! beyond the map's size a 3x3 branch costs what a 1x1 does.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{Shape, Slice};

use super::geometry::{ConvGeometry, ConvShape};
use crate::ops::dims::dims;

/// Bytes of copies that may exist at once.
const COLUMN_BYTES: usize = 256 << 20;

/// A row and a column of the kernel.
type Tap = [usize; 2];

/// The taps that see at least one pixel, and how far they reach beyond the input.
struct LiveTaps {
    taps: Vec<Tap>,
    /// Rows above and columns left of the input.
    before: [usize; 2],
    /// Height and width with those and the ones behind.
    padded: [usize; 2],
}

/// Returns where a tap begins, relative to the input.
fn offset(geometry: ConvGeometry, tap: usize) -> isize {
    (tap * geometry.dilation) as isize - geometry.padding as isize
}

impl LiveTaps {
    fn new(shape: &ConvShape) -> Self {
        let output = shape.output();
        let last = |axis: usize| ((output[axis] - 1) * shape.geometry.stride) as isize;
        let (rows, columns) = (shape.live_taps(0), shape.live_taps(1));
        let (mut before, mut padded) = ([0; 2], shape.input);
        for (axis, taps) in [&rows, &columns].into_iter().enumerate() {
            let offsets = taps.clone().map(|tap| offset(shape.geometry, tap));
            let lowest = offsets.clone().min().unwrap_or(0).min(0);
            let highest = offsets.max().map_or(0, |offset| offset + last(axis) + 1).max(shape.input[axis] as isize);
            (before[axis], padded[axis]) = (lowest.unsigned_abs(), (highest - lowest) as usize);
        }
        let taps = rows.flat_map(|row| columns.clone().map(move |column| [row, column])).collect();
        Self { taps, before, padded }
    }

    /// Returns what a tap sees, as a slice of the padded input.
    fn slices(&self, shape: &ConvShape, [row, column]: Tap) -> [Slice; 4] {
        let ConvGeometry { stride, .. } = shape.geometry;
        let output = shape.output();
        let along = |axis: usize, tap: usize| {
            let start = offset(shape.geometry, tap) + self.before[axis] as isize;
            let end = start + ((output[axis] - 1) * stride) as isize + 1;
            Slice::new(start, Some(end), stride as isize)
        };
        [Slice::full(), Slice::full(), along(0, row), along(1, column)]
    }

    /// Returns the taps in groups whose copies fit into memory together.
    fn groups(&self, shape: &ConvShape) -> impl Iterator<Item = &[Tap]> {
        let [height, width] = shape.output();
        let bytes = 4 * shape.batch * shape.channels[0] * height * width;
        self.taps.chunks((COLUMN_BYTES / bytes.max(1)).max(1))
    }
}

fn zeros<B: Backend, const D: usize>(like: &FloatTensor<B>, shape: [usize; D]) -> FloatTensor<B> {
    B::float_zeros(Shape::from(shape), &like.device(), like.dtype().into())
}

fn inner(start: usize, length: usize) -> Slice {
    Slice::new(start as isize, Some((start + length) as isize), 1)
}

/// Returns the input with the padding that live taps see.
fn padded<B: Backend>(input: FloatTensor<B>, live: &LiveTaps) -> FloatTensor<B> {
    let [batch, channels, height, width] = dims(&input);
    let [rows, columns] = live.padded;
    if [height, width] == live.padded {
        return input;
    }
    let around = zeros::<B, 4>(&input, [batch, channels, rows, columns]);
    let [top, left] = live.before;
    let place = [Slice::full(), Slice::full(), inner(top, height), inner(left, width)];
    B::float_slice_assign(around, &place, input)
}

/// Copies what taps see, tap after tap: batch x (taps x channels) x output pixels.
fn im2col<B: Backend>(padded: &FloatTensor<B>, live: &LiveTaps, shape: &ConvShape, taps: &[Tap]) -> FloatTensor<B> {
    let [height, width] = shape.output();
    let whole = [height, width] == live.padded;
    let see = |tap: &Tap| match whole {
        true => padded.clone(),
        false => B::float_slice(padded.clone(), &live.slices(shape, *tap)),
    };
    let seen = concat::<B>(taps.iter().map(see).collect(), 1);
    B::float_reshape(seen, Shape::from([shape.batch, taps.len() * shape.channels[0], height * width]))
}

fn concat<B: Backend>(mut tensors: Vec<FloatTensor<B>>, dim: usize) -> FloatTensor<B> {
    match tensors.len() {
        1 => tensors.remove(0),
        _ => B::float_cat(tensors, dim),
    }
}

/// Returns the weights of taps, tap after tap: 1 x channels out x (taps x channels in).
fn tap_weights<B: Backend>(weight: &FloatTensor<B>, shape: &ConvShape, taps: &[Tap]) -> FloatTensor<B> {
    let [channels_in, channels_out] = shape.channels;
    let of = |[row, column]: &Tap| {
        let slices = [Slice::full(), Slice::full(), inner(*row, 1), inner(*column, 1)];
        let one = if shape.kernel == [1, 1] { weight.clone() } else { B::float_slice(weight.clone(), &slices) };
        B::float_reshape(one, Shape::from([1, channels_out, channels_in]))
    };
    concat::<B>(taps.iter().map(of).collect(), 2)
}

/// Computes the output of a convolution.
pub(super) fn forward<B: Backend>(
    input: FloatTensor<B>,
    weight: FloatTensor<B>,
    geometry: ConvGeometry,
) -> FloatTensor<B> {
    let shape = ConvShape::new(dims(&input), dims(&weight), geometry);
    let live = LiveTaps::new(&shape);
    let [height, width] = shape.output();
    let size = [shape.batch, shape.channels[1], height, width];
    let input = padded::<B>(input, &live);
    let product = |taps: &[Tap]| {
        B::float_matmul(tap_weights::<B>(&weight, &shape, taps), im2col::<B>(&input, &live, &shape, taps))
    };
    match live.groups(&shape).map(product).reduce(B::float_add) {
        Some(sum) => B::float_reshape(sum, Shape::from(size)),
        None => zeros::<B, 4>(&input, size),
    }
}

/// Computes the gradient of the input.
pub(super) fn input_gradient<B: Backend>(
    input: FloatTensor<B>,
    weight: FloatTensor<B>,
    output_grad: FloatTensor<B>,
    geometry: ConvGeometry,
) -> FloatTensor<B> {
    let size = dims(&input);
    let shape = ConvShape::new(size, dims(&weight), geometry);
    if let Some(turned_geometry) = geometry.turned(shape.kernel) {
        // A convolution of the gradient with the kernel turned around.
        let turned = match shape.kernel {
            [1, 1] => weight,
            _ => B::float_flip(weight, &[2, 3]),
        };
        let turned = B::float_swap_dims(turned, 0, 1);
        return forward::<B>(output_grad, turned, turned_geometry);
    }
    let live = LiveTaps::new(&shape);
    let [batch, channels_in, height, width] = size;
    let [rows, columns] = shape.output();
    let grad = B::float_reshape(output_grad, Shape::from([batch, shape.channels[1], rows * columns]));
    let mut sum = zeros::<B, 4>(&grad, [batch, channels_in, live.padded[0], live.padded[1]]);
    for tap in &live.taps {
        let turned = B::float_swap_dims(tap_weights::<B>(&weight, &shape, &[*tap]), 1, 2);
        let product = B::float_matmul(turned, grad.clone());
        let product = B::float_reshape(product, Shape::from([batch, channels_in, rows, columns]));
        let place = live.slices(&shape, *tap);
        let product = B::float_add(B::float_slice(sum.clone(), &place), product);
        sum = B::float_slice_assign(sum, &place, product);
    }
    let [top, left] = live.before;
    match live.padded == [height, width] {
        true => sum,
        false => B::float_slice(sum, &[Slice::full(), Slice::full(), inner(top, height), inner(left, width)]),
    }
}

/// Computes the gradients of the input and of the weights, each where it is `wanted`.
pub(super) fn gradients<B: Backend>(
    input: FloatTensor<B>,
    weight: FloatTensor<B>,
    output_grad: FloatTensor<B>,
    geometry: ConvGeometry,
    [of_input, of_weight]: [bool; 2],
) -> [Option<FloatTensor<B>>; 2] {
    let of_input = of_input.then(|| input_gradient::<B>(input.clone(), weight.clone(), output_grad.clone(), geometry));
    [of_input, of_weight.then(|| weight_gradient::<B>(input, weight, output_grad, geometry))]
}

/// Computes the gradient of the weights.
pub(super) fn weight_gradient<B: Backend>(
    input: FloatTensor<B>,
    weight: FloatTensor<B>,
    output_grad: FloatTensor<B>,
    geometry: ConvGeometry,
) -> FloatTensor<B> {
    let size = dims(&weight);
    let shape = ConvShape::new(dims(&input), size, geometry);
    let live = LiveTaps::new(&shape);
    let [channels_in, channels_out] = shape.channels;
    let [height, width] = shape.output();
    let input = padded::<B>(input, &live);
    let grad = B::float_reshape(output_grad, Shape::from([shape.batch, channels_out, height * width]));
    let gradient = |taps: &[Tap]| {
        let seen = B::float_swap_dims(im2col::<B>(&input, &live, &shape, taps), 1, 2);
        let sum = B::float_sum_dim(B::float_matmul(grad.clone(), seen), 0);
        // Channels out x taps x channels in, to channels out x channels in x taps.
        let sum = B::float_reshape(sum, Shape::from([channels_out, taps.len(), channels_in]));
        B::float_swap_dims(sum, 1, 2)
    };
    let parts: Vec<FloatTensor<B>> = live.groups(&shape).map(gradient).collect();
    let [rows, columns] = shape.kernel;
    if live.taps.len() == rows * columns {
        return B::float_reshape(concat::<B>(parts, 2), Shape::from(size));
    }
    let mut all = zeros::<B, 4>(&input, size);
    if parts.is_empty() {
        return all;
    }
    let seen = concat::<B>(parts, 2);
    for (i, [row, column]) in live.taps.iter().enumerate() {
        let one = B::float_slice(seen.clone(), &[Slice::full(), Slice::full(), inner(i, 1)]);
        let one = B::float_reshape(one, Shape::from([channels_out, channels_in, 1, 1]));
        all = B::float_slice_assign(all, &[Slice::full(), Slice::full(), inner(*row, 1), inner(*column, 1)], one);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::atrous_conv2d::AtrousConv2dKernels;
    use crate::precision::Precision;
    use burn::backend::Flex;
    use burn::tensor::TensorData;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn noise(shape: [usize; 4], seed: u64) -> FloatTensor<Flex> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| random.random::<f32>() - 0.5).collect();
        FloatTensor::<Flex>::from_data(TensorData::new(values, shape))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        /// The CPU's own kernels are compared with the definition elsewhere.
        #[test]
        fn all_three_products_are_those_of_the_cpu(
            batch in 1usize..4, channels in (1usize..5, 1usize..5), size in (1usize..18, 1usize..18),
            kernel in prop::sample::select(vec![1usize, 3, 7]), stride in 1usize..3,
            rate in prop::sample::select(vec![1usize, 2, 5, 12, 24]), seed in 0u64..1000,
        ) {
            let geometry = ConvGeometry { stride, ..ConvGeometry::same(kernel, rate) };
            let input = noise([batch, channels.0, size.0, size.1], seed);
            let weight = noise([channels.1, channels.0, kernel, kernel], seed + 1);
            let output = Flex::atrous_conv2d(input.clone(), weight.clone(), geometry, Precision::Single);
            let grad = noise(dims(&output), seed + 2);
            let args = || (input.clone(), weight.clone(), grad.clone());
            let wanted = [true; 2];
            let gradients = Flex::atrous_conv2d_gradients(
                input.clone(), weight.clone(), grad.clone(), geometry, Precision::Single, wanted,
            );
            let [of_input, of_weight] = gradients.map(Option::unwrap);
            let pairs = [
                (forward::<Flex>(input.clone(), weight.clone(), geometry), output),
                ({ let (x, w, g) = args(); input_gradient::<Flex>(x, w, g, geometry) }, of_input),
                ({ let (x, w, g) = args(); weight_gradient::<Flex>(x, w, g, geometry) }, of_weight),
            ];
            for (which, (ours, wanted)) in pairs.into_iter().enumerate() {
                prop_assert_eq!(dims(&ours), dims(&wanted), "product {}", which);
                let (ours, wanted) = (ours.into_data(), wanted.into_data());
                for (a, b) in ours.iter::<f32>().zip(wanted.iter::<f32>()) {
                    prop_assert!((a - b).abs() <= 1e-4, "product {}: {} is not {}", which, a, b);
                }
            }
        }
    }
}
