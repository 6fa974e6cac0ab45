//! The CPU backend's kernels: [`crate::kernels`] on the memory of flex's tensors.
//!
//! They compute in 32 bits. What evaluation and its gradient need also takes 64 bits, composed of burn's operations.

use std::ops::Range;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};

use super::columns;
use super::kernels::{self, ChannelMap, Kernels, NormTerms, dims, joined_size};
use crate::Precision;
use crate::kernels::conv::{self, ConvGeometry, ConvShape};
use crate::kernels::half;
use crate::kernels::join::{self, Part};
use crate::kernels::loss::{self, LossShape};
use crate::kernels::momentum::{self, MomentumStep};
use crate::kernels::norm::{self, Affine, NormShape};
use crate::kernels::pool::{self, PoolGeometry, PoolShape};
use crate::kernels::residual;
use crate::kernels::resize::{self, ResizeShape};

type Floats = FloatTensor<Flex>;

/// A tensor whose values lie in memory in row-major order.
struct Values(Floats);

impl Values {
    fn of(tensor: Floats) -> Self {
        Self(tensor.to_contiguous())
    }

    fn slice(&self) -> &[f32] {
        self.0.as_slice::<f32>().expect("a contiguous tensor of 32-bit floats")
    }

    /// As a map or weights of a product.
    fn side(self, precision: Precision) -> Side {
        match precision {
            Precision::Single => Side::AsIs(self),
            Precision::Mixed => Side::Rounded(half::rounded(self.slice())),
        }
    }

    /// As the gradient of a map.
    fn scaled_side(self, precision: Precision) -> Side {
        match precision {
            Precision::Single => Side::AsIs(self),
            Precision::Mixed => Side::Rounded(half::rounded_to_scale(self.slice())),
        }
    }
}

/// One side of a convolution's products.
enum Side {
    AsIs(Values),
    Rounded(Vec<f32>),
}

impl Side {
    fn slice(&self) -> &[f32] {
        match self {
            Side::AsIs(values) => values.slice(),
            Side::Rounded(values) => values,
        }
    }
}

/// Whether values have 64 bits.
fn is_double(tensor: &Floats) -> bool {
    tensor.dtype() == DType::F64
}

/// A channel map whose values lie in memory.
struct Map([Values; 3]);

impl Map {
    fn of(map: ChannelMap<Flex>) -> Self {
        Self([map.mean, map.scale, map.offset].map(Values::of))
    }

    fn affine(&self) -> Affine<'_> {
        let [mean, scale, offset] = &self.0;
        Affine { mean: mean.slice(), scale: scale.slice(), offset: offset.slice() }
    }
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Floats {
    Floats::from_data(TensorData::new(values, shape))
}

fn labels(tensor: IntTensor<Flex>) -> Vec<i64> {
    tensor.into_data().iter::<i64>().collect()
}

fn norm_shape(input: &Floats) -> NormShape {
    let [batch, channels, height, width] = dims(input);
    NormShape { batch, channels, pixels: height * width }
}

fn loss_shape(logits: &Floats) -> LossShape {
    let [batch, classes, height, width] = dims(logits);
    LossShape { batch, classes, pixels: height * width }
}

impl Kernels for Flex {
    fn convolution(input: Floats, weight: Floats, geometry: ConvGeometry, precision: Precision) -> Floats {
        if is_double(&input) {
            return columns::forward::<Self>(input, weight, geometry);
        }
        let shape = ConvShape::new(dims(&input), dims(&weight), geometry);
        let [height, width] = shape.output();
        let [input, weight] = [input, weight].map(|tensor| Values::of(tensor).side(precision));
        let output = conv::forward(input.slice(), weight.slice(), &shape);
        tensor(output, [shape.batch, shape.channels[1], height, width])
    }

    fn convolution_input_gradient(
        input: Floats,
        weight: Floats,
        output_grad: Floats,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> Floats {
        if is_double(&input) {
            return columns::input_gradient::<Self>(input, weight, output_grad, geometry);
        }
        let sizes = dims(&input);
        let shape = ConvShape::new(sizes, dims(&weight), geometry);
        let (grad, weight) = (Values::of(output_grad).scaled_side(precision), Values::of(weight).side(precision));
        tensor(conv::input_gradient(grad.slice(), weight.slice(), &shape), sizes)
    }

    fn convolution_weight_gradient(
        input: Floats,
        weight: Floats,
        output_grad: Floats,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> Floats {
        if is_double(&input) {
            return columns::weight_gradient::<Self>(input, weight, output_grad, geometry);
        }
        let sizes = dims(&weight);
        let shape = ConvShape::new(dims(&input), sizes, geometry);
        let (grad, input) = (Values::of(output_grad).scaled_side(precision), Values::of(input).side(precision));
        tensor(conv::weight_gradient(input.slice(), grad.slice(), &shape), sizes)
    }

    fn channel_statistics(input: Floats) -> (Floats, Floats) {
        let shape = norm_shape(&input);
        let (mean, variance) = norm::statistics(Values::of(input).slice(), &shape);
        (tensor(mean, [shape.channels]), tensor(variance, [shape.channels]))
    }

    fn channel_affine(input: Floats, map: ChannelMap<Self>, relu: bool) -> Floats {
        if is_double(&input) {
            return kernels::channel_affine::<Self>(input, map, relu);
        }
        let (shape, sizes) = (norm_shape(&input), dims(&input));
        tensor(norm::affine(Values::of(input).slice(), &Map::of(map).affine(), relu, &shape), sizes)
    }

    fn channel_affine_gradient(input: Floats, output_grad: Floats, map: ChannelMap<Self>, relu: bool) -> Floats {
        if is_double(&input) {
            return kernels::channel_affine_gradient::<Self>(input, output_grad, map, relu);
        }
        let (shape, sizes) = (norm_shape(&input), dims(&input));
        let (input, grad) = (Values::of(input), Values::of(output_grad));
        tensor(norm::affine_gradient(input.slice(), grad.slice(), &Map::of(map).affine(), relu, &shape), sizes)
    }

    fn batch_norm_gradient(
        input: Floats,
        output_grad: Floats,
        terms: NormTerms<Self>,
        relu: bool,
    ) -> (Floats, Floats, Floats) {
        let (shape, sizes) = (norm_shape(&input), dims(&input));
        let (map, inverse) = (Map::of(terms.map), Values::of(terms.inverse));
        let (input, grad) = (Values::of(input), Values::of(output_grad));
        let gradients =
            norm::batch_norm_gradient(input.slice(), grad.slice(), inverse.slice(), &map.affine(), relu, &shape);
        let channels = [shape.channels];
        (tensor(gradients.input, sizes), tensor(gradients.scale, channels), tensor(gradients.offset, channels))
    }

    fn momentum_step(values: Floats, gradient: Floats, velocities: Floats, by: MomentumStep) -> (Floats, Floats) {
        let shape = values.shape();
        let (values, gradient, velocities) = (Values::of(values), Values::of(gradient), Values::of(velocities));
        let (moved, faster) = momentum::step(values.slice(), gradient.slice(), velocities.slice(), by);
        let tensor = |values| Floats::from_data(TensorData::new(values, shape.clone()));
        (tensor(moved), tensor(faster))
    }

    fn bilinear(input: Floats, size: [usize; 2], align_corners: bool) -> Floats {
        if is_double(&input) {
            return kernels::bilinear::<Self>(input, size, align_corners);
        }
        let [batch, channels, height, width] = dims(&input);
        let shape = ResizeShape { input: [height, width], output: size, align_corners };
        tensor(resize::forward(Values::of(input).slice(), &shape), [batch, channels, size[0], size[1]])
    }

    fn bilinear_gradient(output_grad: Floats, size: [usize; 2], align_corners: bool) -> Floats {
        if is_double(&output_grad) {
            return kernels::bilinear_gradient::<Self>(output_grad, size, align_corners);
        }
        let [batch, channels, height, width] = dims(&output_grad);
        let shape = ResizeShape { input: size, output: [height, width], align_corners };
        tensor(resize::gradient(Values::of(output_grad).slice(), &shape), [batch, channels, size[0], size[1]])
    }

    /// The places are pixels of a window, of 8 bits each.
    fn max_pool(input: Floats, geometry: PoolGeometry) -> (Floats, IntTensor<Self>) {
        if is_double(&input) {
            return kernels::max_pool::<Self>(input, geometry);
        }
        let [batch, channels, height, width] = dims(&input);
        let shape = PoolShape { input: [height, width], geometry };
        let [rows, columns] = shape.output();
        let (output, places) = pool::forward(Values::of(input).slice(), &shape);
        let sizes = [batch, channels, rows, columns];
        (tensor(output, sizes), IntTensor::<Self>::from_data(TensorData::new(places, sizes)))
    }

    fn max_pool_gradient(
        output_grad: Floats,
        places: IntTensor<Self>,
        geometry: PoolGeometry,
        size: [usize; 2],
    ) -> Floats {
        if is_double(&output_grad) {
            return kernels::max_pool_gradient::<Self>(output_grad, places, geometry, size);
        }
        let [batch, channels, _, _] = dims(&output_grad);
        let places = places.as_slice::<u8>().expect("places of this backend's own pool");
        let gradient = pool::gradient(Values::of(output_grad).slice(), places, &PoolShape { input: size, geometry });
        tensor(gradient, [batch, channels, size[0], size[1]])
    }

    fn join(maps: Vec<Floats>) -> Floats {
        if maps.iter().any(is_double) {
            return kernels::join::<Self>(maps);
        }
        let [height, width] = joined_size(&maps);
        let batch = dims(&maps[0])[0];
        let parts: Vec<([usize; 4], Values)> = maps.into_iter().map(|map| (dims(&map), Values::of(map))).collect();
        let parts: Vec<Part> = parts
            .iter()
            .map(|([_, channels, h, w], values)| Part {
                values: values.slice(),
                channels: *channels,
                is_spread: [*h, *w] != [height, width],
            })
            .collect();
        let channels = parts.iter().map(|part| part.channels).sum();
        tensor(join::join(&parts, batch, height * width), [batch, channels, height, width])
    }

    fn part(joined: Floats, channels: Range<usize>) -> Floats {
        if is_double(&joined) {
            return kernels::part::<Self>(joined, channels);
        }
        let [batch, all, height, width] = dims(&joined);
        let sizes = [batch, channels.len(), height, width];
        tensor(join::part(Values::of(joined).slice(), all, channels, height * width), sizes)
    }

    fn spread(maps: Floats, size: [usize; 2]) -> Floats {
        if is_double(&maps) {
            return kernels::spread::<Self>(maps, size);
        }
        let [batch, channels, _, _] = dims(&maps);
        tensor(join::spread(Values::of(maps).slice(), size[0] * size[1]), [batch, channels, size[0], size[1]])
    }

    fn residual(a: Floats, b: Floats) -> Floats {
        if is_double(&a) {
            return kernels::residual::<Self>(a, b);
        }
        let sizes = dims(&a);
        tensor(residual::forward(Values::of(a).slice(), Values::of(b).slice()), sizes)
    }

    fn residual_gradient(output: Floats, output_grad: Floats) -> Floats {
        if is_double(&output) {
            return kernels::residual_gradient::<Self>(output, output_grad);
        }
        let sizes = dims(&output);
        tensor(residual::gradient(Values::of(output).slice(), Values::of(output_grad).slice()), sizes)
    }

    fn pixel_cross_entropy(logits: Floats, truth: IntTensor<Self>) -> Floats {
        let shape = loss_shape(&logits);
        tensor(vec![loss::cross_entropy(Values::of(logits).slice(), &labels(truth), &shape)], [1])
    }

    fn pixel_cross_entropy_gradient(logits: Floats, truth: IntTensor<Self>, upstream: Floats) -> Floats {
        let (shape, sizes) = (loss_shape(&logits), dims(&logits));
        debug_assert_eq!(upstream.shape().num_elements(), 1);
        let upstream = Values::of(upstream).slice()[0];
        tensor(loss::cross_entropy_gradient(Values::of(logits).slice(), &labels(truth), upstream, &shape), sizes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::ops::FloatTensorOps;

    fn noise(shape: [usize; 4], size: f32) -> Floats {
        let count: usize = shape.iter().product();
        tensor((0..count).map(|i| (i as f32 * 0.7).sin() * size).collect(), shape)
    }

    #[test]
    fn products_of_64_bits_are_near_those_of_32() {
        let geometry = ConvGeometry::same(3, 2);
        let (input, weight, grad) = (noise([2, 5, 9, 11], 3.0), noise([4, 5, 3, 3], 0.1), noise([2, 4, 9, 11], 1.0));
        let all = |bits: DType| {
            let [input, weight, grad] = [&input, &weight, &grad].map(|of| Flex::float_cast(of.clone(), bits.into()));
            let precision = Precision::Single;
            let of_input =
                Flex::convolution_input_gradient(input.clone(), weight.clone(), grad.clone(), geometry, precision);
            let of_weight = Flex::convolution_weight_gradient(input.clone(), weight.clone(), grad, geometry, precision);
            let output = Flex::convolution(input, weight, geometry, precision);
            [output, of_input, of_weight].map(|tensor| (tensor.dtype(), tensor.into_data()))
        };
        for ((bits, double), (_, single)) in all(DType::F64).into_iter().zip(all(DType::F32)) {
            assert_eq!(bits, DType::F64);
            assert_eq!(double.shape(), single.shape());
            let gap = double.iter::<f64>().zip(single.iter::<f64>()).fold(0f64, |gap, (a, b)| gap.max((a - b).abs()));
            assert!(gap > 0.0 && gap < 1e-4, "{gap}");
        }
    }

    /// Gradients so small that they would all be zero in half precision, without a scale.
    #[test]
    fn mixed_convolutions_are_those_of_rounded_values() {
        let geometry = ConvGeometry::same(3, 2);
        let (input, weight, grad) = (noise([2, 5, 9, 11], 3.0), noise([4, 5, 3, 3], 0.1), noise([2, 4, 9, 11], 1e-9));
        let values = |tensor: &Floats| Values::of(tensor.clone()).slice().to_vec();
        let half = |of: &Floats| tensor(half::rounded(&values(of)), dims(of));
        let scaled = tensor(half::rounded_to_scale(&values(&grad)), dims(&grad));
        let all = |precision, [input, weight, grad]: [&Floats; 3]| {
            let [input, weight, grad] = [input, weight, grad].map(Clone::clone);
            let output = Flex::convolution(input.clone(), weight.clone(), geometry, precision);
            let of_input =
                Flex::convolution_input_gradient(input.clone(), weight.clone(), grad.clone(), geometry, precision);
            let of_weight = Flex::convolution_weight_gradient(input, weight, grad, geometry, precision);
            [output, of_input, of_weight].map(|tensor| values(&tensor))
        };
        let mixed = all(Precision::Mixed, [&input, &weight, &grad]);
        assert_eq!(mixed, all(Precision::Single, [&half(&input), &half(&weight), &scaled]));
        for (mixed, single) in mixed.iter().zip(all(Precision::Single, [&input, &weight, &grad])) {
            let peak = single.iter().fold(0f32, |peak, value| peak.max(value.abs()));
            let gap = mixed.iter().zip(&single).fold(0f32, |gap, (a, b)| gap.max((a - b).abs()));
            assert!(gap > 0.0 && gap < 1e-3 * peak, "{gap} of {peak}");
        }
    }
}
