//! Recordings of the reference implementation, for tests.

use atrous_models::burn::tensor::{Device, Tensor, TensorData};
use atrous_models::{ComputeDevice, DeviceError};
use atrous_recordings::{Recordings, Tensors};

/// The sets of recordings that are compared with; the repository's own has networks' weights as
/// well.
pub(crate) fn recordings() -> Vec<Recordings> {
    atrous_recordings::sets(&["tests/golden", "../models/tests/golden"])
}

/// A recorded tensor on the CPU.
pub(crate) fn tensor<const D: usize>(recorded: &Tensors, key: &str) -> Tensor<D> {
    let (shape, values) = recorded.values(key);
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

/// The device that ATROUS_TEST_DEVICE names, else a Vulkan device: a GPU where there is one, else a
/// software adapter.
///
/// # Errors
/// None is here, or this program is built so that it cannot use it.
pub(crate) fn vulkan() -> Result<ComputeDevice, DeviceError> {
    if let Ok(name) = std::env::var("ATROUS_TEST_DEVICE") {
        return Ok(ComputeDevice::select(&name).unwrap_or_else(|error| panic!("ATROUS_TEST_DEVICE: {error}")));
    }
    let found = ComputeDevice::select("vulkan").or_else(|_| ComputeDevice::select("vulkan:cpu"));
    found.inspect_err(|error| {
        let without = !cfg!(feature = "wgpu");
        assert!(without || matches!(error, DeviceError::Absent { .. }), "{error}");
    })
}
