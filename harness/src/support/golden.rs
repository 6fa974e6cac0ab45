//! Recordings of the reference implementation, for tests.

use atrous_models::burn::tensor::{Device, Tensor, TensorData};
use atrous_models::{ComputeDevice, DeviceError};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::path::PathBuf;

/// Folders of which one set of recordings is made up.
#[derive(Debug)]
pub(crate) struct Recordings(Vec<PathBuf>);

/// The repository's recordings, and the whole set in the folder `ATROUS_GOLDEN`, by default
/// `shared/golden` beside the project, where that is present.
pub(crate) fn recordings() -> Vec<Recordings> {
    let named = std::env::var_os("ATROUS_GOLDEN").map(PathBuf::from);
    let whole = named.clone().unwrap_or_else(|| PathBuf::from("../../shared/golden"));
    assert!(named.is_none() || whole.is_dir(), "ATROUS_GOLDEN={} is no folder", whole.display());
    let mut all = vec![Recordings(["tests/golden", "../models/tests/golden"].map(PathBuf::from).into())];
    all.extend(whole.is_dir().then(|| Recordings(vec![whole])));
    all
}

impl Recordings {
    pub(crate) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.0.iter().find_map(|folder| std::fs::read(folder.join(name)).ok())
    }

    pub(crate) fn json(&self, name: &str) -> Option<Value> {
        Some(serde_json::from_slice(&self.bytes(name)?).unwrap())
    }
}

/// Shape and values of a recorded tensor, 8-bit ones too.
pub(crate) fn values(bytes: &[u8], key: &str) -> (Vec<usize>, Vec<f32>) {
    let file = SafeTensors::deserialize(bytes).unwrap();
    let view = file.tensor(key).unwrap_or_else(|error| panic!("{key}: {error}"));
    let values = match view.dtype() {
        Dtype::U8 => view.data().iter().map(|v| f32::from(*v)).collect(),
        Dtype::F32 => view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect(),
        other => panic!("{key} is {other:?}"),
    };
    (view.shape().to_vec(), values)
}

/// The same as a tensor.
pub(crate) fn tensor<const D: usize>(bytes: &[u8], key: &str) -> Tensor<D> {
    let (shape, values) = values(bytes, key);
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

/// Every `stride`-th value, as large tensors are recorded.
pub(crate) fn sampled<'a>(values: &'a [f32], info: &Value, key: &str) -> impl Iterator<Item = &'a f32> + use<'a> {
    values.iter().step_by(info["sampled"][key]["stride"].as_u64().unwrap_or(1) as usize)
}

/// A Vulkan device: a GPU where there is one, else a software adapter.
///
/// # Errors
/// None is here, or this program is built so that it cannot use it.
pub(crate) fn vulkan() -> Result<ComputeDevice, DeviceError> {
    let found = ComputeDevice::select("vulkan").or_else(|_| ComputeDevice::select("vulkan:cpu"));
    found.inspect_err(|error| {
        let refused = cfg!(feature = "vulkan") && matches!(error, DeviceError::Broken { .. });
        let without = !cfg!(feature = "wgpu");
        assert!(refused || without || matches!(error, DeviceError::Absent { .. }), "{error}");
    })
}
