//! Convolution, batch norm, ReLU: what all networks here are built from.

use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::layers::{BatchNorm, Conv2d};
use crate::module::{Module, Phase, Visitor, key};
use crate::ops::atrous_conv2d::ConvGeometry;

/// Convolution without bias, batch norm, ReLU.
#[derive(Clone, Debug)]
pub struct ConvModule {
    pub conv: Conv2d,
    pub norm: BatchNorm,
}

impl ConvModule {
    /// A kernel that keeps the map's size; `channels`: in, out.
    pub fn new(channels: [usize; 2], kernel: usize, rate: usize, random: &mut ChaCha8Rng, device: &Device) -> Self {
        let geometry = ConvGeometry::same(kernel, rate);
        let conv = Conv2d::kaiming(channels, kernel, geometry, random, device);
        Self { conv, norm: BatchNorm::new(channels[1], device) }
    }

    /// Batch x channels in x height x width to batch x channels out x height x width.
    pub fn forward(&mut self, input: Tensor<4>, phase: Phase) -> Tensor<4> {
        let output = self.conv.forward(input);
        self.norm.forward(output, true, phase)
    }
}

impl Module for ConvModule {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        self.conv.visit(&key(prefix, "conv"), visitor);
        self.norm.visit(&key(prefix, "bn"), visitor);
    }
}
