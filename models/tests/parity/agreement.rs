//! Ten training steps of both networks on a Vulkan device against the CPU backend.

use atrous_models::burn::tensor::{Device, Int, Tensor, TensorData};
use atrous_models::{Depth, DropoutNoise, LossConfig, Precision, ResnetConfig, SegmentorConfig, SgdConfig, Stem};

use crate::devices::on_vulkan;
use crate::recording::flat;

const SIDE: usize = 32;

/// Losses of ten steps on fixed data.
fn losses(config: &SegmentorConfig, dice_weight: f64, precision: Precision, device: &Device) -> Vec<f32> {
    let weights = LossConfig { auxiliary_weight: 0.4, dice_weight };
    let device = device.clone().autodiff();
    let mut network = config.init(3, &device).with_precision(precision);
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
            let loss = network.losses(images.clone(), labels.clone(), weights, &mut noise).total();
            let value = flat(loss.clone())[0];
            let gradients = loss.backward();
            sgd.step(&mut network, &gradients, 0.01);
            value
        })
        .collect()
}

/// Largest relative difference.
fn gap(ours: &[f32], wanted: &[f32]) -> f32 {
    ours.iter().zip(wanted).map(|(a, b)| ((a - b) / b).abs()).max_by(f32::total_cmp).unwrap_or(f32::NAN)
}

fn compare(config: &SegmentorConfig, dice_weight: f64, precision: Precision, device: &Device, allowed: f32) {
    let cpu = losses(config, dice_weight, precision, &Device::flex());
    assert!(cpu[9] < cpu[0], "the network learns: {cpu:?}");
    let gpu = losses(config, dice_weight, precision, device);
    let gap = gap(&gpu, &cpu);
    println!("{:?}, {precision}: largest relative difference of ten losses: {gap:.1e}", config.backbone);
    assert!(gap <= allowed, "{gap}: {cpu:?} on the CPU, {gpu:?} on the GPU");
}

#[test]
fn ten_steps_of_the_unet_on_vulkan() {
    let config = SegmentorConfig::unet_s5_d16(4, 4, vec![1, 6, 40], 2);
    on_vulkan(|device| compare(&config, 0.0, Precision::Single, &device.device, 1e-3));
}

/// Where a value lies between two of half precision, rounding errors of 32 bits decide which of them it becomes.
#[test]
fn ten_steps_in_mixed_precision_on_vulkan() {
    let config = SegmentorConfig::unet_s5_d16(4, 4, vec![1, 6, 40], 2);
    on_vulkan(|device| match device.takes(Precision::Mixed) {
        Ok(()) => compare(&config, 0.0, Precision::Mixed, &device.device, 1e-2),
        Err(error) => println!("not run: {error}"),
    });
}

#[test]
fn ten_steps_in_mixed_precision_are_near_those_in_single() {
    let config = SegmentorConfig::unet_s5_d16(4, 4, vec![1, 6, 40], 2);
    let [single, mixed] =
        [Precision::Single, Precision::Mixed].map(|precision| losses(&config, 3.0, precision, &Device::flex()));
    let gap = gap(&mixed, &single);
    println!("largest relative difference of ten losses: {gap:.1e}");
    assert!(gap > 0.0 && gap < 1e-2, "{gap}: {single:?} in single precision, {mixed:?} in mixed");
}

/// Fifty layers of batch norm over few values multiply rounding errors.
#[test]
fn ten_steps_of_deeplabv3_on_vulkan() {
    let resnet = ResnetConfig { depth: Depth::R50, stem: Stem::Deep, base_channels: 4, output_stride: 8 };
    let config = SegmentorConfig::deeplabv3(resnet, 8, vec![1, 2, 6], 2);
    on_vulkan(|device| compare(&config, 3.0, Precision::Single, &device.device, 1e-2));
}
