//! Convolution, batch norm, ReLU: what all networks here are built from.

use burn::tensor::Tensor;

use super::{BatchNorm, Conv2d};
use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::module::{Module, Phase, Visitor, key};
use crate::onnx_graph::{OnnxGraph, OnnxValue};
use crate::ops::atrous_conv2d::ConvGeometry;

/// Convolution without bias, batch norm, ReLU.
#[derive(Clone, Debug)]
pub struct ConvModule {
    pub conv: Conv2d,
    pub norm: BatchNorm,
}

impl ConvModule {
    /// Makes one that keeps the map's size; `channels`: in, out.
    pub fn new(channels: [usize; 2], kernel: usize, rate: usize, initialiser: &mut Initialiser) -> Self {
        let conv = Conv2d::kaiming(channels, kernel, ConvGeometry::same(kernel, rate), initialiser);
        Self { conv, norm: BatchNorm::new(channels[1], initialiser) }
    }

    /// Batch x channels in x height x width to batch x channels out x height x width.
    pub fn forward(&mut self, input: Tensor<4>, phase: Phase) -> Tensor<4> {
        self.conv.forward_normed(input, &mut self.norm, true, phase)
    }

    /// Adds what a map of this size (height, width) costs. Gives the size of the map that it
    /// becomes.
    pub fn cost(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>) -> [usize; 2] {
        self.conv.cost(input, costs)
    }

    /// Adds its nodes in evaluation mode; its tensors are behind `prefix`.
    pub(crate) fn onnx(&self, prefix: &str, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue {
        let map = graph.convolution(&key(prefix, "conv"), input, self.conv.geometry);
        let map = graph.batch_norm(&key(prefix, "bn"), &map, BatchNorm::EPSILON);
        graph.relu(&map)
    }
}

impl Module for ConvModule {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        self.conv.visit(&key(prefix, "conv"), visitor);
        self.norm.visit(&key(prefix, "bn"), visitor);
    }
}
