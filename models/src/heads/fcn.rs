//! The auxiliary head: one convolution and a classifier on an inner map, for a second loss in
//! training.

use burn::tensor::Tensor;

use super::DecodeHead;
use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::layers::{Conv2d, ConvModule, DropoutNoise};
use crate::module::{Module, Phase, Visitor, key};
use crate::onnx_graph::{OnnxGraph, OnnxValue};

/// A fully convolutional head with one 3x3 convolution.
#[derive(Clone, Debug)]
pub struct FcnHead {
    conv: ConvModule,
    classifier: Conv2d,
}

impl FcnHead {
    /// Builds a head. `channels`: of the map that it reads, of its convolution.
    pub fn new(channels: [usize; 2], classes: usize, initialiser: &mut Initialiser) -> Self {
        Self {
            conv: ConvModule::new(channels, 3, 1, initialiser),
            classifier: Conv2d::classifier([channels[1], classes], initialiser),
        }
    }
}

impl DecodeHead for FcnHead {
    fn forward(&mut self, input: Tensor<4>, phase: Phase, noise: Option<&mut DropoutNoise>) -> Tensor<4> {
        let map = self.conv.forward(input, phase);
        let kept = match noise {
            Some(noise) => noise.apply(map),
            None => map,
        };
        self.classifier.forward(kept)
    }

    fn classifier(&self) -> &Conv2d {
        &self.classifier
    }

    fn costs(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>) {
        let map = self.conv.cost(input, costs);
        self.classifier.cost(map, costs);
    }

    fn onnx(&self, prefix: &str, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue {
        let map = self.conv.onnx(&key(prefix, "convs.0"), input, graph);
        graph.convolution(&key(prefix, "conv_seg"), &map, self.classifier.geometry)
    }
}

impl Module for FcnHead {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        self.classifier.visit(&key(prefix, "conv_seg"), visitor);
        self.conv.visit(&key(prefix, "convs.0"), visitor);
    }
}
