//! What a backbone's file has to say: its sizes, its network, and how its weights are recognised.

use std::fmt::Debug;

use burn::tensor::Tensor;

use super::BackboneMaps;
use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::module::{Module, Phase};
use crate::onnx_graph::{OnnxGraph, OnnxValue};
use crate::shapes::{Shapes, WeightsError};

/// A backbone before it is built.
pub trait ExtractorConfig: Clone + Debug + PartialEq + Eq {
    /// The backbone once it is built.
    type Network: FeatureExtractor;

    /// Channels of the first stage, which all others are multiples of.
    fn base_channels(&self) -> usize;

    /// Makes the network as many times wider or narrower as these channels ask for.
    fn set_base_channels(&mut self, base_channels: usize);

    /// Channels of the map that the decode head reads.
    fn decode_channels(&self) -> usize;

    /// Channels of the map that the auxiliary head reads.
    fn auxiliary_channels(&self) -> usize;

    /// Side of the input over the side of the map that the decode head reads.
    fn output_stride(&self) -> usize {
        1
    }

    /// What the input's sides must be multiples of.
    fn divisor(&self) -> usize {
        1
    }

    /// Builds the network. The order in which layers are built decides their weights.
    fn init(&self, initialiser: &mut Initialiser) -> Self::Network;

    /// Recognises the backbone that stored weights are of; `None` where they are of another.
    /// `output_stride`: what their shapes may leave open.
    ///
    /// # Errors
    /// [`WeightsError::Network`] where they are of this one, but a shape is missing.
    fn recognised(shapes: Shapes, output_stride: usize) -> Result<Option<Self>, WeightsError>;
}

/// A network that turns an image into maps.
pub trait FeatureExtractor: Module {
    /// Computes the maps. `input`: batch x 3 x height x width, normalised.
    fn forward(&mut self, input: Tensor<4>, phase: Phase) -> BackboneMaps;

    /// Adds what the convolutions of an image of this size (height, width) cost, each with the size
    /// that it sees in [`FeatureExtractor::forward`]. Gives the sizes of the maps.
    fn costs(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>) -> BackboneMaps<[usize; 2]>;

    /// Adds the nodes of [`FeatureExtractor::forward`] in evaluation mode, as far as the decode
    /// head reads them. Its tensors are behind `prefix`.
    fn onnx(&self, prefix: &str, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue;
}

/// A network that has a name, in its published width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published<B> {
    pub backbone: B,
    /// Channels of each ASPP branch.
    pub aspp_channels: usize,
    /// Channels of the auxiliary head's convolution.
    pub auxiliary_channels: usize,
    /// Whether its backbone had been trained on ImageNet.
    pub pretrained: bool,
}
