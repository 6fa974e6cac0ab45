//! The network of a run: its kind and its widths.

pub use atrous_models::ModelKind;
use atrous_models::{AsppConfig, BackboneConfig, ExtractorConfig, HeadConfig, Published, SegmentorConfig, Stem};
use serde::{Deserialize, Serialize};

/// A network, without its rates and classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    pub kind: ModelKind,
    /// Channels of the first stage; the published width is 64.
    pub base_channels: usize,
    /// Channels of each ASPP branch; as published 16 for the U-Net, 512 for DeepLabV3, and 128 for
    /// it on ResNet-18.
    pub aspp_channels: usize,
    /// Channels of the auxiliary head's convolution; as published 64 for the U-Net, 256 for
    /// DeepLabV3, and 64 for it on ResNet-18. 0 in results of model version 1, which did not write
    /// it down.
    #[serde(default)]
    pub auxiliary_channels: usize,
    /// First convolutions of a ResNet.
    #[serde(default, skip_serializing_if = "is_deep")]
    pub stem: Stem,
    /// Whether resizing logits puts the centres of their corner pixels on each other, as in the 769
    /// protocol.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub align_corners: bool,
}

fn is_deep(stem: &Stem) -> bool {
    *stem == Stem::Deep
}

impl ModelSpec {
    /// Gives a network in its published width; the shallow one, which is not published, in one that
    /// suits a CPU.
    pub fn published(kind: ModelKind) -> Self {
        let Published { backbone, aspp_channels, auxiliary_channels, .. } = kind.published();
        let (base_channels, stem, align_corners) = (backbone.base_channels(), Stem::Deep, false);
        Self { kind, base_channels, aspp_channels, auxiliary_channels, stem, align_corners }
    }

    fn backbone(&self) -> BackboneConfig {
        let mut backbone = self.kind.published().backbone;
        backbone.set_base_channels(self.base_channels);
        if let BackboneConfig::Resnet(resnet) = &mut backbone {
            resnet.stem = self.stem;
        }
        backbone
    }

    /// Gives the network with these rates and classes.
    pub fn config(&self, rates: &[usize], classes: usize) -> SegmentorConfig {
        let Self { aspp_channels: channels, auxiliary_channels, align_corners, .. } = *self;
        let head = HeadConfig::Aspp(AsppConfig { channels, rates: rates.to_vec() });
        SegmentorConfig { backbone: self.backbone(), head, auxiliary_channels, classes, align_corners }
    }
}
