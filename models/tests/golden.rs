//! The U-Net against values recorded from mmsegmentation 1.2.2, in `tests/golden` or the folder `ATROUS_GOLDEN`.

use std::path::PathBuf;

use atrous_models::burn::tensor::{Device, Int, Tensor, TensorData};
use atrous_models::sgd::{poly_lr, update};
use atrous_models::state::Values;
use atrous_models::{DropoutNoise, Segmentor, SegmentorConfig, Sgd, SgdConfig, State};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

fn golden(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("ATROUS_GOLDEN").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from("tests/golden"));
    let path = folder.join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A recorded file, its tensors as f32 (8-bit ones too).
struct Recording(Vec<u8>);

impl Recording {
    fn values(&self, key: &str) -> Values {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(key).unwrap_or_else(|error| panic!("{key}: {error}"));
        let data = match view.dtype() {
            Dtype::U8 => view.data().iter().map(|v| *v as f32).collect(),
            Dtype::F32 => view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect(),
            other => panic!("{key} is {other:?}"),
        };
        Values { shape: view.shape().to_vec(), data }
    }

    fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> =
            SafeTensors::deserialize(&self.0).unwrap().names().into_iter().map(String::from).collect();
        keys.sort();
        keys
    }
}

fn network(rates: &str, device: &Device) -> Segmentor {
    let rates = rates.split('-').map(|r| r.parse().unwrap()).collect();
    let config = SegmentorConfig { base_channels: 8, aspp_channels: 16, rates, classes: 2 };
    let mut network = config.init(0, device);
    let weights = Recording(golden("unet_aspp.safetensors"));
    let mut state = State::default();
    for key in weights.keys().into_iter().filter(|key| !key.ends_with("num_batches_tracked")) {
        let values = weights.values(&key);
        state.tensors.insert(key, values);
    }
    state.load_into(&mut network).unwrap();
    network
}

fn images(key: &str, device: &Device) -> Tensor<4> {
    let values = Recording(golden("unet_aspp_inputs.safetensors")).values(key);
    let data: Vec<f32> = values.data.iter().map(|q| (q - 128.0) / 64.0).collect();
    Tensor::from_data(TensorData::new(data, values.shape), device)
}

fn labels(device: &Device) -> Tensor<3, Int> {
    let values = Recording(golden("unet_aspp_inputs.safetensors")).values("label_64x64");
    let data: Vec<i32> = values.data.iter().map(|v| *v as i32).collect();
    Tensor::from_data(TensorData::new(data, values.shape), device)
}

/// Compares with a recorded tensor: ten times the distance of two f32 runs of the reference, plus 1e-6 of the peak.
fn compare(rates: &str, key: &str, ours: &[f32], recording: &Recording, info: &Value, failures: &mut Vec<String>) {
    let wanted = recording.values(key);
    let step = info["sampled"][key]["stride"].as_u64().unwrap_or(1) as usize;
    let ours: Vec<f32> = ours.iter().step_by(step).copied().collect();
    assert_eq!(ours.len(), wanted.data.len(), "{rates} {key}");
    let peak = wanted.data.iter().fold(0f32, |m, v| m.max(v.abs())) as f64;
    let noise = info["f32_error"][key][0].as_f64().unwrap_or_else(|| panic!("{key} has no recorded error"));
    let tolerance = 10.0 * noise + 1e-6 * peak;
    let gaps = ours.iter().zip(&wanted.data).map(|(a, b)| (a - b).abs() as f64);
    let (worst, gap) = gaps.enumerate().fold((0, 0.0), worse);
    if gap.is_nan() || gap > tolerance {
        let (a, b) = (ours[worst], wanted.data[worst]);
        failures.push(format!("{rates} {key}[{worst}]: {a} is not {b}; off by {gap:.1e}, {tolerance:.1e} allowed"));
    }
}

/// The larger gap; a NaN is larger than any.
fn worse(best: (usize, f64), next: (usize, f64)) -> (usize, f64) {
    if best.1.is_nan() || next.1 <= best.1 { best } else { next }
}

fn norm(values: impl Iterator<Item = f32>) -> f64 {
    values.map(|v| (v as f64).powi(2)).sum::<f64>().sqrt()
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

const RATES: [&str; 3] = ["1-12-24-36", "1-2-4-8", "1-48-96-130"];

fn recording(rates: &str) -> (Recording, Value) {
    let info: Value = serde_json::from_slice(&golden("unet_aspp.json")).unwrap();
    (Recording(golden(&format!("unet_aspp_{rates}.safetensors"))), info[rates].clone())
}

#[test]
fn golden_evaluation_logits() {
    let device = Device::flex();
    let mut failures = Vec::new();
    for rates in RATES {
        let (recorded, info) = recording(rates);
        for size in ["64x64", "96x80"] {
            let logits = network(rates, &device).forward(images(&format!("input_{size}"), &device));
            compare(rates, &format!("eval.{size}.logits"), &flat(logits), &recorded, &info, &mut failures);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Six steps of torch's SGD with momentum 0.9, weight decay 5e-4 and the poly schedule.
#[test]
fn golden_sgd() {
    let device = Device::flex().autodiff();
    let recorded = Recording(golden("sgd.safetensors"));
    let tensor = |key: &str| {
        let Values { shape, data } = recorded.values(key);
        Tensor::<2>::from_data(TensorData::new(data, shape), &device)
    };
    let config = SgdConfig { momentum: 0.9, weight_decay: 5e-4 };
    let (mut parameter, mut velocity) = (tensor("param.0").require_grad(), None);
    for t in 1..=6 {
        // The gradient of this is the recorded one.
        let gradients = (parameter.clone() * tensor(&format!("grad.{t}"))).sum().backward();
        let lr = poly_lr(t - 1, 6, 0.01, 1e-4, 0.9);
        let (moved, pushed) = update(&parameter, velocity, &gradients, config, lr).unwrap();
        (parameter, velocity) = (moved, Some(pushed));
        for (ours, wanted) in flat(parameter.clone()).iter().zip(&recorded.values(&format!("param.{t}")).data) {
            assert!((ours - wanted).abs() <= 1e-6, "step {t}: {ours} is not {wanted}");
        }
    }
}

/// Losses, training logits, running statistics and the first update to the f32 noise of the reference. Gradients as
/// vectors, to 5e-3: one ReLU that sits at its edge and falls to the other side moves a few of their values by more
/// than that noise.
#[test]
fn golden_training_step() {
    let device = Device::flex().autodiff();
    let mut failures = Vec::new();
    for rates in RATES {
        let (recorded, info) = recording(rates);
        let mut network = network(rates, &device);
        let mut sgd: Sgd = SgdConfig { momentum: 0.9, weight_decay: 5e-4 }.init();
        let (images, labels) = (images("input_64x64", &device), labels(&device));
        let mut quiet = DropoutNoise::new(0, 0, 0.0);

        let logits = network.clone().forward_training(images.clone(), &mut quiet);
        compare(rates, "train.decode_logits", &flat(logits.decode), &recorded, &info, &mut failures);
        compare(rates, "train.aux_logits", &flat(logits.auxiliary), &recorded, &info, &mut failures);

        let losses = network.losses(images, labels, 0.4, &mut quiet);
        for (name, ours) in [("decode", &losses.decode), ("aux", &losses.auxiliary), ("total", &losses.total())] {
            let (ours, wanted) = (flat(ours.clone())[0] as f64, info["loss"][0][name].as_f64().unwrap());
            assert!((ours - wanted).abs() < 1e-5 * wanted, "{rates} {name}: {ours} is not {wanted}");
        }
        let gradients = losses.total().backward();
        let mut compared = 0;
        network.each_gradient(&gradients, |key, values| {
            let name = format!("grad.{key}");
            let wanted = recorded.values(&name).data;
            let step = info["sampled"][&name]["stride"].as_u64().unwrap_or(1) as usize;
            let ours: Vec<f32> = values.iter().step_by(step).copied().collect();
            let gap = norm(ours.iter().zip(&wanted).map(|(a, b)| a - b));
            let length = norm(wanted.iter().copied());
            if ours.len() != wanted.len() || gap.is_nan() || gap > 5e-3 * length {
                failures.push(format!("{rates} {name}: distance {gap:.1e} of a gradient of length {length:.1e}"));
            }
            compared += 1;
        });
        let recorded_gradients = recorded.keys().iter().filter(|key| key.starts_with("grad.")).count();
        assert_eq!(compared, recorded_gradients, "{rates}: gradients compared");

        sgd.step(&mut network, &gradients, 0.01);
        let state = State::of(&mut network);
        let mut compared = 0;
        for key in recorded.keys() {
            if let Some(name) = key.strip_prefix("bn_after_1.").or(key.strip_prefix("param_after_1.")) {
                compare(rates, &key, &state.tensors[name].data, &recorded, &info, &mut failures);
                compared += 1;
            }
        }
        assert!(compared > 60, "{rates}: {compared} statistics and parameters compared");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
