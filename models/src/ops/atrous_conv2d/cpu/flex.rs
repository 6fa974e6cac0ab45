//! The kernels on the memory of flex's tensors.

use burn::backend::Flex;
use burn::tensor::DType;

use super::{half, input_gradient, mapped_forward, weight_gradient};
use crate::ops::atrous_conv2d::{AtrousConv2dKernels, ConvGeometry, ConvShape, MappedConv, im2col};
use crate::ops::channel_affine::cpu::{FlexChannelMap, MapInPlace};
use crate::ops::channel_affine::{self, ChannelMap};
use crate::ops::cpu::values::{FlexTensor, FlexValues, tensor};
use crate::ops::dims::dims;
use crate::precision::Precision;

/// An operand of a convolution's products.
enum CpuOperand {
    AsIs(FlexValues),
    Rounded(Vec<f32>),
}

impl CpuOperand {
    /// Takes a map or weights.
    fn of(values: FlexTensor, precision: Precision) -> Self {
        Self::rounded_by(values, precision, half::rounded)
    }

    /// Takes the gradient of a map.
    fn scaled(values: FlexTensor, precision: Precision) -> Self {
        Self::rounded_by(values, precision, half::rounded_to_scale)
    }

    fn rounded_by(values: FlexTensor, precision: Precision, rounded: fn(&[f32]) -> Vec<f32>) -> Self {
        let values = FlexValues::of(&values).expect("floats of 32 bits");
        match precision {
            Precision::Single => Self::AsIs(values),
            Precision::Mixed => Self::Rounded(rounded(values.slice())),
        }
    }

    fn slice(&self) -> &[f32] {
        match self {
            Self::AsIs(values) => values.slice(),
            Self::Rounded(values) => values,
        }
    }
}

/// Computes a convolution of floats of 32 bits.
fn convolve(
    input: FlexTensor,
    weight: FlexTensor,
    geometry: ConvGeometry,
    precision: Precision,
    map: Option<MapInPlace>,
) -> FlexTensor {
    let shape = ConvShape::new(dims(&input), dims(&weight), geometry);
    let [height, width] = shape.output();
    let [input, weight] = [input, weight].map(|values| CpuOperand::of(values, precision));
    let output = mapped_forward(input.slice(), weight.slice(), &shape, map);
    tensor(output, [shape.batch, shape.channels[1], height, width])
}

impl AtrousConv2dKernels for Flex {
    fn atrous_conv2d(
        input: FlexTensor,
        weight: FlexTensor,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FlexTensor {
        if input.dtype() != DType::F32 {
            return im2col::forward::<Self>(input, weight, geometry);
        }
        convolve(input, weight, geometry, precision, None)
    }

    fn mapped_atrous_conv2d(
        input: FlexTensor,
        weight: FlexTensor,
        map: ChannelMap<Self>,
        options: MappedConv,
    ) -> FlexTensor {
        let MappedConv { geometry, precision, relu } = options;
        match FlexChannelMap::of(&map) {
            Some(values) if input.dtype() == DType::F32 => {
                let map = MapInPlace { affine: &values.affine(), relu };
                convolve(input, weight, geometry, precision, Some(map))
            }
            _ => {
                let output = <Self as AtrousConv2dKernels>::atrous_conv2d(input, weight, geometry, precision);
                channel_affine::forward::<Self>(output, map, relu)
            }
        }
    }

    fn atrous_conv2d_gradients(
        input: FlexTensor,
        weight: FlexTensor,
        output_grad: FlexTensor,
        geometry: ConvGeometry,
        precision: Precision,
        wanted: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        if input.dtype() != DType::F32 {
            return im2col::gradients::<Self>(input, weight, output_grad, geometry, wanted);
        }
        let (input_sizes, weight_sizes) = (dims(&input), dims(&weight));
        let shape = ConvShape::new(input_sizes, weight_sizes, geometry);
        let grad = CpuOperand::scaled(output_grad, precision);
        let [of_input, of_weight] = wanted;
        let of_input = of_input.then(|| {
            let weight = CpuOperand::of(weight, precision);
            tensor(input_gradient(grad.slice(), weight.slice(), &shape), input_sizes)
        });
        let of_weight = of_weight.then(|| {
            let input = CpuOperand::of(input, precision);
            tensor(weight_gradient(input.slice(), grad.slice(), &shape), weight_sizes)
        });
        [of_input, of_weight]
    }
}

#[cfg(test)]
mod tests;
