//! Maps of the reference implementation (`erf.*`), on the CPU and on a Vulkan device.

use super::*;
use crate::support::golden::{recordings, vulkan};
use atrous_models::{ComputeDevice, Depth, ResnetConfig, SegmentorConfig, State, Stem};
use atrous_recordings::Tensors;

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
fn images(recorded: &Tensors, name: &str) -> Vec<Image> {
    let (shape, values) = recorded.values(&format!("{name}.input"));
    let values: Vec<f32> = values.into_iter().map(|q| (q - 128.0) / 64.0).collect();
    let size = [shape[2], shape[3]];
    values.chunks_exact(3 * size[0] * size[1]).map(|image| Image::new(size, image.to_vec())).collect()
}

/// Relative L2 distance.
fn distance(ours: &[f64], wanted: &[f64]) -> f64 {
    assert_eq!(ours.len(), wanted.len());
    let gap: f64 = ours.iter().zip(wanted).map(|(a, b)| (a - b).powi(2)).sum();
    (gap / wanted.iter().map(|b| b.powi(2)).sum::<f64>()).sqrt()
}

/// Shows every network whose images, map and weights a set of recordings has, on the device and on
/// the CPU: once, where the repository's are some of a whole set.
fn compare(device: &ComputeDevice, check: impl Fn(&Case, &Case)) {
    let mut seen = Vec::new();
    for recordings in recordings().into_iter().rev() {
        let Some(recorded) = recordings.tensors("erf.safetensors") else { continue };
        for (name, weights, config) in cases() {
            let Some(weights) = recordings.bytes(weights) else { continue };
            let values = ["input", "erf"].map(|what| recorded.values(&format!("{name}.{what}")));
            if seen.contains(&values) {
                continue;
            }
            let state = State::from_bytes(&weights).unwrap();
            let info = recordings.json("erf.json").unwrap()[name].clone();
            let cpu = ComputeDevice::flex();
            let on = [device, &cpu].map(|device| {
                let mut network = config.init(0, &device.device);
                state.load_into(&mut network).unwrap();
                Case { name, recorded: &recorded, info: info.clone(), network, device }
            });
            check(&on[0], &on[1]);
            seen.push(values);
        }
    }
    assert!(!seen.is_empty(), "nothing was compared");
}

/// A recorded network on a device.
struct Case<'a> {
    name: &'static str,
    recorded: &'a Tensors,
    info: serde_json::Value,
    network: Segmentor,
    device: &'a ComputeDevice,
}

impl Case<'_> {
    fn map(&self, images: Vec<Image>, precision: ErfPrecision) -> ReceptiveField {
        let options = Options { precision, ..Options::default() };
        map(&self.network, &self.device.device, images.into_iter().map(Ok), &options).unwrap()
    }
}

/// The recorded maps are computed in 64 bits.
fn check_double(case: &Case) {
    let map = case.map(images(case.recorded, case.name), ErfPrecision::Double);
    assert_eq!((serde_json::json!(map.size), map.images), (case.info["size"].clone(), 4), "{}", case.name);
    let (_, wanted) = case.recorded.values(&format!("{}.erf", case.name));
    let wanted: Vec<f64> = wanted.into_iter().map(f64::from).collect();
    let gap = distance(&map.values, &wanted);
    println!("{} on {} in 64 bits: relative L2 distance {gap:.1e}", case.name, case.device.name());
    let sum = case.info["sum_before_normalising"].as_f64().unwrap();
    assert!(gap <= 1e-6 && (map.sum - sum).abs() <= 1e-9 * sum, "{}: {gap}, sum {}, not {sum}", case.name, map.sum);
}

/// Maps of inputs that differ by less than rounding does.
const NUDGES: u64 = 12;

/// PyTorch in 32 bits is 1.1e-2 (U-Net) and 8e-3 away from the recorded maps, because three
/// and four of millions of ReLUs fall on the other side. So the map of each image, or of the same
/// image moved by about 1e-7, has to be that in 64 bits, which [`check_double`] holds against the
/// recorded one.
fn check_single(case: &Case, exact: &Case) {
    for image in images(case.recorded, case.name) {
        let wanted = exact.map(vec![image.clone()], ErfPrecision::Double);
        let away = |nudge: u64| {
            let map = case.map(vec![nudged(&image, nudge)], ErfPrecision::Single);
            distance(&map.values, &wanted.values).max((map.sum / wanted.sum - 1.0).abs())
        };
        let mut distances: Vec<f64> = Vec::new();
        for nudge in 0..=NUDGES {
            distances.push(away(nudge));
            if distances.last().is_some_and(|distance| *distance <= 1e-3) {
                break;
            }
        }
        let text: Vec<String> = distances.iter().map(|distance| format!("{distance:.1e}")).collect();
        println!("{} on {} in 32 bits: relative L2 distance {}", case.name, case.device.name(), text.join(", nudged "));
        assert!(distances.iter().all(|distance| *distance <= 0.05), "{text:?}");
        assert!(distances.iter().any(|distance| *distance <= 1e-3), "{text:?}");
    }
}

/// The image moved by less than its values' rounding; as it is for 0.
fn nudged(image: &Image, seed: u64) -> Image {
    if seed == 0 {
        return image.clone();
    }
    let noise = Image::noise(image.size(), seed).into_values();
    let values = image.clone().into_values().into_iter().zip(noise);
    Image::new(image.size(), values.map(|(value, noise)| value + noise * 2f32.powi(-23)).collect())
}

#[test]
fn golden_maps_on_the_cpu() {
    compare(&ComputeDevice::flex(), |case, _| check_double(case));
}

#[test]
fn golden_maps_on_the_cpu_in_32_bits() {
    compare(&ComputeDevice::flex(), check_single);
}

#[test]
fn golden_maps_on_vulkan() {
    match vulkan() {
        Ok(device) => compare(&device, check_single),
        Err(error) => println!("skipped: {error} (Debian's mesa-vulkan-drivers has a software adapter)"),
    }
}

#[test]
fn golden_maps_on_vulkan_in_64_bits() {
    match vulkan() {
        Ok(device) if ErfPrecision::most(&device.device) == ErfPrecision::Double => {
            compare(&device, |case, _| check_double(case));
        }
        Ok(device) => println!("skipped: {} has 32 bits", device.name()),
        Err(error) => println!("skipped: {error} (Debian's mesa-vulkan-drivers has a software adapter)"),
    }
}
