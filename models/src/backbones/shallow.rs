//! A backbone that hardly sees beyond a pixel: what lies further away, only the ASPP's branches can
//! bring.
//!
//! Ours, for controls. The published backbones see so far by themselves that a distant mark reaches
//! every branch.

use burn::tensor::Tensor;

use super::{BackboneMaps, ExtractorConfig, FeatureExtractor, Published};
use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::layers::ConvModule;
use crate::module::{Module, Phase, Visitor, key};
use crate::onnx_graph::{OnnxGraph, OnnxValue};
use crate::shapes::{Shapes, WeightsError};

/// The control, which nobody has published, in a width that suits a CPU.
pub(super) const CONTROL: Published<ShallowConfig> = Published {
    backbone: ShallowConfig { base_channels: 8 },
    aspp_channels: 8,
    auxiliary_channels: 8,
    pretrained: false,
};

/// The width of the shallow backbone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShallowConfig {
    /// Channels of both maps.
    pub base_channels: usize,
}

/// Two 3x3 convolutions at full resolution.
#[derive(Clone, Debug)]
pub struct Shallow {
    convs: Vec<ConvModule>,
}

impl Shallow {
    /// Pixels to each side that a value of the decode map depends on: it sees 5x5.
    pub const REACH: usize = 2;
}

impl ExtractorConfig for ShallowConfig {
    type Network = Shallow;

    fn base_channels(&self) -> usize {
        self.base_channels
    }

    fn set_base_channels(&mut self, base_channels: usize) {
        self.base_channels = base_channels;
    }

    fn decode_channels(&self) -> usize {
        self.base_channels
    }

    fn auxiliary_channels(&self) -> usize {
        self.base_channels
    }

    fn init(&self, initialiser: &mut Initialiser) -> Shallow {
        let base = self.base_channels;
        let conv = |channels| ConvModule::new(channels, 3, 1, initialiser);
        Shallow { convs: [[3, base], [base, base]].into_iter().map(conv).collect() }
    }

    fn recognised(shapes: Shapes, _: usize) -> Result<Option<Self>, WeightsError> {
        let shape = shapes.kernel("backbone.convs.1.conv.weight");
        Ok(shape.map(|[base_channels, ..]| Self { base_channels }))
    }
}

impl FeatureExtractor for Shallow {
    /// The decode head reads the second map, the auxiliary head the first.
    fn forward(&mut self, input: Tensor<4>, phase: Phase) -> BackboneMaps {
        let auxiliary = self.convs[0].forward(input, phase);
        BackboneMaps { decode: self.convs[1].forward(auxiliary.clone(), phase), auxiliary }
    }

    fn costs(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>) -> BackboneMaps<[usize; 2]> {
        let auxiliary = self.convs[0].cost(input, costs);
        BackboneMaps { decode: self.convs[1].cost(auxiliary, costs), auxiliary }
    }

    fn onnx(&self, prefix: &str, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue {
        let convs = self.convs.iter().enumerate();
        convs.fold(input.clone(), |map, (i, conv)| conv.onnx(&key(prefix, &format!("convs.{i}")), &map, graph))
    }
}

impl Module for Shallow {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        for (i, conv) in self.convs.iter_mut().enumerate() {
            conv.visit(&key(prefix, &format!("convs.{i}")), visitor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::Head;
    use crate::segmentor::SegmentorConfig;
    use burn::tensor::Device;

    /// Rows of an output that change with one pixel of a 64x64 input, which lies in this row.
    fn rows_reached(mut output: impl FnMut(Tensor<4>) -> Tensor<4>, row: usize) -> Vec<usize> {
        let device = Device::flex();
        let blank = Tensor::<4>::zeros([1, 3, 64, 64], &device);
        let dot = Tensor::<4>::ones([1, 3, 1, 1], &device);
        let dotted = blank.clone().slice_assign([0..1, 0..3, row..row + 1, 32..33], dot);
        let change = (output(dotted) - output(blank)).abs().sum_dim(1).sum_dim(3);
        let changes: Vec<f32> = change.into_data().iter::<f32>().collect();
        // Filtered rows leave their rounding in rows that they do not see.
        let most = changes.iter().copied().fold(0.0, f32::max);
        (0..64).filter(|row| changes[*row] > 1e-5 * most).collect()
    }

    #[test]
    fn it_sees_five_by_five() {
        let config = ShallowConfig { base_channels: 8 };
        let mut network = config.init(&mut Initialiser::seeded(0, &Device::flex()));
        let rows = rows_reached(|input| network.forward(input, Phase::Evaluation).decode, 32);
        assert_eq!(rows, (32 - Shallow::REACH..=32 + Shallow::REACH).collect::<Vec<_>>());
    }

    /// What controls rest on: a branch sees at its rate, three pixels more or less, and nothing
    /// between.
    #[test]
    fn a_network_sees_at_its_rates_alone() {
        let mut network = SegmentorConfig::shallow(8, 8, vec![1, 16], 2).init(1, &Device::flex());
        // The pooled branch sees everything, and tells no place.
        let Head::Aspp(head) = &mut network.decode_head;
        let pooled = &mut head.image_pool.norm;
        pooled.gamma = pooled.gamma.clone() * 0.0;
        let rows = rows_reached(|input| network.forward(input), 32);
        let near = |centre: usize| centre - 3..=centre + 3;
        assert_eq!(rows, near(16).chain(near(32)).chain(near(48)).collect::<Vec<_>>());
    }
}
