//! Keys, sizes and files of weights.

use std::collections::BTreeMap;

use atrous_models::burn::tensor::Device;
use atrous_models::{Depth, ResnetConfig, SegmentorConfig, State, Stem};
use safetensors::SafeTensors;
use serde_json::Value;

use crate::recording::sets;

/// The published networks, under the names of their recordings.
fn published() -> Vec<(&'static str, SegmentorConfig)> {
    let rates = vec![1, 12, 24, 36];
    let deeplabv3 = |depth: Depth, classes| {
        let resnet = ResnetConfig { depth, stem: Stem::Deep, base_channels: 64, output_stride: 8 };
        SegmentorConfig::deeplabv3(resnet, 128 * depth.expansion(), rates.clone(), classes)
    };
    vec![
        ("unet_s5_d16_deeplabv3_2cls", SegmentorConfig::unet_s5_d16(64, 16, rates.clone(), 2)),
        ("deeplabv3_r18_d8_19cls", deeplabv3(Depth::R18, 19)),
        ("deeplabv3_r50_d8_19cls", deeplabv3(Depth::R50, 19)),
        ("deeplabv3_r101_d8_19cls", deeplabv3(Depth::R101, 19)),
        ("deeplabv3_r50_d8_16cls", deeplabv3(Depth::R50, 16)),
    ]
}

/// Keys and shapes of a file that is written for the reference, and the number of parameters in all and per part.
#[test]
fn golden_keys_and_parameter_counts() {
    let all: Vec<(Value, Value)> =
        sets().iter().filter_map(|f| f.json("keys.json").zip(f.json("param_counts.json"))).collect();
    assert!(!all.is_empty());
    for (name, config) in published() {
        let mut network = config.init(0, &Device::flex());
        let total = network.parameter_count();
        let bytes = State::of(&mut network).to_reference_bytes(0);
        drop(network);
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let shapes: BTreeMap<&str, Vec<usize>> = file.iter().map(|(key, view)| (key, view.shape().to_vec())).collect();
        let shapes = serde_json::to_value(&shapes).unwrap();
        let learned = |key: &str| !key.contains("running_") && !key.ends_with("num_batches_tracked");
        for (keys, counts) in &all {
            assert_eq!(keys[name], shapes, "{name}");
            let counts: BTreeMap<String, usize> = serde_json::from_value(counts[name].clone()).unwrap();
            for (part, wanted) in counts {
                let own = |key: &str| key.starts_with(&format!("{part}.")) && learned(key);
                let count = file.iter().filter(|(key, _)| own(key)).map(|(_, v)| v.shape().iter().product::<usize>());
                let ours = if part == "total" { total } else { count.sum() };
                assert_eq!(ours, wanted, "{name} {part}");
            }
        }
    }
}

/// A `.pth` and a `.safetensors` of the same network hold the same values.
#[test]
fn golden_weights_are_the_same_in_both_formats() {
    for set in sets() {
        let (Some(pth), Some(safetensors)) = (set.bytes("unet_aspp.pth"), set.bytes("unet_aspp.safetensors")) else {
            continue;
        };
        let (pth, safetensors) = (State::from_bytes(&pth).unwrap(), State::from_bytes(&safetensors).unwrap());
        assert_eq!(pth.tensors.len(), 149);
        assert_eq!(pth, safetensors);
    }
}
