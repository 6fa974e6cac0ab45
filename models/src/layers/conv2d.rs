//! Convolution.

use burn::tensor::Tensor;

use super::BatchNorm;
use crate::Precision;
use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::module::{Module, Phase, Role, Visitor, key};
use crate::ops;
use crate::ops::atrous_conv2d::{ConvGeometry, ConvShape, MappedConv, mapped_atrous_conv2d};

/// A two-dimensional convolution.
#[derive(Clone, Debug)]
pub struct Conv2d {
    /// Channels out x channels in x kernel x kernel.
    pub weight: Tensor<4>,
    pub bias: Option<Tensor<1>>,
    pub geometry: ConvGeometry,
    pub precision: Precision,
}

impl Conv2d {
    /// Makes a convolution without bias; its weights start at N(0, 2 / fan out) (Kaiming, as the
    /// reference implementation has it). `channels`: in, out.
    pub fn kaiming(channels: [usize; 2], kernel: usize, geometry: ConvGeometry, initialiser: &mut Initialiser) -> Self {
        let fan_out = channels[1] * kernel * kernel;
        let deviation = (2.0 / fan_out as f64).sqrt();
        let weight = initialiser.weight([channels[1], channels[0], kernel, kernel], deviation);
        Self { weight, bias: None, geometry, precision: Precision::Single }
    }

    /// Makes the last convolution of a head: 1x1, with bias; weights start at N(0, 0.01), the bias
    /// at 0. `channels`: in, classes.
    pub fn classifier(channels: [usize; 2], initialiser: &mut Initialiser) -> Self {
        let weight = initialiser.weight([channels[1], channels[0], 1, 1], 0.01);
        let bias = initialiser.vector(0.0, channels[1]);
        Self { weight, bias: Some(bias), geometry: ConvGeometry::same(1, 1), precision: Precision::Single }
    }

    /// Batch x channels in x height x width to batch x channels out x output size.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        #[cfg(test)]
        crate::cost::computed::add(self.cost_of([input.dims()[2], input.dims()[3]]));
        let output = ops::atrous_conv2d(input, self.weight.clone(), self.geometry, self.precision);
        match &self.bias {
            Some(bias) => {
                let [channels] = bias.dims();
                output + bias.clone().reshape([1, channels, 1, 1])
            }
            None => output,
        }
    }

    /// Normalises the output of a convolution without bias, and cuts off below zero if `relu`.
    pub fn forward_normed(&self, input: Tensor<4>, norm: &mut BatchNorm, relu: bool, phase: Phase) -> Tensor<4> {
        match phase {
            Phase::Training => norm.forward(self.forward(input), relu, phase),
            Phase::Evaluation => {
                #[cfg(test)]
                crate::cost::computed::add(self.cost_of([input.dims()[2], input.dims()[3]]));
                assert!(self.bias.is_none(), "a convolution with bias has no norm");
                let options = MappedConv { geometry: self.geometry, precision: self.precision, relu };
                mapped_atrous_conv2d(input, self.weight.clone(), norm.map(), options)
            }
        }
    }

    /// Adds what the convolution of a map of this size (height, width) costs. Gives the size of the
    /// map that it writes.
    pub fn cost(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>) -> [usize; 2] {
        let cost = self.cost_of(input);
        costs.push(cost);
        cost.shape.output()
    }

    fn cost_of(&self, [height, width]: [usize; 2]) -> ConvolutionCost {
        let [_, channels_in, ..] = self.weight.dims();
        ConvolutionCost { shape: ConvShape::new([1, channels_in, height, width], self.weight.dims(), self.geometry) }
    }
}

impl Module for Conv2d {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        visitor.precision(&mut self.precision);
        visitor.weight(&key(prefix, "weight"), &mut self.weight);
        if let Some(bias) = &mut self.bias {
            visitor.vector(&key(prefix, "bias"), Role::Parameter, bias);
        }
    }
}
