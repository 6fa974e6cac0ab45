//! The CPU backend's kernels: [`crate::kernels`] on the memory of flex's tensors.
//!
//! They compute in 32 bits. What evaluation and its gradient need also takes 64 bits, composed of burn's operations.

mod values;

use std::ops::Range;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;

use super::columns;
use super::composed;
use super::kernels::{ChannelMap, Kernels, NormTerms, dims, joined_size};
use crate::Precision;
use crate::kernels::conv::{self, ConvGeometry, ConvShape};
use crate::kernels::join::{self, Part};
use crate::kernels::loss::{self, LossShape};
use crate::kernels::momentum::{self, MomentumStep};
use crate::kernels::norm::{self, NormShape};
use crate::kernels::pool::{self, PoolGeometry, PoolShape};
use crate::kernels::residual;
use crate::kernels::resize::{self, ResizeShape};
use values::{Map, Values, is_double, labels, tensor};

type Floats = FloatTensor<Flex>;

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

    fn convolution_gradients(
        input: Floats,
        weight: Floats,
        output_grad: Floats,
        geometry: ConvGeometry,
        precision: Precision,
        [of_input, of_weight]: [bool; 2],
    ) -> [Option<Floats>; 2] {
        if is_double(&input) {
            let by = |made: fn(Floats, Floats, Floats, ConvGeometry) -> Floats| {
                made(input.clone(), weight.clone(), output_grad.clone(), geometry)
            };
            let of_input = of_input.then(|| by(columns::input_gradient::<Self>));
            return [of_input, of_weight.then(|| by(columns::weight_gradient::<Self>))];
        }
        let (input_sizes, weight_sizes) = (dims(&input), dims(&weight));
        let shape = ConvShape::new(input_sizes, weight_sizes, geometry);
        let grad = Values::of(output_grad).scaled_side(precision);
        let of_input = of_input.then(|| {
            let weight = Values::of(weight).side(precision);
            tensor(conv::input_gradient(grad.slice(), weight.slice(), &shape), input_sizes)
        });
        let of_weight = of_weight.then(|| {
            let input = Values::of(input).side(precision);
            tensor(conv::weight_gradient(input.slice(), grad.slice(), &shape), weight_sizes)
        });
        [of_input, of_weight]
    }

    fn channel_statistics(input: Floats) -> (Floats, Floats) {
        let shape = norm_shape(&input);
        let (mean, variance) = norm::statistics(Values::of(input).slice(), &shape);
        (tensor(mean, [shape.channels]), tensor(variance, [shape.channels]))
    }

    fn channel_affine(input: Floats, map: ChannelMap<Self>, relu: bool) -> Floats {
        if is_double(&input) {
            return composed::channel_affine::<Self>(input, map, relu);
        }
        let (shape, sizes) = (norm_shape(&input), dims(&input));
        tensor(norm::affine(Values::of(input).slice(), &Map::of(map).affine(), relu, &shape), sizes)
    }

    fn channel_affine_gradient(input: Floats, output_grad: Floats, map: ChannelMap<Self>, relu: bool) -> Floats {
        if is_double(&input) {
            return composed::channel_affine_gradient::<Self>(input, output_grad, map, relu);
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
            return composed::bilinear::<Self>(input, size, align_corners);
        }
        let [batch, channels, height, width] = dims(&input);
        let shape = ResizeShape { input: [height, width], output: size, align_corners };
        tensor(resize::forward(Values::of(input).slice(), &shape), [batch, channels, size[0], size[1]])
    }

    fn bilinear_gradient(output_grad: Floats, size: [usize; 2], align_corners: bool) -> Floats {
        if is_double(&output_grad) {
            return composed::bilinear_gradient::<Self>(output_grad, size, align_corners);
        }
        let [batch, channels, height, width] = dims(&output_grad);
        let shape = ResizeShape { input: size, output: [height, width], align_corners };
        tensor(resize::gradient(Values::of(output_grad).slice(), &shape), [batch, channels, size[0], size[1]])
    }

    /// The places are pixels of a window, of 8 bits each.
    fn max_pool(input: Floats, geometry: PoolGeometry) -> (Floats, IntTensor<Self>) {
        if is_double(&input) {
            return composed::max_pool::<Self>(input, geometry);
        }
        let [batch, channels, height, width] = dims(&input);
        let shape = PoolShape { input: [height, width], geometry };
        let [rows, columns] = shape.output();
        let (output, places) = pool::forward(Values::of(input).slice(), &shape);
        let sizes = [batch, channels, rows, columns];
        (tensor(output, sizes), IntTensor::<Self>::from_data(TensorData::new(places, sizes)))
    }

    fn maxima(input: Floats, geometry: PoolGeometry) -> Floats {
        Self::max_pool(input, geometry).0
    }

    fn max_pool_gradient(
        output_grad: Floats,
        places: IntTensor<Self>,
        geometry: PoolGeometry,
        size: [usize; 2],
    ) -> Floats {
        if is_double(&output_grad) {
            return composed::max_pool_gradient::<Self>(output_grad, places, geometry, size);
        }
        let [batch, channels, _, _] = dims(&output_grad);
        let places = places.as_slice::<u8>().expect("places of this backend's own pool");
        let gradient = pool::gradient(Values::of(output_grad).slice(), places, &PoolShape { input: size, geometry });
        tensor(gradient, [batch, channels, size[0], size[1]])
    }

    fn join(maps: Vec<Floats>) -> Floats {
        if maps.iter().any(is_double) {
            return composed::join::<Self>(maps);
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
            return composed::part::<Self>(joined, channels);
        }
        let [batch, all, height, width] = dims(&joined);
        let sizes = [batch, channels.len(), height, width];
        tensor(join::part(Values::of(joined).slice(), all, channels, height * width), sizes)
    }

    fn spread(maps: Floats, size: [usize; 2]) -> Floats {
        if is_double(&maps) {
            return composed::spread::<Self>(maps, size);
        }
        let [batch, channels, _, _] = dims(&maps);
        tensor(join::spread(Values::of(maps).slice(), size[0] * size[1]), [batch, channels, size[0], size[1]])
    }

    fn residual(a: Floats, b: Floats) -> Floats {
        if is_double(&a) {
            return composed::residual::<Self>(a, b);
        }
        let sizes = dims(&a);
        assert_eq!(sizes, dims(&b), "sizes of two maps that are added");
        tensor(residual::forward(Values::of(a).slice(), Values::of(b).slice()), sizes)
    }

    fn residual_gradient(output: Floats, output_grad: Floats) -> Floats {
        if is_double(&output) {
            return composed::residual_gradient::<Self>(output, output_grad);
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
mod tests;
