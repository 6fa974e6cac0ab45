//! Segmentation networks whose ASPP head has the atrous rates that a sweep asks for.
//!
//! ```no_run
//! use atrous_models::{SegmentorConfig, burn::tensor::{Device, Tensor}};
//!
//! let device = Device::flex();
//! let config = SegmentorConfig::unet_s5_d16(64, 16, vec![1, 6, 12, 18], 2);
//! let mut network = config.init(0, &device);
//! let logits = network.forward(Tensor::zeros([1, 3, 64, 64], &device));
//! assert_eq!(logits.dims(), [1, 2, 64, 64]);
//! ```

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests read what they have written themselves"))]

pub mod backbones;
pub mod cost;
mod description;
pub mod device;
pub mod heads;
pub mod initialiser;
mod known_networks;
pub mod layer;
pub mod layers;
pub mod loss;
pub mod module;
pub mod onnx;
pub mod onnx_graph;
pub mod ops;
mod precision;
pub mod protobuf;
pub mod pth;
mod python;
pub mod segmentor;
pub mod sgd;
pub mod shapes;
pub mod state;
pub mod values;
mod weights;

pub use backbones::{BackboneConfig, Depth, ExtractorConfig, ModelKind, Published, ResnetConfig, Stem, UnetConfig};
pub use burn;
pub use cost::ConvolutionCost;
pub use description::{DescriptionError, NetworkDescription};
pub use device::{ComputeDevice, DeviceError, DeviceInfo};
pub use heads::{AsppConfig, DecodeHead, DecodeHeadConfig, Head, HeadConfig};
pub use layer::{Layer, UnknownLayer};
pub use layers::DropoutNoise;
pub use loss::{LossConfig, Losses};
pub use module::{Module, Phase, Role, Visitor};
pub use onnx::OnnxOptions;
pub use ops::atrous_conv2d::{ConvGeometry, ConvShape};
pub use precision::{Precision, UnknownPrecision};
pub use segmentor::{Segmentor, SegmentorConfig};
pub use sgd::{Sgd, SgdConfig};
pub use shapes::WeightsError;
pub use state::{State, StateError, Tolerance};
pub use values::Values;
