//! The GPU backend against the CPU backend, on a software Vulkan adapter where one is installed.

#![cfg(feature = "wgpu")]

use atrous_models::burn::tensor::{Device, Int, Tensor, TensorData};
use atrous_models::{ComputeDevice, DeviceError, DropoutNoise, SegmentorConfig, SgdConfig};

const SIDE: usize = 32;

/// Losses of ten steps of a tiny U-Net on fixed data.
fn losses(device: &Device) -> Vec<f32> {
    let device = device.clone().autodiff();
    let config = SegmentorConfig { base_channels: 4, aspp_channels: 4, rates: vec![1, 6, 40], classes: 2 };
    let mut network = config.init(3, &device);
    let mut sgd = SgdConfig { momentum: 0.9, weight_decay: 5e-4 }.init();
    let images: Vec<f32> =
        (0..2 * 3 * SIDE * SIDE).map(|i| (i as f32 * 0.37).sin() + (i as f32 * 0.011).cos()).collect();
    let images = Tensor::<4>::from_data(TensorData::new(images, [2, 3, SIDE, SIDE]), &device);
    let labels: Vec<i32> = (0..2 * SIDE * SIDE)
        .map(|i| if i % 11 == 0 { 255 } else { i32::from((i % SIDE).abs_diff(i / SIDE % SIDE) < 6) })
        .collect();
    let labels = Tensor::<3, Int>::from_data(TensorData::new(labels, [2, SIDE, SIDE]), &device);
    (0..10)
        .map(|iteration| {
            let mut noise = DropoutNoise::new(3, iteration, 0.1);
            let loss = network.losses(images.clone(), labels.clone(), 0.4, &mut noise).total();
            let value = loss.clone().into_data().iter::<f32>().next().unwrap();
            let gradients = loss.backward();
            sgd.step(&mut network, &gradients, 0.01);
            value
        })
        .collect()
}

#[test]
fn ten_steps_on_a_vulkan_device_agree_with_the_cpu() {
    let device = match ComputeDevice::select("vulkan").or_else(|_| ComputeDevice::select("vulkan:cpu")) {
        Ok(device) => device,
        Err(error) => {
            let refused = cfg!(feature = "vulkan") && matches!(error, DeviceError::Broken { .. });
            assert!(refused || matches!(error, DeviceError::Absent { .. }), "{error}");
            println!("skipped: {error} (Debian's mesa-vulkan-drivers has a software adapter)");
            return;
        }
    };
    println!("{:?}", device.info);
    let cpu = losses(&Device::flex());
    assert!(cpu[9] < cpu[0], "the network learns: {cpu:?}");
    let gpu = losses(&device.device);
    let gap = cpu.iter().zip(&gpu).map(|(a, b)| ((a - b) / a).abs()).fold(0.0, f32::max);
    println!("largest relative difference of ten losses: {gap:.1e}");
    for (step, (a, b)) in cpu.iter().zip(&gpu).enumerate() {
        assert!((a - b).abs() <= 1e-3 * a.abs(), "step {step}: {a} on the CPU, {b} on the GPU");
    }
}
