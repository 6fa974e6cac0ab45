//! What a head's file has to say: its network, and how its weights are recognised.

use std::fmt::Debug;

use burn::tensor::Tensor;

use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::layer::Layer;
use crate::layers::{Conv2d, DropoutNoise};
use crate::module::{Module, Phase};
use crate::onnx_graph::{OnnxGraph, OnnxValue};
use crate::shapes::{Shapes, WeightsError};

/// A decode head before it is built.
pub trait DecodeHeadConfig: Clone + Debug + PartialEq + Eq {
    /// The head once it is built.
    type Network: DecodeHead;

    /// Channels of the map that the classifier reads.
    fn channels(&self) -> usize;

    /// Builds the head. `channels`: of the map that it reads, and classes. The order in which
    /// layers are built decides their weights.
    fn init(&self, channels: [usize; 2], initialiser: &mut Initialiser) -> Self::Network;

    /// Recognises the head that stored weights are of; `None` where they are of another. `rates`:
    /// what their shapes leave open.
    ///
    /// # Errors
    /// [`WeightsError`] where they are of this one, but not of these rates.
    fn recognised(shapes: Shapes, rates: &[usize]) -> Result<Option<Self>, WeightsError>;
}

/// A head: makes of a backbone's map one map of logits per class.
pub trait DecodeHead: Module {
    /// Batch x input channels x height x width to batch x classes x height x width. `noise`:
    /// dropout in front of the classifier.
    fn forward(&mut self, input: Tensor<4>, phase: Phase, noise: Option<&mut DropoutNoise>) -> Tensor<4>;

    /// The last convolution, which tells classes apart.
    fn classifier(&self) -> &Conv2d;

    /// Adds what the convolutions of a map of this size (height, width) cost.
    fn costs(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>);

    /// Adds the nodes of [`DecodeHead::forward`] in evaluation mode. Its tensors are behind
    /// `prefix`.
    fn onnx(&self, prefix: &str, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue;

    /// The layers that the head can be asked for.
    fn layers(&self) -> Vec<Layer> {
        vec![Layer::Logits, Layer::Backbone]
    }

    /// Computes a layer's map in evaluation mode: batch x its channels x height x width.
    ///
    /// # Panics
    /// For a layer that is not in [`DecodeHead::layers`].
    fn map(&mut self, input: Tensor<4>, layer: Layer) -> Tensor<4> {
        match layer {
            Layer::Backbone => input,
            Layer::Logits => self.forward(input, Phase::Evaluation, None),
            other => panic!("the head has no layer {other}"),
        }
    }

    /// Atrous rates of the branches; none for a head without.
    fn rates(&self) -> Vec<usize> {
        Vec::new()
    }
}
