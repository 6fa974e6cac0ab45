//! Backbone, decode head and auxiliary head: what is trained and scored.

mod config;
#[cfg(test)]
mod tests;
mod visitors;

use burn::tensor::{FloatDType, Gradients, Int, Tensor};

use crate::backbones::{Backbone, FeatureExtractor};
use crate::cost::ConvolutionCost;
use crate::heads::{DecodeHead, FcnHead, Head};
use crate::layer::Layer;
use crate::layers::DropoutNoise;
use crate::loss::{LossConfig, Losses};
use crate::module::{Module, Phase, Visitor, key};
use crate::onnx_graph::{OnnxGraph, OnnxValue};
use crate::precision::Precision;
use visitors::{CountParameters, MakeConstants, SetPrecision, ShowGradients};

pub use config::SegmentorConfig;

/// A network with both of its heads.
#[derive(Clone, Debug)]
pub struct Segmentor {
    pub backbone: Backbone,
    pub decode_head: Head,
    pub auxiliary_head: FcnHead,
    /// How logits are resized.
    pub align_corners: bool,
    /// Side of the input over the side of the map that the decode head reads.
    pub output_stride: usize,
}

/// What both heads say of a training batch: batch x classes x the size of the map that the head
/// reads.
pub struct TrainingLogits {
    pub decode: Tensor<4>,
    pub auxiliary: Tensor<4>,
}

impl Segmentor {
    /// Computes the decode head's logits in evaluation mode: batch x 3 x height x width to batch x
    /// classes x the size of the map that the head reads.
    pub fn forward(&mut self, images: Tensor<4>) -> Tensor<4> {
        self.map(images, Layer::Logits)
    }

    /// Computes a layer's map in evaluation mode: batch x 3 x height x width to batch x the layer's
    /// channels x the size of the map that the decode head reads.
    ///
    /// # Panics
    /// For a layer that the head does not have, such as a branch beyond the rates.
    pub fn map(&mut self, images: Tensor<4>, layer: Layer) -> Tensor<4> {
        let maps = self.backbone.forward(images, Phase::Evaluation);
        self.decode_head.map(maps.decode, layer)
    }

    /// Computes the logits of both heads in training mode; moves the running statistics.
    pub fn forward_training(&mut self, images: Tensor<4>, noise: &mut DropoutNoise) -> TrainingLogits {
        let maps = self.backbone.forward(images, Phase::Training);
        let decode = self.decode_head.forward(maps.decode, Phase::Training, Some(noise));
        let auxiliary = self.auxiliary_head.forward(maps.auxiliary, Phase::Training, Some(noise));
        TrainingLogits { decode, auxiliary }
    }

    /// Computes both heads' losses of a batch in training mode. `labels`: batch x height x width,
    /// 255 ignored. The logits are resized to the labels' size.
    pub fn losses(
        &mut self,
        images: Tensor<4>,
        labels: Tensor<3, Int>,
        config: LossConfig,
        noise: &mut DropoutNoise,
    ) -> Losses {
        let TrainingLogits { decode, auxiliary } = self.forward_training(images, noise);
        config.losses(decode, auxiliary, labels, self.align_corners)
    }

    /// Lists what the convolutions of an image of this size (height, width) cost in training, those
    /// of both heads included. The first of them is the only one that reads the image.
    pub fn costs(&self, input: [usize; 2]) -> Vec<ConvolutionCost> {
        let mut costs = self.scoring_costs(input);
        let maps = self.backbone.costs(input, &mut Vec::new());
        self.auxiliary_head.costs(maps.auxiliary, &mut costs);
        costs
    }

    /// Lists what the convolutions of an image of this size (height, width) cost to score it: the
    /// auxiliary head's are not computed.
    pub fn scoring_costs(&self, input: [usize; 2]) -> Vec<ConvolutionCost> {
        let mut costs = Vec::new();
        let maps = self.backbone.costs(input, &mut costs);
        self.decode_head.costs(maps.decode, &mut costs);
        costs
    }

    /// Adds the nodes of [`Segmentor::forward`], and those that resize its logits to the size of
    /// the input.
    pub(crate) fn onnx(&self, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue {
        let map = self.backbone.onnx("backbone", input, graph);
        let logits = self.decode_head.onnx("decode_head", &map, graph);
        if self.output_stride == 1 {
            return logits;
        }
        graph.resize_like(&logits, input, self.align_corners)
    }

    /// Sets the precision of the convolutions in training.
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.visit("", &mut SetPrecision(precision));
        self
    }

    /// Makes a copy without gradients and in single precision, for inference.
    pub fn without_gradients(&self) -> Self {
        let mut copy = self.clone();
        copy.visit("", &mut MakeConstants { autodiff: false, bits: None });
        copy
    }

    /// Makes a copy whose parameters are constants for autodiff: what is computed of the input can
    /// be differentiated with respect to the input, and to nothing else.
    ///
    /// Its parameters have so many bits, and its products and the inputs that it then takes as
    /// well; the CPU backend has 32 and 64 bits, for [`Segmentor::map`] and its gradient.
    pub fn as_constants(&self, bits: FloatDType) -> Self {
        let mut copy = self.clone();
        copy.visit("", &mut MakeConstants { autodiff: true, bits: Some(bits) });
        copy
    }

    /// Shows every parameter's gradient, in row-major order, under the parameter's key.
    pub fn each_gradient(&mut self, gradients: &Gradients, show: impl FnMut(&str, Vec<f32>)) {
        self.visit("", &mut ShowGradients { gradients, show });
    }

    /// Counts the learned values: running statistics are not counted.
    pub fn parameter_count(&mut self) -> usize {
        let mut count = CountParameters(0);
        self.visit("", &mut count);
        count.0
    }
}

impl Module for Segmentor {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        self.backbone.visit(&key(prefix, "backbone"), visitor);
        self.decode_head.visit(&key(prefix, "decode_head"), visitor);
        self.auxiliary_head.visit(&key(prefix, "auxiliary_head"), visitor);
    }
}
