//! The network of a run: its kind and its widths.

use super::impossible::{Checked, ensure};
use super::setting::{CHANNELS, settings};
pub use atrous_models::ModelKind;
use atrous_models::{AsppConfig, BackboneConfig, ExtractorConfig, HeadConfig, Published, SegmentorConfig, Stem};
use serde::{Deserialize, Serialize};

settings! {
    /// A network, without its rates and classes.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct ModelSpec in "model" {
        /// The network: backbone, output stride and head.
        kind: ModelKind [Network, "", "\"deeplabv3-r50-d8\""] = ModelKind::UnetS5D16;
        /// Channels of the first stage; the published width is 64.
        base_channels: usize [Whole(1), "channels", "16", Published] =
            Self::published(ModelKind::UnetS5D16).base_channels, CHANNELS;
        /// Channels of each ASPP branch; as published 16 for the U-Net, 512 for DeepLabV3, and 128
        /// for it on ResNet-18.
        aspp_channels: usize [Whole(1), "channels", "16", Published] =
            Self::published(ModelKind::UnetS5D16).aspp_channels, CHANNELS;
        /// Channels of the auxiliary head's convolution; as published 64 for the U-Net, 256 for
        /// DeepLabV3, and 64 for it on ResNet-18. 0 in results of model version 1, which did not
        /// write it down.
        #[serde(default)]
        auxiliary_channels: usize [Whole(1), "channels", "16", Published] =
            Self::published(ModelKind::UnetS5D16).auxiliary_channels, CHANNELS;
        /// First convolutions of a ResNet: three of 3x3, or one of 7x7.
        #[serde(default, skip_serializing_if = "is_deep")]
        stem: Stem [Word(&["deep", "plain"]), "", "\"deep\""] = Stem::Deep;
        /// Whether resizing logits puts the centres of their corner pixels on each other, as in the
        /// 769 protocol.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        align_corners: bool [Flag, "", "true"] = false;
    }
}

fn is_deep(stem: &Stem) -> bool {
    *stem == Stem::Deep
}

impl ModelSpec {
    /// Refuses widths that the network cannot have.
    pub(crate) fn check(&self) -> Checked {
        self.check_ranges()?;
        let Self { kind, base_channels, stem, .. } = *self;
        let resnet = kind.is_pretrained();
        let halved = !resnet || stem == Stem::Plain || base_channels.is_multiple_of(2);
        let message = format!("must be even, is {base_channels}: the first convolutions have half as many");
        ensure(halved, "model.base_channels", message)?;
        ensure(resnet || stem == Stem::Deep, "model.stem", format!("{kind} has no stem; a ResNet has one"))
    }

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
