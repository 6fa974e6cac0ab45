//! What tests of kernels have in common. The kernels are held against the definition: convolutions
//! by the CPU's own kernels, the rest composed of burn's operations on the CPU.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{DispatchDevice, Flex};
use burn::tensor::{DType, TensorData};
use burn_cubecl::CubeDevice;
use burn_cubecl::cubecl::future::block_on;
use burn_wgpu::{CubeBackend, CubeTensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::launch::takes;
use crate::device::ComputeDevice;

/// The variable of the environment that names the device that tests run on.
const VARIABLE: &str = "ATROUS_TEST_DEVICE";

/// Runs `test` on the device that [`VARIABLE`] names, else on a software adapter; says so where
/// there is none.
pub fn on_a_device(test: impl FnOnce(&CubeDevice)) {
    let named = std::env::var(VARIABLE).ok();
    match ComputeDevice::select(named.as_deref().unwrap_or("vulkan:cpu")) {
        Ok(found) => match found.device.as_dispatch() {
            DispatchDevice::Cube(device) => test(device),
            other => panic!("{VARIABLE}: {other:?} has no kernels of the GPU backend"),
        },
        Err(error) if named.is_some() => panic!("{VARIABLE}: {error}"),
        Err(error) => println!("skipped: {error} (Debian's mesa-vulkan-drivers has a software adapter)"),
    }
}

/// Returns values between -0.5 and 0.5 that depend on `seed`.
pub fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random::<f32>() - 0.5).collect()
}

/// Returns the values of a tensor, row by row.
pub fn values_of(tensor: CubeTensor) -> Vec<f32> {
    block_on(CubeBackend::float_into_data(tensor)).unwrap().try_to_vec::<f32>().unwrap()
}

/// Returns the one value of a tensor.
pub fn value_of(tensor: CubeTensor) -> f32 {
    let values = values_of(tensor);
    assert_eq!(values.len(), 1);
    values[0]
}

/// Returns zeros on a device.
pub fn of_shape(shape: [usize; 4], device: &CubeDevice) -> CubeTensor {
    CubeBackend::float_zeros(shape.into(), device, DType::F32.into())
}

/// Returns a tensor in 64 bits, which no kernel takes.
pub fn to_double(tensor: CubeTensor) -> CubeTensor {
    CubeBackend::float_cast(tensor, DType::F64.into())
}

/// Returns the largest distance of two values; NaN where one is.
pub fn largest_gap(ours: &[f32], wanted: &[f32]) -> f32 {
    ours.iter().zip(wanted).map(|(a, b)| (a - b).abs()).max_by(f32::total_cmp).unwrap_or(0.0)
}

/// A tensor on the GPU and its counterpart on the CPU.
pub struct Both {
    pub gpu: CubeTensor,
    pub cpu: FloatTensor<Flex>,
}

impl Both {
    pub fn noise<const D: usize>(shape: [usize; D], seed: u64, device: &CubeDevice) -> Self {
        let data = TensorData::new(noise(shape.iter().product(), seed), shape);
        let cpu = Flex::float_from_data(data.clone(), &Default::default());
        Self { gpu: CubeBackend::float_from_data(data, device), cpu }
    }

    /// Checks that two results are the same but for rounding.
    pub fn check(self, what: &str) {
        let ours = block_on(CubeBackend::float_into_data(self.gpu)).unwrap();
        let wanted = block_on(Flex::float_into_data(self.cpu)).unwrap();
        assert_eq!(ours.shape(), wanted.shape(), "{what}");
        let values = |data: TensorData| data.try_to_vec::<f32>().unwrap();
        let (ours, wanted) = (values(ours), values(wanted));
        let peak = wanted.iter().fold(1e-3f32, |peak, value| peak.max(value.abs()));
        let worst = largest_gap(&ours, &wanted);
        assert!(worst <= 2e-5 * peak, "{what}: off by {worst:e} of {peak}");
    }
}

#[test]
fn a_nan_is_a_gap() {
    assert_eq!(largest_gap(&[1.0, 2.0], &[1.5, 2.25]), 0.5);
    assert!(largest_gap(&[1.0, f32::NAN], &[1.5, 2.0]).is_nan());
}

#[test]
fn kernels_are_not_for_devices_that_have_too_little() {
    on_a_device(|device| {
        let like = CubeBackend::float_from_data(TensorData::new(vec![0f32], [1]), device);
        assert!(takes(&like, 256, 10, 16_896));
        assert!(!takes(&like, 1 << 20, 10, 0), "units");
        assert!(!takes(&like, 256, 1 << 30, 0), "tensors");
        assert!(!takes(&like, 256, 10, 1 << 30), "shared memory");
    });
}
