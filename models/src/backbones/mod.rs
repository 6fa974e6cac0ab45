//! The networks that heads read their maps from.
//!
//! A backbone is a file here and an entry of the table in this one. The file says what the
//! backbone is ([`ExtractorConfig`], [`FeatureExtractor`]) and which networks with it have a name
//! ([`Published`]).

mod extractor;
mod maps;
mod resnet;
mod shallow;
mod unet;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::module::{Module, Phase, Visitor};
use crate::onnx_graph::{OnnxGraph, OnnxValue};
use crate::shapes::{Shapes, WeightsError};

pub use extractor::{ExtractorConfig, FeatureExtractor, Published};
pub use maps::BackboneMaps;
pub use resnet::{Depth, Resnet, ResnetConfig, Stem};
pub use shallow::{Shallow, ShallowConfig};
pub(crate) use unet::FIRST_WEIGHT as FIRST_UNET_WEIGHT;
pub use unet::{Unet, UnetConfig};

/// Makes of the table of backbones the types that stand for any of them.
macro_rules! backbones {
    ($(
        $(#[$about:meta])*
        $Name:ident($Config:ty) { $($(#[$about_kind:meta])* $Kind:ident = $name:literal: $published:expr,)+ }
    )+) => {
        /// A backbone before it is built, of any kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum BackboneConfig {
            $($(#[$about])* $Name($Config),)+
        }

        /// The part of a network that turns an image into maps, of any kind.
        #[derive(Clone, Debug)]
        pub enum Backbone {
            $($(#[$about])* $Name(<$Config as ExtractorConfig>::Network),)+
        }

        /// The networks that have a name in specs and tables.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ModelKind {
            $($($(#[$about_kind])* #[serde(rename = $name)] $Kind,)+)+
        }

        impl ModelKind {
            /// Every network that has a name.
            pub const ALL: [ModelKind; [$($($name,)+)+].len()] = [$($(ModelKind::$Kind,)+)+];

            /// Gives the name in specs and tables.
            pub fn name(self) -> &'static str {
                match self {
                    $($(ModelKind::$Kind => $name,)+)+
                }
            }

            /// Gives the network in its published width.
            pub fn published(self) -> Published<BackboneConfig> {
                match self {
                    $($(ModelKind::$Kind => {
                        let Published { backbone, aspp_channels, auxiliary_channels, pretrained } = $published;
                        let backbone = BackboneConfig::$Name(backbone);
                        Published { backbone, aspp_channels, auxiliary_channels, pretrained }
                    })+)+
                }
            }
        }

        impl ExtractorConfig for BackboneConfig {
            type Network = Backbone;

            fn base_channels(&self) -> usize {
                match self {
                    $(Self::$Name(config) => config.base_channels(),)+
                }
            }

            fn set_base_channels(&mut self, base_channels: usize) {
                match self {
                    $(Self::$Name(config) => config.set_base_channels(base_channels),)+
                }
            }

            fn decode_channels(&self) -> usize {
                match self {
                    $(Self::$Name(config) => config.decode_channels(),)+
                }
            }

            fn auxiliary_channels(&self) -> usize {
                match self {
                    $(Self::$Name(config) => config.auxiliary_channels(),)+
                }
            }

            fn output_stride(&self) -> usize {
                match self {
                    $(Self::$Name(config) => config.output_stride(),)+
                }
            }

            fn divisor(&self) -> usize {
                match self {
                    $(Self::$Name(config) => config.divisor(),)+
                }
            }

            fn init(&self, initialiser: &mut Initialiser) -> Backbone {
                match self {
                    $(Self::$Name(config) => Backbone::$Name(config.init(initialiser)),)+
                }
            }

            fn recognised(shapes: Shapes, output_stride: usize) -> Result<Option<Self>, WeightsError> {
                $(
                    if let Some(config) = <$Config>::recognised(shapes, output_stride)? {
                        return Ok(Some(Self::$Name(config)));
                    }
                )+
                Ok(None)
            }
        }

        impl Module for Backbone {
            fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
                match self {
                    $(Self::$Name(network) => network.visit(prefix, visitor),)+
                }
            }
        }

        impl FeatureExtractor for Backbone {
            fn forward(&mut self, input: Tensor<4>, phase: Phase) -> BackboneMaps {
                match self {
                    $(Self::$Name(network) => network.forward(input, phase),)+
                }
            }

            fn costs(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>) -> BackboneMaps<[usize; 2]> {
                match self {
                    $(Self::$Name(network) => network.costs(input, costs),)+
                }
            }

            fn onnx(&self, prefix: &str, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue {
                match self {
                    $(Self::$Name(network) => network.onnx(prefix, input, graph),)+
                }
            }
        }
    };
}

backbones! {
    /// U-Net S5-D16.
    Unet(UnetConfig) {
        /// U-Net, its ASPP at full resolution.
        UnetS5D16 = "unet-s5-d16": unet::S5_D16,
    }
    /// Residual network with atrous stages.
    Resnet(ResnetConfig) {
        /// ResNet-18, output stride 8: the small one, which a CPU can train.
        DeeplabV3R18D8 = "deeplabv3-r18-d8": resnet::deeplabv3(Depth::R18, 8),
        /// ResNet-50, output stride 8.
        DeeplabV3R50D8 = "deeplabv3-r50-d8": resnet::deeplabv3(Depth::R50, 8),
        /// ResNet-50, output stride 16: the last stage dilated by 1 and then 2, without a
        /// multi-grid.
        DeeplabV3R50D16 = "deeplabv3-r50-d16": resnet::deeplabv3(Depth::R50, 16),
        /// ResNet-101, output stride 8.
        DeeplabV3R101D8 = "deeplabv3-r101-d8": resnet::deeplabv3(Depth::R101, 8),
        /// ResNet-101, output stride 16, likewise.
        DeeplabV3R101D16 = "deeplabv3-r101-d16": resnet::deeplabv3(Depth::R101, 16),
    }
    /// Two 3x3 convolutions at full resolution, for controls.
    Shallow(ShallowConfig) {
        /// Two 3x3 convolutions at full resolution, for controls: it sees what its rates reach, and
        /// little else.
        Shallow = "shallow": shallow::CONTROL,
    }
}

impl ModelKind {
    /// Tells whether it is published with a backbone that has been trained on ImageNet.
    pub fn is_pretrained(self) -> bool {
        self.published().pretrained
    }

    /// Gives the side of the input over the side of the map that the ASPP sees.
    pub fn output_stride(self) -> usize {
        self.published().backbone.output_stride()
    }

    /// Gives what the input's sides have to be multiples of (four 2x2 poolings in the U-Net).
    pub fn size_divisor(self) -> usize {
        self.published().backbone.divisor()
    }
}

impl std::fmt::Display for ModelKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
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

    /// Channels and sizes of the maps are those that the configuration says.
    #[test]
    fn maps_are_as_the_configuration_says() {
        let device = burn::tensor::Device::flex();
        for kind in ModelKind::ALL {
            let mut config = kind.published().backbone;
            config.set_base_channels(2);
            assert_eq!(config.base_channels(), 2, "{kind}");
            let input = Tensor::zeros([1, 3, 64, 96], &device);
            let maps = config.init(&mut Initialiser::seeded(0, &device)).forward(input, Phase::Evaluation);
            let stride = config.output_stride();
            assert_eq!(maps.decode.dims(), [1, config.decode_channels(), 64 / stride, 96 / stride], "{kind}");
            assert_eq!(maps.auxiliary.dims()[1], config.auxiliary_channels(), "{kind}");
        }
    }
}
