//! ResNet with atrous last stages, as DeepLabV3 has it (mmsegmentation's ResNetV1c and ResNet).

mod block;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use self::block::{BlockKind, BlockShape, ResidualBlock};
use super::{BackboneMaps, ExtractorConfig, FeatureExtractor, Published};
use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::layers::{BatchNorm, Conv2d};
use crate::module::{Module, Phase, Visitor, key};
use crate::onnx_graph::{OnnxGraph, OnnxValue};
use crate::ops;
use crate::ops::atrous_conv2d::ConvGeometry;
use crate::ops::max_pool::PoolGeometry;
use crate::shapes::{Shapes, WeightsError};

/// Blocks of a stage that are counted in stored weights; a ResNet-152 has 36.
const MOST_BLOCKS: usize = 64;
/// The pool behind the stem.
const STEM_POOL: PoolGeometry = PoolGeometry { kernel: 3, stride: 2, padding: 1 };

/// Gives DeepLabV3 as published, on a ResNet of this depth.
pub(super) const fn deeplabv3(depth: Depth, output_stride: usize) -> Published<ResnetConfig> {
    let backbone = ResnetConfig { depth, stem: Stem::Deep, base_channels: 64, output_stride };
    let expansion = depth.expansion();
    Published { backbone, aspp_channels: 128 * expansion, auxiliary_channels: 64 * expansion, pretrained: true }
}

/// How many layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    R18,
    R50,
    R101,
}

impl Depth {
    /// Every depth that is built.
    pub const ALL: [Self; 3] = [Self::R18, Self::R50, Self::R101];

    /// Gives the number of blocks of each stage.
    pub const fn blocks(self) -> [usize; 4] {
        match self {
            Self::R18 => [2, 2, 2, 2],
            Self::R50 => [3, 4, 6, 3],
            Self::R101 => [3, 4, 23, 3],
        }
    }

    const fn block(self) -> BlockKind {
        match self {
            Self::R18 => BlockKind::Basic,
            Self::R50 | Self::R101 => BlockKind::Bottleneck,
        }
    }

    /// Gives the channels out of a block over those of its 3x3 convolutions.
    pub const fn expansion(self) -> usize {
        self.block().expansion()
    }
}

/// The first convolutions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stem {
    /// Three 3x3 convolutions: ResNetV1c, what the published networks have.
    #[default]
    Deep,
    /// One 7x7 convolution: what torchvision's weights have.
    Plain,
}

/// Depth, width and resolution of a residual network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResnetConfig {
    pub depth: Depth,
    pub stem: Stem,
    /// Channels of the stem and of the first stage's 3x3 convolutions; 64 in the publication.
    pub base_channels: usize,
    /// 8 or 16: input side over the side of the last map.
    pub output_stride: usize,
}

impl ResnetConfig {
    /// Gives stride and dilation of each stage.
    ///
    /// # Panics
    /// With an output stride other than 8 and 16.
    fn resolution(&self) -> ([usize; 4], [usize; 4]) {
        match self.output_stride {
            8 => ([1, 2, 1, 1], [1, 1, 2, 4]),
            16 => ([1, 2, 2, 1], [1, 1, 1, 2]),
            other => panic!("a ResNet's output stride is 8 or 16, not {other}"),
        }
    }

    /// Counts the blocks of a stage, from 1 to 4, of stored weights.
    fn blocks_found(shapes: Shapes, stage: usize) -> usize {
        let there = |block: &usize| shapes.any_behind(&format!("backbone.layer{stage}.{block}."));
        (0..MOST_BLOCKS).take_while(there).count()
    }

    fn init_stem(&self, initialiser: &mut Initialiser) -> Vec<StemConv> {
        let base = self.base_channels;
        match self.stem {
            // The three convolutions and their norms are numbered through, a ReLU behind each pair.
            Stem::Deep => [(3, base / 2, 2, 0), (base / 2, base / 2, 1, 3), (base / 2, base, 1, 6)]
                .map(|(input, output, stride, index)| {
                    let geometry = ConvGeometry { stride, padding: 1, dilation: 1 };
                    let names = [format!("stem.{index}"), format!("stem.{}", index + 1)];
                    StemConv::new(names, [input, output], 3, geometry, initialiser)
                })
                .into(),
            Stem::Plain => {
                let geometry = ConvGeometry { stride: 2, padding: 3, dilation: 1 };
                let names = ["conv1".to_owned(), "bn1".to_owned()];
                vec![StemConv::new(names, [3, base], 7, geometry, initialiser)]
            }
        }
    }
}

impl ExtractorConfig for ResnetConfig {
    type Network = Resnet;

    fn base_channels(&self) -> usize {
        self.base_channels
    }

    fn set_base_channels(&mut self, base_channels: usize) {
        self.base_channels = base_channels;
    }

    fn decode_channels(&self) -> usize {
        8 * self.depth.expansion() * self.base_channels
    }

    fn auxiliary_channels(&self) -> usize {
        4 * self.depth.expansion() * self.base_channels
    }

    fn output_stride(&self) -> usize {
        self.output_stride
    }

    fn init(&self, initialiser: &mut Initialiser) -> Resnet {
        let stem = self.init_stem(initialiser);
        let (strides, dilations) = self.resolution();
        let kind = self.depth.block();
        let mut input = self.base_channels;
        let mut stages = Vec::new();
        for (stage, blocks) in self.depth.blocks().into_iter().enumerate() {
            let inner = self.base_channels << stage;
            let output = kind.expansion() * inner;
            let make = |block: usize| {
                let first = block == 0;
                let shape = BlockShape {
                    kind,
                    input: if first { input } else { output },
                    inner,
                    stride: if first { strides[stage] } else { 1 },
                    // `contract_dilation`: the first block of an atrous stage has half of the
                    // stage's rate.
                    dilation: if first { dilations[stage].div_ceil(2) } else { dilations[stage] },
                };
                ResidualBlock::new(shape, initialiser)
            };
            stages.push((0..blocks).map(make).collect());
            input = output;
        }
        Resnet { stem, stages }
    }

    /// The output stride is not in the shapes.
    fn recognised(shapes: Shapes, output_stride: usize) -> Result<Option<Self>, WeightsError> {
        if !shapes.any_behind("backbone.layer1.") {
            return Ok(None);
        }
        let stem = if shapes.kernel("backbone.stem.0.weight").is_some() { Stem::Deep } else { Stem::Plain };
        let blocks = [1, 2, 3, 4].map(|stage| Self::blocks_found(shapes, stage));
        let bottlenecks = shapes.kernel("backbone.layer1.0.conv3.weight").is_some();
        let depth = Depth::ALL
            .into_iter()
            .find(|depth| depth.blocks() == blocks && (depth.block() == BlockKind::Bottleneck) == bottlenecks);
        let depth = depth.ok_or(WeightsError::Blocks { bottlenecks, blocks })?;
        let [base_channels, ..] = shapes.needed("backbone.layer1.0.conv1.weight")?;
        Ok(Some(Self { depth, stem, base_channels, output_stride }))
    }
}

/// A convolution, its norm and a ReLU, under names of their own.
#[derive(Clone, Debug)]
struct StemConv {
    names: [String; 2],
    conv: Conv2d,
    norm: BatchNorm,
}

impl StemConv {
    fn new(
        names: [String; 2],
        channels: [usize; 2],
        kernel: usize,
        geometry: ConvGeometry,
        initialiser: &mut Initialiser,
    ) -> Self {
        let conv = Conv2d::kaiming(channels, kernel, geometry, initialiser);
        Self { names, conv, norm: BatchNorm::new(channels[1], initialiser) }
    }
}

/// A residual network without a head.
#[derive(Clone, Debug)]
pub struct Resnet {
    stem: Vec<StemConv>,
    stages: Vec<Vec<ResidualBlock>>,
}

impl FeatureExtractor for Resnet {
    /// The decode head reads the last stage, the auxiliary head the one before. The input may have
    /// any size.
    fn forward(&mut self, input: Tensor<4>, phase: Phase) -> BackboneMaps {
        let mut map = input;
        for StemConv { conv, norm, .. } in &mut self.stem {
            map = conv.forward_normed(map, norm, true, phase);
        }
        map = ops::max_pool(map, STEM_POOL);
        let (last, others) = self.stages.split_last_mut().expect("four stages");
        for block in others.iter_mut().flatten() {
            map = block.forward(map, phase);
        }
        let auxiliary = map.clone();
        for block in last {
            map = block.forward(map, phase);
        }
        BackboneMaps { decode: map, auxiliary }
    }

    fn costs(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>) -> BackboneMaps<[usize; 2]> {
        let stem = self.stem.iter().fold(input, |size, stem| stem.conv.cost(size, costs));
        let pooled = stem.map(|side| STEM_POOL.output_size(side));
        let (last, others) = self.stages.split_last().expect("four stages");
        let auxiliary = others.iter().flatten().fold(pooled, |size, block| block.costs(size, costs));
        let decode = last.iter().fold(auxiliary, |size, block| block.costs(size, costs));
        BackboneMaps { decode, auxiliary }
    }

    fn onnx(&self, prefix: &str, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue {
        let mut map = input.clone();
        for StemConv { names: [conv_name, norm_name], conv, .. } in &self.stem {
            map = graph.convolution(&key(prefix, conv_name), &map, conv.geometry);
            map = graph.batch_norm(&key(prefix, norm_name), &map, BatchNorm::EPSILON);
            map = graph.relu(&map);
        }
        map = graph.max_pool(&map, STEM_POOL);
        for (i, stage) in self.stages.iter().enumerate() {
            for (j, block) in stage.iter().enumerate() {
                map = block.onnx(&key(prefix, &format!("layer{}.{j}", i + 1)), &map, graph);
            }
        }
        map
    }
}

impl Module for Resnet {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        for StemConv { names: [conv_name, norm_name], conv, norm } in &mut self.stem {
            conv.visit(&key(prefix, conv_name), visitor);
            norm.visit(&key(prefix, norm_name), visitor);
        }
        for (i, stage) in self.stages.iter_mut().enumerate() {
            for (j, block) in stage.iter_mut().enumerate() {
                block.visit(&key(prefix, &format!("layer{}.{j}", i + 1)), visitor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_output_stride_is_kept() {
        let device = Device::flex();
        for (output_stride, stem, depth) in
            [(8, Stem::Deep, Depth::R50), (16, Stem::Plain, Depth::R50), (8, Stem::Plain, Depth::R18)]
        {
            let config = ResnetConfig { depth, stem, base_channels: 2, output_stride };
            let mut network = config.init(&mut Initialiser::seeded(0, &device));
            let maps = network.forward(Tensor::zeros([1, 3, 64, 96], &device), Phase::Evaluation);
            let channels = 4 * 2 * depth.expansion();
            assert_eq!(maps.decode.dims(), [1, 2 * channels, 64 / output_stride, 96 / output_stride]);
            assert_eq!(maps.auxiliary.dims(), [1, channels, 64 / output_stride, 96 / output_stride]);
        }
    }

    /// The last norm of each block starts at zero: a fresh block with an identity shortcut is a
    /// ReLU.
    #[test]
    fn a_fresh_block_is_its_shortcut() {
        let device = Device::flex();
        for kind in [BlockKind::Basic, BlockKind::Bottleneck] {
            let inner = 8 / kind.expansion();
            let shape = BlockShape { kind, input: 8, inner, stride: 1, dilation: 2 };
            let mut block = ResidualBlock::new(shape, &mut Initialiser::seeded(0, &device));
            let input = Tensor::<4>::ones([1, 8, 5, 5], &device) * -1.5;
            let output = block.forward(input.clone() * -1.0, Phase::Evaluation);
            output.into_data().assert_eq(&(input * -1.0).into_data(), true);
        }
    }
}
