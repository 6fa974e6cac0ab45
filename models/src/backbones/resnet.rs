//! ResNet with bottlenecks and atrous last stages, as DeepLabV3 has it (mmsegmentation's ResNetV1c
//! and ResNet).

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{BackboneMaps, ExtractorConfig, FeatureExtractor, Published};
use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::layers::{BatchNorm, Conv2d};
use crate::module::{Module, Phase, Visitor, key};
use crate::ops;
use crate::ops::atrous_conv2d::ConvGeometry;
use crate::ops::max_pool::PoolGeometry;
use crate::shapes::{Shapes, WeightsError};

/// Channels out of a bottleneck over those of its 3x3 convolution.
const EXPANSION: usize = 4;
/// The pool behind the stem.
const STEM_POOL: PoolGeometry = PoolGeometry { kernel: 3, stride: 2, padding: 1 };

/// Gives DeepLabV3 as published, on a ResNet of this depth.
pub(super) const fn deeplabv3(depth: Depth, output_stride: usize) -> Published<ResnetConfig> {
    let backbone = ResnetConfig { depth, stem: Stem::Deep, base_channels: 64, output_stride };
    Published { backbone, aspp_channels: 512, auxiliary_channels: 256, pretrained: true }
}

/// How many layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    R50,
    R101,
}

impl Depth {
    /// Gives the number of bottlenecks of each stage.
    pub fn blocks(self) -> [usize; 4] {
        match self {
            Self::R50 => [3, 4, 6, 3],
            Self::R101 => [3, 4, 23, 3],
        }
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
        32 * self.base_channels
    }

    fn auxiliary_channels(&self) -> usize {
        16 * self.base_channels
    }

    fn output_stride(&self) -> usize {
        self.output_stride
    }

    fn init(&self, initialiser: &mut Initialiser) -> Resnet {
        let stem = self.init_stem(initialiser);
        let (strides, dilations) = self.resolution();
        let mut input = self.base_channels;
        let mut stages = Vec::new();
        for (stage, blocks) in self.depth.blocks().into_iter().enumerate() {
            let inner = self.base_channels << stage;
            let make = |block: usize| {
                let first = block == 0;
                let shape = BlockShape {
                    input: if first { input } else { EXPANSION * inner },
                    inner,
                    stride: if first { strides[stage] } else { 1 },
                    // `contract_dilation`: the first block of an atrous stage has half of the
                    // stage's rate.
                    dilation: if first { dilations[stage].div_ceil(2) } else { dilations[stage] },
                    projected: first,
                };
                Bottleneck::new(shape, initialiser)
            };
            stages.push((0..blocks).map(make).collect());
            input = EXPANSION * inner;
        }
        Resnet { stem, stages }
    }

    /// The output stride is not in the shapes.
    fn recognised(shapes: Shapes, output_stride: usize) -> Result<Option<Self>, WeightsError> {
        if !shapes.any_behind("backbone.layer1.") {
            return Ok(None);
        }
        let stem = if shapes.kernel("backbone.stem.0.weight").is_some() { Stem::Deep } else { Stem::Plain };
        let deep = shapes.kernel("backbone.layer3.6.conv1.weight").is_some();
        let depth = if deep { Depth::R101 } else { Depth::R50 };
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

/// Sizes of a bottleneck.
struct BlockShape {
    input: usize,
    inner: usize,
    stride: usize,
    dilation: usize,
    /// Whether the shortcut is a 1x1 convolution.
    projected: bool,
}

/// 1x1, 3x3, 1x1, and a shortcut. The stride is on the 3x3 convolution.
#[derive(Clone, Debug)]
struct Bottleneck {
    convs: [(Conv2d, BatchNorm); 3],
    downsample: Option<(Conv2d, BatchNorm)>,
}

impl Bottleneck {
    fn new(shape: BlockShape, initialiser: &mut Initialiser) -> Self {
        let BlockShape { input, inner, stride, dilation, projected } = shape;
        let output = EXPANSION * inner;
        let mut pair = |channels: [usize; 2], kernel: usize, geometry: ConvGeometry| {
            let conv = Conv2d::kaiming(channels, kernel, geometry, initialiser);
            (conv, BatchNorm::new(channels[1], initialiser))
        };
        let mut convs = [
            pair([input, inner], 1, ConvGeometry::same(1, 1)),
            pair([inner, inner], 3, ConvGeometry { stride, padding: dilation, dilation }),
            pair([inner, output], 1, ConvGeometry::same(1, 1)),
        ];
        let downsample = projected.then(|| pair([input, output], 1, ConvGeometry { stride, padding: 0, dilation: 1 }));
        // Every block starts as its shortcut, as the reference implementation has it.
        convs[2].1 = BatchNorm::zero(output, initialiser);
        Self { convs, downsample }
    }

    fn forward(&mut self, input: Tensor<4>, phase: Phase) -> Tensor<4> {
        let shortcut = match &mut self.downsample {
            Some((conv, norm)) => norm.forward(conv.forward(input.clone()), false, phase),
            None => input.clone(),
        };
        let mut map = input;
        for (i, (conv, norm)) in self.convs.iter_mut().enumerate() {
            map = norm.forward(conv.forward(map), i < 2, phase);
        }
        ops::add_relu(map, shortcut)
    }

    fn costs(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>) -> [usize; 2] {
        if let Some((conv, _)) = &self.downsample {
            conv.cost(input, costs);
        }
        self.convs.iter().fold(input, |size, (conv, _)| conv.cost(size, costs))
    }
}

impl Module for Bottleneck {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        for (i, (conv, norm)) in self.convs.iter_mut().enumerate() {
            conv.visit(&key(prefix, &format!("conv{}", i + 1)), visitor);
            norm.visit(&key(prefix, &format!("bn{}", i + 1)), visitor);
        }
        if let Some((conv, norm)) = &mut self.downsample {
            conv.visit(&key(prefix, "downsample.0"), visitor);
            norm.visit(&key(prefix, "downsample.1"), visitor);
        }
    }
}

/// A residual network without a head.
#[derive(Clone, Debug)]
pub struct Resnet {
    stem: Vec<StemConv>,
    stages: Vec<Vec<Bottleneck>>,
}

impl FeatureExtractor for Resnet {
    /// The decode head reads the last stage, the auxiliary head the one before. The input may have
    /// any size.
    fn forward(&mut self, input: Tensor<4>, phase: Phase) -> BackboneMaps {
        let mut map = input;
        for StemConv { conv, norm, .. } in &mut self.stem {
            map = norm.forward(conv.forward(map), true, phase);
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
        for (output_stride, stem) in [(8, Stem::Deep), (16, Stem::Plain)] {
            let config = ResnetConfig { depth: Depth::R50, stem, base_channels: 2, output_stride };
            let mut network = config.init(&mut Initialiser::seeded(0, &device));
            let maps = network.forward(Tensor::zeros([1, 3, 64, 96], &device), Phase::Evaluation);
            assert_eq!(maps.decode.dims(), [1, 64, 64 / output_stride, 96 / output_stride]);
            assert_eq!(maps.auxiliary.dims(), [1, 32, 64 / output_stride, 96 / output_stride]);
        }
    }

    /// The last norm of each block starts at zero: a fresh block with an identity shortcut is a
    /// ReLU.
    #[test]
    fn a_fresh_block_is_its_shortcut() {
        let device = Device::flex();
        let shape = BlockShape { input: 8, inner: 2, stride: 1, dilation: 2, projected: false };
        let mut block = Bottleneck::new(shape, &mut Initialiser::seeded(0, &device));
        let input = Tensor::<4>::ones([1, 8, 5, 5], &device) * -1.5;
        let output = block.forward(input.clone() * -1.0, Phase::Evaluation);
        output.into_data().assert_eq(&(input * -1.0).into_data(), true);
    }
}
