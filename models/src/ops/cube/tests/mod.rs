//! Kernels against the definition: convolutions by the CPU's own kernels, the rest composed of burn's operations on the CPU.

mod maps;
mod products;
mod training;

use burn::backend::Flex;
use burn::backend::ops::{FloatTensorOps, IntTensorOps};
use burn::backend::tensor::FloatTensor;
use burn::tensor::TensorData;
use burn_cubecl::CubeDevice;
use burn_cubecl::cubecl::future::block_on;
use burn_cubecl::cubecl::wgpu::WgpuDeviceKind;
use burn_wgpu::{CubeBackend, CubeTensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::launch::takes;
use super::{convolution, loss, momentum, norm, residual, resize};
use crate::ComputeDevice;

/// Runs `test` on a software adapter; says so where there is none.
pub(super) fn on_a_device(test: impl FnOnce(&CubeDevice)) {
    match ComputeDevice::select("vulkan:cpu") {
        Ok(_) => test(&CubeDevice::vulkan(WgpuDeviceKind::Cpu).unwrap()),
        Err(error) => println!("skipped: {error} (Debian's mesa-vulkan-drivers has a software adapter)"),
    }
}

fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random::<f32>() - 0.5).collect()
}

/// The values of a tensor, row by row.
fn values_of(tensor: CubeTensor) -> Vec<f32> {
    block_on(CubeBackend::float_into_data(tensor)).unwrap().try_to_vec::<f32>().unwrap()
}

/// The one value of a tensor.
fn value_of(tensor: CubeTensor) -> f32 {
    let values = values_of(tensor);
    assert_eq!(values.len(), 1);
    values[0]
}

/// The largest distance of two values; NaN where one is.
fn largest_gap(ours: &[f32], wanted: &[f32]) -> f32 {
    ours.iter().zip(wanted).map(|(a, b)| (a - b).abs()).max_by(f32::total_cmp).unwrap_or(0.0)
}

/// The same values on the GPU and on the CPU.
struct Both {
    gpu: CubeTensor,
    cpu: FloatTensor<Flex>,
}

impl Both {
    fn noise<const D: usize>(shape: [usize; D], seed: u64, device: &CubeDevice) -> Self {
        let data = TensorData::new(noise(shape.iter().product(), seed), shape);
        let cpu = Flex::float_from_data(data.clone(), &Default::default());
        Self { gpu: CubeBackend::float_from_data(data, device), cpu }
    }

    /// Whether two results are the same but for rounding.
    fn check(self, what: &str) {
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
        assert!(convolution::is_for(&like) && takes(&like, 256, 10, 16_896));
        assert!(!takes(&like, 1 << 20, 10, 0), "units");
        assert!(!takes(&like, 256, 1 << 30, 0), "tensors");
        assert!(!takes(&like, 256, 10, 1 << 30), "shared memory");
    });
}

#[test]
fn maps_that_the_kernels_cannot_count_are_left_to_burn() {
    on_a_device(|device| {
        let of = |shape: [usize; 4]| CubeBackend::float_zeros(shape.into(), device, burn::tensor::DType::F32.into());
        assert!(norm::fits(&of([2, 3, 4, 5])));
        assert!(!norm::fits(&of([2, 40_000, 1, 1])), "channels of all images");
        let double = CubeBackend::float_cast(of([2, 3, 4, 5]), burn::tensor::DType::F64.into());
        assert!(!norm::fits(&double) && !momentum::fits(&double));
        assert!(momentum::fits(&of([2, 3, 4, 5])));
        assert!(residual::fits(&of([2, 3, 4, 5])) && !residual::fits(&double));
        assert!(resize::fits(&of([2, 3, 4, 5]), [8, 10]) && !resize::fits(&double, [8, 10]));
        assert!(!resize::fits(&of([2, 40_000, 1, 1]), [2, 2]), "maps of all images");
        assert!(!resize::fits(&of([1, 1, 40_000, 1]), [40_000, 2]), "positions along an axis");
        assert!(!resize::fits(&of([1, 1, 1, 1]), [8192, 8192]), "workgroups along an axis");
        let labels = |double: bool| {
            let labels = TensorData::new(vec![0i32; 40], [2, 4, 5]);
            let labels = CubeBackend::int_from_data(labels, device);
            if double { CubeBackend::int_cast(labels, burn::tensor::IntDType::I64) } else { labels }
        };
        let logits = of([2, 3, 4, 5]);
        assert!(loss::fits(&logits, &labels(false)));
        assert!(!loss::fits(&logits, &labels(true)) && !loss::fits(&double, &labels(false)));
    });
}
