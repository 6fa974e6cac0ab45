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

pub mod aspp;
pub mod backbone;
pub mod conv_module;
pub mod device;
pub mod dropout;
pub mod fcn_head;
pub mod layer;
pub mod layers;
pub mod loss;
pub mod module;
pub mod ops;
mod precision;
pub mod pth;
pub mod resnet;
pub mod segmentor;
pub mod sgd;
pub mod shallow;
pub mod state;
pub mod unet;
pub mod weights;

pub use backbone::BackboneConfig;
pub use burn;
pub use device::{ComputeDevice, DeviceError, DeviceInfo};
pub use dropout::DropoutNoise;
pub use layer::{Layer, UnknownLayer};
pub use loss::{LossConfig, Losses};
pub use module::{Module, Phase, Role, Visitor};
pub use ops::atrous_conv2d::ConvGeometry;
pub use precision::{Precision, UnknownPrecision};
pub use resnet::{Depth, ResnetConfig, Stem};
pub use segmentor::{Segmentor, SegmentorConfig};
pub use sgd::{Sgd, SgdConfig};
pub use state::{State, StateError, Tolerance, Values};
pub use weights::WeightsError;
