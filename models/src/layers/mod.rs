//! Layers that networks are built from.

mod batch_norm;
mod conv2d;
mod conv_module;
mod dropout;

pub use batch_norm::BatchNorm;
pub use conv_module::ConvModule;
pub use conv2d::Conv2d;
pub use dropout::DropoutNoise;
