//! A network before it is built.

use burn::tensor::Device;

use super::Segmentor;
use crate::backbones::{BackboneConfig, ExtractorConfig, ResnetConfig, ShallowConfig, UnetConfig};
use crate::cost::ConvolutionCost;
use crate::heads::{AsppConfig, DecodeHeadConfig, FcnHead, HeadConfig};
use crate::initialiser::Initialiser;

/// A backbone, a decode head and an auxiliary head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentorConfig {
    pub backbone: BackboneConfig,
    pub head: HeadConfig,
    /// Channels of the auxiliary head's convolution.
    pub auxiliary_channels: usize,
    pub classes: usize,
    /// How logits are resized: `true` puts the centres of the corner pixels on each other (the 769
    /// protocol), `false` their outer corners (all others).
    pub align_corners: bool,
}

impl SegmentorConfig {
    /// Gives U-Net S5-D16, its ASPP on the full-resolution map. As published: 64 base channels, 16
    /// ASPP channels, and rates 1, 12, 24, 36.
    pub fn unet_s5_d16(base_channels: usize, aspp_channels: usize, rates: Vec<usize>, classes: usize) -> Self {
        let backbone = BackboneConfig::Unet(UnetConfig { base_channels });
        Self::aspp(backbone, aspp_channels, rates, base_channels, classes)
    }

    /// Gives DeepLabV3 on a ResNet, its ASPP on a map of an eighth or a sixteenth of the input's
    /// side. As published: deep stem, 64 base channels, output stride 8, 512 ASPP channels (depth
    /// 50 and 101) or 128 (depth 18), and rates 1, 12, 24, 36.
    pub fn deeplabv3(resnet: ResnetConfig, aspp_channels: usize, rates: Vec<usize>, classes: usize) -> Self {
        let auxiliary_channels = resnet.depth.expansion() * resnet.base_channels;
        Self::aspp(BackboneConfig::Resnet(resnet), aspp_channels, rates, auxiliary_channels, classes)
    }

    /// Gives a network that sees 5x5 pixels and what its rates reach, its ASPP on the
    /// full-resolution map; for controls.
    pub fn shallow(base_channels: usize, aspp_channels: usize, rates: Vec<usize>, classes: usize) -> Self {
        let backbone = BackboneConfig::Shallow(ShallowConfig { base_channels });
        Self::aspp(backbone, aspp_channels, rates, base_channels, classes)
    }

    fn aspp(
        backbone: BackboneConfig,
        channels: usize,
        rates: Vec<usize>,
        auxiliary_channels: usize,
        classes: usize,
    ) -> Self {
        let head = HeadConfig::Aspp(AsppConfig { channels, rates });
        Self { backbone, head, auxiliary_channels, classes, align_corners: false }
    }

    /// Builds the network. Weights are drawn from `seed`. On a device with autodiff the parameters
    /// require gradients.
    pub fn init(&self, seed: u64, device: &Device) -> Segmentor {
        self.build(&mut Initialiser::seeded(seed, device))
    }

    /// Lists what the convolutions of an image of this size (height, width) cost in training,
    /// without holding a network.
    pub fn costs(&self, input: [usize; 2]) -> Vec<ConvolutionCost> {
        self.build(&mut Initialiser::shapes_only()).costs(input)
    }

    /// Lists what the convolutions of an image of this size (height, width) cost to score it,
    /// without holding a network.
    pub fn scoring_costs(&self, input: [usize; 2]) -> Vec<ConvolutionCost> {
        self.build(&mut Initialiser::shapes_only()).scoring_costs(input)
    }

    fn build(&self, initialiser: &mut Initialiser) -> Segmentor {
        let auxiliary = [self.backbone.auxiliary_channels(), self.auxiliary_channels];
        Segmentor {
            backbone: self.backbone.init(initialiser),
            decode_head: self.head.init([self.backbone.decode_channels(), self.classes], initialiser),
            auxiliary_head: FcnHead::new(auxiliary, self.classes, initialiser),
            align_corners: self.align_corners,
            output_stride: self.backbone.output_stride(),
        }
    }
}
