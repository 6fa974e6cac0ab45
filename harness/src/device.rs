//! What is computed on: see [`atrous_models::device`].

pub use atrous_models::device::{ComputeDevice, DeviceError, DeviceInfo, list};
