//! Which network, and how wide.

use atrous_models::resnet::{Depth, ResnetConfig, Stem};
use atrous_models::{BackboneConfig, SegmentorConfig};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A network, without its rates and classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    pub kind: ModelKind,
    /// Channels of the first stage; the published width is 64.
    pub base_channels: usize,
    /// Channels of each ASPP branch; as published 16 for the U-Net and 512 for DeepLabV3.
    pub aspp_channels: usize,
    /// Channels of the auxiliary head's convolution; as published 64 for the U-Net and 256 for DeepLabV3. 0 in results of
    /// model version 1, which did not write it down.
    #[serde(default)]
    pub auxiliary_channels: usize,
    /// First convolutions of a ResNet.
    #[serde(default, skip_serializing_if = "is_deep")]
    pub stem: Stem,
    /// Whether resizing logits puts the centres of their corner pixels on each other, as in the 769 protocol.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub align_corners: bool,
}

/// The networks that can be trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ModelKind {
    /// U-Net, its ASPP at full resolution.
    #[serde(rename = "unet-s5-d16")]
    UnetS5D16,
    /// ResNet-50, output stride 8.
    #[serde(rename = "deeplabv3-r50-d8")]
    DeeplabV3R50D8,
    /// ResNet-50, output stride 16: the last stage dilated by 1 and then 2, without a multi-grid.
    #[serde(rename = "deeplabv3-r50-d16")]
    DeeplabV3R50D16,
    /// ResNet-101, output stride 8.
    #[serde(rename = "deeplabv3-r101-d8")]
    DeeplabV3R101D8,
    /// ResNet-101, output stride 16, likewise.
    #[serde(rename = "deeplabv3-r101-d16")]
    DeeplabV3R101D16,
    /// Two 3x3 convolutions at full resolution, for controls: it sees what its rates reach, and little else.
    #[serde(rename = "shallow")]
    Shallow,
}

fn is_deep(stem: &Stem) -> bool {
    *stem == Stem::Deep
}

impl ModelKind {
    pub const ALL: [ModelKind; 6] = [
        ModelKind::UnetS5D16,
        ModelKind::DeeplabV3R50D8,
        ModelKind::DeeplabV3R50D16,
        ModelKind::DeeplabV3R101D8,
        ModelKind::DeeplabV3R101D16,
        ModelKind::Shallow,
    ];

    /// The name in specs and tables.
    pub fn name(self) -> &'static str {
        match self {
            ModelKind::UnetS5D16 => "unet-s5-d16",
            ModelKind::DeeplabV3R50D8 => "deeplabv3-r50-d8",
            ModelKind::DeeplabV3R50D16 => "deeplabv3-r50-d16",
            ModelKind::DeeplabV3R101D8 => "deeplabv3-r101-d8",
            ModelKind::DeeplabV3R101D16 => "deeplabv3-r101-d16",
            ModelKind::Shallow => "shallow",
        }
    }

    /// Depth and output stride of its ResNet; `None` for the other networks.
    fn resnet(self) -> Option<(Depth, usize)> {
        match self {
            ModelKind::UnetS5D16 | ModelKind::Shallow => None,
            ModelKind::DeeplabV3R50D8 => Some((Depth::R50, 8)),
            ModelKind::DeeplabV3R50D16 => Some((Depth::R50, 16)),
            ModelKind::DeeplabV3R101D8 => Some((Depth::R101, 8)),
            ModelKind::DeeplabV3R101D16 => Some((Depth::R101, 16)),
        }
    }

    /// Whether it is published with a backbone that has been trained on ImageNet.
    pub fn is_pretrained(self) -> bool {
        self.resnet().is_some()
    }

    /// Input side over the side of the map that the ASPP sees.
    pub fn output_stride(self) -> usize {
        self.resnet().map_or(1, |(_, stride)| stride)
    }

    /// Input sides have to be multiples of this (four 2x2 poolings in the U-Net).
    pub fn size_divisor(self) -> usize {
        ModelSpec::published(self).backbone().divisor()
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ModelSpec {
    /// The network in its published width; the shallow one, which is not published, in one that suits a CPU.
    pub fn published(kind: ModelKind) -> Self {
        let (base_channels, aspp_channels, auxiliary_channels) = match kind {
            ModelKind::UnetS5D16 => (64, 16, 64),
            ModelKind::Shallow => (8, 8, 8),
            _ => (64, 512, 256),
        };
        let (stem, align_corners) = (Stem::Deep, false);
        Self { kind, base_channels, aspp_channels, auxiliary_channels, stem, align_corners }
    }

    fn backbone(&self) -> BackboneConfig {
        let base_channels = self.base_channels;
        match (self.kind, self.kind.resnet()) {
            (ModelKind::Shallow, _) => BackboneConfig::Shallow { base_channels },
            (_, None) => BackboneConfig::Unet { base_channels },
            (_, Some((depth, output_stride))) => {
                BackboneConfig::Resnet(ResnetConfig { depth, stem: self.stem, base_channels, output_stride })
            }
        }
    }

    /// The network with these rates and classes.
    pub fn config(&self, rates: &[usize], classes: usize) -> SegmentorConfig {
        let Self { aspp_channels, auxiliary_channels, align_corners, .. } = *self;
        let (backbone, rates) = (self.backbone(), rates.to_vec());
        SegmentorConfig { backbone, aspp_channels, auxiliary_channels, rates, classes, align_corners }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_name() {
        for kind in ModelKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            if let Some((_, stride)) = kind.name().rsplit_once("-d").filter(|_| kind != ModelKind::UnetS5D16) {
                assert_eq!(kind.output_stride().to_string(), stride);
            } else {
                assert_eq!(kind.output_stride(), 1, "{kind}");
            }
        }
        assert_eq!(ModelKind::Shallow.size_divisor(), 1);
        assert_eq!(ModelKind::UnetS5D16.size_divisor(), 16);
        assert_eq!(ModelKind::DeeplabV3R50D8.size_divisor(), 1);
    }
}
