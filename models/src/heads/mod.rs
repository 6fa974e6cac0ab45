//! The heads that make logits of a backbone's maps.
//!
//! A decode head is a file here and an entry of the table in this one. The file says what the head
//! is ([`DecodeHeadConfig`], [`DecodeHead`]).

mod aspp;
mod fcn;
mod head;

use burn::tensor::Tensor;

use crate::cost::ConvolutionCost;
use crate::initialiser::Initialiser;
use crate::layer::Layer;
use crate::layers::{Conv2d, DropoutNoise};
use crate::module::{Module, Phase, Visitor};
use crate::onnx_graph::{OnnxGraph, OnnxValue};
use crate::shapes::{Shapes, WeightsError};

pub use aspp::{AsppConfig, AsppHead};
pub use fcn::FcnHead;
pub use head::{DecodeHead, DecodeHeadConfig};

/// Makes of the table of decode heads the types that stand for any of them.
macro_rules! heads {
    ($($(#[$about:meta])* $Name:ident($Config:ty),)+) => {
        /// A decode head before it is built, of any kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum HeadConfig {
            $($(#[$about])* $Name($Config),)+
        }

        /// A decode head, of any kind.
        #[derive(Clone, Debug)]
        pub enum Head {
            $($(#[$about])* $Name(<$Config as DecodeHeadConfig>::Network),)+
        }

        impl DecodeHeadConfig for HeadConfig {
            type Network = Head;

            fn channels(&self) -> usize {
                match self {
                    $(Self::$Name(config) => config.channels(),)+
                }
            }

            fn init(&self, channels: [usize; 2], initialiser: &mut Initialiser) -> Head {
                match self {
                    $(Self::$Name(config) => Head::$Name(config.init(channels, initialiser)),)+
                }
            }

            fn recognised(shapes: Shapes, rates: &[usize]) -> Result<Option<Self>, WeightsError> {
                $(
                    if let Some(config) = <$Config>::recognised(shapes, rates)? {
                        return Ok(Some(Self::$Name(config)));
                    }
                )+
                Ok(None)
            }
        }

        impl Module for Head {
            fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
                match self {
                    $(Self::$Name(head) => head.visit(prefix, visitor),)+
                }
            }
        }

        impl DecodeHead for Head {
            fn forward(&mut self, input: Tensor<4>, phase: Phase, noise: Option<&mut DropoutNoise>) -> Tensor<4> {
                match self {
                    $(Self::$Name(head) => head.forward(input, phase, noise),)+
                }
            }

            fn classifier(&self) -> &Conv2d {
                match self {
                    $(Self::$Name(head) => head.classifier(),)+
                }
            }

            fn costs(&self, input: [usize; 2], costs: &mut Vec<ConvolutionCost>) {
                match self {
                    $(Self::$Name(head) => head.costs(input, costs),)+
                }
            }

            fn onnx(&self, prefix: &str, input: &OnnxValue, graph: &mut OnnxGraph) -> OnnxValue {
                match self {
                    $(Self::$Name(head) => head.onnx(prefix, input, graph),)+
                }
            }

            fn layers(&self) -> Vec<Layer> {
                match self {
                    $(Self::$Name(head) => head.layers(),)+
                }
            }

            fn map(&mut self, input: Tensor<4>, layer: Layer) -> Tensor<4> {
                match self {
                    $(Self::$Name(head) => head.map(input, layer),)+
                }
            }

            fn rates(&self) -> Vec<usize> {
                match self {
                    $(Self::$Name(head) => head.rates(),)+
                }
            }
        }
    };
}

heads! {
    /// Atrous spatial pyramid pooling.
    Aspp(AsppConfig),
}
