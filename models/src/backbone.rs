//! Which network the heads read their maps from.

use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::module::{Module, Phase, Visitor};
use crate::resnet::{Resnet, ResnetConfig};
use crate::shallow::Shallow;
use crate::unet::Unet;

/// A backbone and its width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackboneConfig {
    /// U-Net S5-D16; its full-resolution maps have this many channels (64 in the publication).
    Unet { base_channels: usize },
    /// Residual network with atrous stages.
    Resnet(ResnetConfig),
    /// Two 3x3 convolutions at full resolution, for controls.
    Shallow { base_channels: usize },
}

/// What the heads read.
pub struct BackboneMaps {
    /// For the ASPP head: batch x [`BackboneConfig::decode_channels`] x height / output stride x width / output stride.
    pub decode: Tensor<4>,
    /// For the auxiliary head.
    pub auxiliary: Tensor<4>,
}

impl BackboneConfig {
    /// Channels of the map that the ASPP head reads.
    pub fn decode_channels(&self) -> usize {
        match self {
            Self::Unet { base_channels } | Self::Shallow { base_channels } => *base_channels,
            Self::Resnet(config) => 32 * config.base_channels,
        }
    }

    /// Channels of the map that the auxiliary head reads.
    pub fn auxiliary_channels(&self) -> usize {
        match self {
            Self::Unet { base_channels } => 2 * base_channels,
            Self::Shallow { base_channels } => *base_channels,
            Self::Resnet(config) => 16 * config.base_channels,
        }
    }

    /// Side of the input over the side of the map that the ASPP head reads.
    pub fn output_stride(&self) -> usize {
        match self {
            Self::Unet { .. } | Self::Shallow { .. } => 1,
            Self::Resnet(config) => config.output_stride,
        }
    }

    /// The input's sides must be multiples of this.
    pub fn divisor(&self) -> usize {
        match self {
            Self::Unet { .. } => Unet::DIVISOR,
            Self::Resnet(_) | Self::Shallow { .. } => 1,
        }
    }

    pub fn init(&self, random: &mut ChaCha8Rng, device: &Device) -> Backbone {
        match self {
            Self::Unet { base_channels } => Backbone::Unet(Unet::new(*base_channels, random, device)),
            Self::Resnet(config) => Backbone::Resnet(config.init(random, device)),
            Self::Shallow { base_channels } => Backbone::Shallow(Shallow::new(*base_channels, random, device)),
        }
    }
}

/// The part of a network that turns an image into maps.
#[derive(Clone, Debug)]
pub enum Backbone {
    Unet(Unet),
    Resnet(Resnet),
    Shallow(Shallow),
}

impl Backbone {
    /// `input`: batch x 3 x height x width, normalised.
    pub fn forward(&mut self, input: Tensor<4>, phase: Phase) -> BackboneMaps {
        match self {
            Self::Unet(unet) => unet.forward(input, phase),
            Self::Resnet(resnet) => resnet.forward(input, phase),
            Self::Shallow(shallow) => shallow.forward(input, phase),
        }
    }
}

impl Module for Backbone {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        match self {
            Self::Unet(unet) => unet.visit(prefix, visitor),
            Self::Resnet(resnet) => resnet.visit(prefix, visitor),
            Self::Shallow(shallow) => shallow.visit(prefix, visitor),
        }
    }
}
