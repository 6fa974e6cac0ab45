//! Maps of the reference implementation (`erf.*`), on the CPU and on a Vulkan device.

use super::*;
use crate::golden::{Recordings, recordings, values, vulkan};
use atrous_models::{ComputeDevice, Depth, ResnetConfig, SegmentorConfig, State, Stem};

/// A recorded network: its keys' prefix, its weights, its configuration.
fn cases() -> [(&'static str, &'static str, SegmentorConfig); 2] {
    let resnet = ResnetConfig { depth: Depth::R50, stem: Stem::Deep, base_channels: 8, output_stride: 8 };
    let r50 = SegmentorConfig::deeplabv3(resnet, 32, vec![1, 6, 12, 18], 19);
    [
        ("unet", "unet_aspp.pth", SegmentorConfig::unet_s5_d16(8, 16, vec![1, 12, 24, 36], 2)),
        ("r50", "deeplabv3_r50.pth", SegmentorConfig { auxiliary_channels: 16, ..r50 }),
    ]
}

/// The recorded images: q becomes (q - 128) / 64.
fn images(bytes: &[u8], name: &str) -> Vec<Image> {
    let (shape, values) = values(bytes, &format!("{name}.input"));
    let values: Vec<f32> = values.into_iter().map(|q| (q - 128.0) / 64.0).collect();
    let size = [shape[2], shape[3]];
    values.chunks_exact(3 * size[0] * size[1]).map(|image| Image::new(size, image.to_vec())).collect()
}

/// Relative L2 distance.
fn distance(ours: &[f64], wanted: &[f32]) -> f64 {
    assert_eq!(ours.len(), wanted.len());
    let gap: f64 = ours.iter().zip(wanted).map(|(a, b)| (a - f64::from(*b)).powi(2)).sum();
    (gap / wanted.iter().map(|b| f64::from(*b).powi(2)).sum::<f64>()).sqrt()
}

/// Every network whose images, map and weights a set of recordings has.
fn compare(device: &ComputeDevice) {
    let mut seen = 0;
    for recordings in recordings() {
        let Some(bytes) = recordings.bytes("erf.safetensors") else { continue };
        for (name, weights, config) in cases() {
            let Some(weights) = recordings.bytes(weights) else { continue };
            check(&recordings, &bytes, name, &weights, &config, device);
            seen += 1;
        }
    }
    assert!(seen >= 1, "nothing was compared");
}

/// Maps of inputs that differ by less than rounding does.
const NUDGES: u64 = 12;

/// Gradients jump where a ReLU sits at its edge, and in 32 bits rounding decides on which side it falls: two runs of PyTorch in
/// 32 bits differ from the recorded map, which is computed in 64, by 2 % of its peak. One such ReLU in four images moves the
/// whole map by more than 1e-3. So where the map is farther away, the recorded one must be that of the same images moved
/// by about 1e-7.
fn check(
    recordings: &Recordings,
    bytes: &[u8],
    name: &str,
    weights: &[u8],
    config: &SegmentorConfig,
    device: &ComputeDevice,
) {
    let mut network = config.init(0, &device.device);
    State::from_bytes(weights).unwrap().load_into(&mut network).unwrap();
    let info = &recordings.json("erf.json").unwrap()[name];
    let (_, wanted) = values(bytes, &format!("{name}.erf"));
    let sum = info["sum_before_normalising"].as_f64().unwrap();
    let gaps = |nudge: u64| {
        let images = images(bytes, name).into_iter().enumerate();
        let images = images.map(|(number, image)| Ok(nudged(image, nudge * (number as u64 + 1))));
        let map = map(&network, &device.device, images, &Options::default()).unwrap();
        assert_eq!((serde_json::json!(map.size), map.images), (info["size"].clone(), 4), "{name}");
        [distance(&map.values, &wanted), (map.sum - sum).abs() / sum]
    };
    let close = |gaps: &[f64; 2]| gaps.iter().all(|gap| *gap <= 1e-3);
    let plain = gaps(0);
    println!("{name} on {}: relative L2 distance {:.1e}", device.name(), plain[0]);
    if close(&plain) {
        return;
    }
    assert!(plain[0] <= 1e-2, "{name} on {}: {plain:?}", device.name());
    let others: Vec<[f64; 2]> = (1..=NUDGES).map(gaps).collect();
    println!("{name} on {}, images moved by rounding: {others:.1e?}", device.name());
    assert!(others.iter().any(close), "{name} on {}: {plain:?}, nudged {others:?}", device.name());
}

/// The image moved by less than its values' rounding; as it is for 0.
fn nudged(image: Image, seed: u64) -> Image {
    let size = image.size();
    if seed == 0 {
        return image;
    }
    let noise = Image::noise(size, seed).into_values();
    let values = image.into_values().into_iter().zip(noise);
    Image::new(size, values.map(|(value, noise)| value + noise * 2f32.powi(-23)).collect())
}

#[test]
fn golden_maps_on_the_cpu() {
    compare(&ComputeDevice::flex());
}

#[test]
fn golden_maps_on_vulkan() {
    match vulkan() {
        Ok(device) => compare(&device),
        Err(error) => println!("skipped: {error} (Debian's mesa-vulkan-drivers has a software adapter)"),
    }
}
