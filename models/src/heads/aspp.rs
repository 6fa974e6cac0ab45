//! Atrous spatial pyramid pooling: the head whose rates this project is about.

use burn::tensor::Tensor;

use super::{DecodeHead, DecodeHeadConfig};
use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::layer::Layer;
use crate::layers::{Conv2d, ConvModule, DropoutNoise};
use crate::module::{Module, Phase, Visitor, key};
use crate::onnx_graph::{OnnxGraph, OnnxValue};
use crate::ops;
use crate::shapes::{Shapes, WeightsError};

/// Width and rates of DeepLabV3's ASPP head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsppConfig {
    /// Channels of each branch.
    pub channels: usize,
    /// Atrous rates, one branch each: rate 1 is a 1x1 convolution, every other a 3x3 with that
    /// dilation.
    pub rates: Vec<usize>,
}

impl AsppConfig {
    /// Gives the side of the kernel of a branch.
    fn kernel(rate: usize) -> usize {
        if rate == 1 { 1 } else { 3 }
    }
}

impl DecodeHeadConfig for AsppConfig {
    type Network = AsppHead;

    fn channels(&self) -> usize {
        self.channels
    }

    fn init(&self, [input, classes]: [usize; 2], initialiser: &mut Initialiser) -> AsppHead {
        let channels = self.channels;
        let image_pool = ConvModule::new([input, channels], 1, 1, initialiser);
        let branch = |&rate| ConvModule::new([input, channels], Self::kernel(rate), rate, initialiser);
        let branches: Vec<ConvModule> = self.rates.iter().map(branch).collect();
        let concatenated = (branches.len() + 1) * channels;
        AsppHead {
            image_pool,
            branches,
            bottleneck: ConvModule::new([concatenated, channels], 3, 1, initialiser),
            classifier: Conv2d::classifier([channels, classes], initialiser),
        }
    }

    fn recognised(shapes: Shapes, rates: &[usize]) -> Result<Option<Self>, WeightsError> {
        let branch = |i: usize| shapes.kernel(&format!("decode_head.aspp_modules.{i}.conv.weight"));
        let kernels: Vec<[usize; 2]> = (0..).map_while(branch).map(|[_, _, height, width]| [height, width]).collect();
        if kernels.len() != rates.len() {
            return Err(WeightsError::Branches { found: kernels.len(), wanted: rates.len(), rates: rates.to_vec() });
        }
        for (branch, (&rate, found)) in rates.iter().zip(kernels).enumerate() {
            let wanted = [Self::kernel(rate); 2];
            if found != wanted {
                let name = |[height, width]: [usize; 2]| format!("{height}x{width}");
                return Err(WeightsError::Kernel { branch, rate, found: name(found), wanted: name(wanted) });
            }
        }
        let [_, channels, ..] = shapes.needed("decode_head.conv_seg.weight")?;
        Ok(Some(Self { channels, rates: rates.to_vec() }))
    }
}

/// Image pooling and one branch per rate, concatenated, through a 3x3 bottleneck to one logit per
/// class.
#[derive(Clone, Debug)]
pub struct AsppHead {
    pub image_pool: ConvModule,
    pub branches: Vec<ConvModule>,
    pub bottleneck: ConvModule,
    pub classifier: Conv2d,
}

impl AsppHead {
    /// The mean of the whole map through its convolution: batch x channels x 1 x 1.
    fn pool(&mut self, input: Tensor<4>, phase: Phase) -> Tensor<4> {
        self.image_pool.forward(ops::global_average_pool(input), phase)
    }

    /// Image pooling and all branches through the bottleneck.
    fn bottleneck(&mut self, input: Tensor<4>, phase: Phase) -> Tensor<4> {
        let mut maps = vec![self.pool(input.clone(), phase)];
        maps.extend(self.branches.iter_mut().map(|branch| branch.forward(input.clone(), phase)));
        self.bottleneck.forward(ops::concat(maps), phase)
    }
}

impl DecodeHead for AsppHead {
    fn forward(&mut self, input: Tensor<4>, phase: Phase, noise: Option<&mut DropoutNoise>) -> Tensor<4> {
        let map = self.bottleneck(input, phase);
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
        self.image_pool.cost([1, 1], costs);
        for branch in &self.branches {
            branch.cost(input, costs);
        }
        let map = self.bottleneck.cost(input, costs);
        self.classifier.cost(map, costs);
    }

    fn onnx(&self, prefix: &str, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue {
        let mean = graph.global_average_pool(input);
        let pooled = self.image_pool.onnx(&key(prefix, "image_pool.1"), &mean, graph);
        let mut maps = vec![graph.expand_like(&pooled, input)];
        for (i, branch) in self.branches.iter().enumerate() {
            maps.push(branch.onnx(&key(prefix, &format!("aspp_modules.{i}")), input, graph));
        }
        let concatenated = graph.concat(&maps);
        let map = self.bottleneck.onnx(&key(prefix, "bottleneck"), &concatenated, graph);
        graph.convolution(&key(prefix, "conv_seg"), &map, self.classifier.geometry)
    }

    fn layers(&self) -> Vec<Layer> {
        Layer::of_aspp(self.branches.len())
    }

    fn map(&mut self, input: Tensor<4>, layer: Layer) -> Tensor<4> {
        let phase = Phase::Evaluation;
        match layer {
            Layer::Backbone => input,
            Layer::ImagePool => {
                let [batch, _, height, width] = input.dims();
                self.pool(input, phase).expand([batch as i64, -1, height as i64, width as i64])
            }
            Layer::Branch(i) => self.branches[i].forward(input, phase),
            Layer::Aspp => self.bottleneck(input, phase),
            Layer::Logits => self.forward(input, phase, None),
        }
    }

    fn rates(&self) -> Vec<usize> {
        self.branches.iter().map(|branch| branch.conv.geometry.dilation).collect()
    }
}

impl Module for AsppHead {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        self.classifier.visit(&key(prefix, "conv_seg"), visitor);
        self.image_pool.visit(&key(prefix, "image_pool.1"), visitor);
        for (i, branch) in self.branches.iter_mut().enumerate() {
            branch.visit(&key(prefix, &format!("aspp_modules.{i}")), visitor);
        }
        self.bottleneck.visit(&key(prefix, "bottleneck"), visitor);
    }
}
