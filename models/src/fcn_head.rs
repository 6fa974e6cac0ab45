//! The auxiliary head: one convolution and a classifier on an inner map, for a second loss in training.

use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::conv_module::ConvModule;
use crate::dropout::DropoutNoise;
use crate::layers::Conv2d;
use crate::module::{Module, Phase, Visitor, key};

/// A fully convolutional head with one 3x3 convolution.
#[derive(Clone, Debug)]
pub struct FcnHead {
    pub conv: ConvModule,
    pub classifier: Conv2d,
}

impl FcnHead {
    /// `channels`: of the map that it reads, of its convolution.
    pub fn new(channels: [usize; 2], classes: usize, random: &mut ChaCha8Rng, device: &Device) -> Self {
        Self {
            conv: ConvModule::new(channels, 3, 1, random, device),
            classifier: Conv2d::classifier([channels[1], classes], random, device),
        }
    }

    /// Batch x channels x height x width to batch x classes x height x width.
    pub fn forward(&mut self, input: Tensor<4>, phase: Phase, noise: Option<&mut DropoutNoise>) -> Tensor<4> {
        let map = self.conv.forward(input, phase);
        let kept = match noise {
            Some(noise) => noise.apply(map),
            None => map,
        };
        self.classifier.forward(kept)
    }
}

impl Module for FcnHead {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        self.classifier.visit(&key(prefix, "conv_seg"), visitor);
        self.conv.visit(&key(prefix, "convs.0"), visitor);
    }
}
