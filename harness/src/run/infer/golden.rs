//! Sliding windows and resized logits as the reference implementation has them (`slide.*`).

use super::*;
use crate::support::golden::{recordings, tensor};
use atrous_models::{SegmentorConfig, State};
use atrous_recordings::{Recordings, Tensors, sampled};
use serde_json::Value;

/// The U-Net that windows were recorded with.
fn network(recordings: &Recordings) -> Segmentor {
    let mut network = SegmentorConfig::unet_s5_d16(8, 16, vec![1, 12, 24, 36], 2).init(0, &Device::flex());
    let weights = recordings.bytes("unet_aspp.pth").expect("weights stand beside the results");
    State::from_bytes(&weights).unwrap().load_into(&mut network).unwrap();
    network
}

/// The larger one; a NaN is larger than any.
fn largest(a: f32, b: f32) -> f32 {
    if a.is_nan() || b.is_nan() { f32::NAN } else { a.max(b) }
}

/// Largest distance from the recorded values, over their peak.
fn distance(ours: &[f32], recorded: &Tensors, info: &Value, key: &str) -> f32 {
    let (_, wanted) = recorded.values(key);
    let ours: Vec<f32> = sampled(ours, info, key).copied().collect();
    assert_eq!(ours.len(), wanted.len(), "{key}");
    let peak = wanted.iter().fold(0f32, |m, v| m.max(v.abs()));
    ours.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, largest) / peak
}

#[test]
fn golden_sliding_logits() {
    for recordings in recordings() {
        // The repository has the list of windows alone: `tta` holds logits of windows there.
        let Some(recorded) = recordings.tensors("slide.safetensors") else { continue };
        let info = recordings.json("slide.json").unwrap();
        let mut seen = 0;
        let mut network = network(&recordings);
        for (name, case) in info.as_object().unwrap() {
            let Some((height, width)) = name.split_once('x') else { continue };
            let size = [height, width].map(|side| side.parse::<usize>().unwrap());
            let number = |key: &str| case[key].as_u64().unwrap() as usize;
            let (window, stride) = ([number("crop"); 2], [number("stride"); 2]);
            let input = (tensor::<4>(&recorded, &format!("{name}.input")) - 128.0) / 64.0;
            let pixels = NormalisedImage { size, data: input.into_data().iter::<f32>().collect() };
            let inference =
                Inference { resize: size, infer: InferSpec::slide(window, stride), divisor: 16, classes: 2 };
            let windows = windows(size, window, stride);
            let logits = inference.average(&mut network, &Device::flex(), &pixels, &windows, &|_| true).unwrap();
            let gap = distance(&logits, &recorded, &info, &format!("{name}.logits"));
            assert!(gap <= 1e-4, "{name} logits: {gap}");

            let original: [usize; 2] = serde_json::from_value(case["original_size"].clone()).unwrap();
            let shape = ResizeShape { input: size, output: original, align_corners: false };
            let resized = resize::forward(&logits, &shape);
            let gap = distance(&resized, &recorded, &info, &format!("{name}.resized"));
            assert!(gap <= 1e-4, "{name} resized: {gap}");

            let labels = argmax(&resized, original[0] * original[1]);
            let (_, wanted) = recorded.values(&format!("{name}.argmax"));
            let other = labels.iter().zip(&wanted).filter(|(a, b)| f32::from(**a) != **b).count();
            assert!(other * 2000 <= wanted.len(), "{name}: {other} of {} labels differ", wanted.len());
            seen += 1;
        }
        assert!(seen >= 2, "{seen} cases");
    }
}

/// Recorded by `scripts/parity/tta.py` with the repository's recording of the U-Net.
struct Augmented {
    recorded: Tensors,
    info: Value,
    network: Segmentor,
}

impl Augmented {
    fn read() -> Self {
        let recordings = recordings().remove(0);
        let (recorded, info) = (recordings.tensors("tta.safetensors").unwrap(), recordings.json("tta.json").unwrap());
        Self { recorded, info, network: network(&recordings) }
    }

    fn image(&self, case: &str) -> RgbImage8 {
        let (shape, data) = self.recorded.values(&format!("{case}.image"));
        RgbImage8 { height: shape[0], width: shape[1], data: data.into_iter().map(|v| v as u8).collect() }
    }

    fn infer(&self, case: &str) -> InferSpec {
        let case = &self.info[case];
        let infer = match case["mode"].as_str().unwrap() {
            "slide" => {
                let side = |key: &str| [case[key].as_u64().unwrap() as usize; 2];
                InferSpec::slide(side("window"), side("stride"))
            }
            _ => InferSpec::whole(),
        };
        let ratios =
            case["ratios"].as_array().map_or_else(|| vec![1.0], |all| all.iter().flat_map(Value::as_f64).collect());
        InferSpec { ratios, flip: case["flip"] == true, ..infer }
    }

    /// Ten times the distance of f32 runs of the reference, plus 1e-6 of the peak; as many other
    /// labels as they have, and one in two thousand.
    fn compare(&self, case: &str, what: &str, ours: &[f32], area: usize) {
        let (_, wanted) = self.recorded.values(&format!("{case}.{what}"));
        assert_eq!(ours.len(), wanted.len(), "{case}");
        let peak = wanted.iter().fold(0f32, |m, v| m.max(v.abs()));
        let gap = ours.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, largest);
        let tolerance = 10.0 * self.info[case]["f32_error"][0].as_f64().unwrap() as f32 + 1e-6 * peak;
        assert!(gap <= tolerance, "{case} {what}: off by {gap:.1e}, {tolerance:.1e} allowed");
        let (_, labels) = self.recorded.values(&format!("{case}.argmax"));
        let other = argmax(ours, area).iter().zip(&labels).filter(|(a, b)| f32::from(**a) != **b).count();
        let allowed = labels.len() / 2000 + self.info[case]["argmax_f32_differs"].as_u64().unwrap() as usize;
        assert!(other <= allowed, "{case}: {other} labels differ");
    }
}

#[test]
fn golden_sizes_and_mirror_images_averaged() {
    let mut recorded = Augmented::read();
    for case in ["slide", "whole", "whole_all"] {
        let image = recorded.image(case);
        let infer = recorded.infer(case);
        let inference = Inference { resize: image.size(), infer, divisor: 16, classes: 2 };
        let views: Vec<(usize, usize, bool)> =
            inference.views(image.size()).iter().map(|view| (view.size[0], view.size[1], view.flip)).collect();
        let wanted: Vec<(usize, usize, bool)> = serde_json::from_value(recorded.info[case]["views"].clone()).unwrap();
        assert_eq!(views, wanted, "{case}");
        let mean = inference.scores(&mut recorded.network, &Device::flex(), &image, &|_, _| true).unwrap();
        recorded.compare(case, "probabilities", &mean, image.height * image.width);
    }
}

#[test]
fn golden_logits_resized_corner_to_corner() {
    let mut recorded = Augmented::read();
    recorded.network.align_corners = true;
    let image = recorded.image("corners");
    let size = image.size();
    let inference = Inference { resize: size, infer: recorded.infer("corners"), divisor: 16, classes: 2 };
    let view = inference.views(size).remove(0);
    let (device, pixels) = (Device::flex(), view.pixels(&image));
    let logits = inference.average(&mut recorded.network, &device, &pixels, &view.windows, &|_| true).unwrap();
    let output: [usize; 2] = serde_json::from_value(recorded.info["corners"]["original_size"].clone()).unwrap();
    let resized = resize::forward(&logits, &ResizeShape { input: size, output, align_corners: true });
    recorded.compare("corners", "logits", &resized, output[0] * output[1]);
}
