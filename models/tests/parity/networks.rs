//! Whole networks: logits, losses, gradients, statistics, steps.

use std::collections::BTreeMap;

use atrous_models::burn::tensor::{Device, Int, Tensor, TensorData};
use atrous_models::{
    ComputeDevice, Depth, DropoutNoise, LossConfig, ResnetConfig, Segmentor, SegmentorConfig, SgdConfig, State, Stem,
    ops,
};
use atrous_recordings::Recordings;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::devices::{on_the_cpu, on_vulkan};
use crate::recording::{Comparison, Recording, flat, sets};

/// A network that was recorded.
struct Case {
    /// Of the inputs and the JSON.
    family: &'static str,
    /// Of the recording, before the rates.
    file: &'static str,
    /// Of the JSON entry, before the rates.
    name: &'static str,
    weights: &'static str,
    rates: &'static str,
    config: SegmentorConfig,
    sizes: [&'static str; 2],
    /// Size of the training batch; `None` where no training was recorded.
    training: Option<&'static str>,
}

fn rates(text: &str) -> Vec<usize> {
    text.split('-').map(|rate| rate.parse().unwrap()).collect()
}

fn cases() -> Vec<Case> {
    let unet = |text| Case {
        family: "unet_aspp",
        file: "unet_aspp_",
        name: "",
        weights: "unet_aspp.pth",
        rates: text,
        config: SegmentorConfig::unet_s5_d16(8, 16, rates(text), 2),
        sizes: ["64x64", "96x80"],
        training: Some("64x64"),
    };
    let resnet = |depth, base_channels| ResnetConfig { depth, stem: Stem::Deep, base_channels, output_stride: 8 };
    let r50 = |text| Case {
        family: "deeplabv3",
        file: "deeplabv3_r50_",
        name: "r50_",
        weights: "deeplabv3_r50.pth",
        rates: text,
        config: SegmentorConfig {
            auxiliary_channels: 16,
            ..SegmentorConfig::deeplabv3(resnet(Depth::R50, 8), 32, rates(text), 19)
        },
        sizes: ["97x129", "64x96"],
        training: Some("64x96"),
    };
    let r101 = Case {
        file: "deeplabv3_r101_",
        name: "r101_",
        weights: "deeplabv3_r101.safetensors",
        config: SegmentorConfig {
            auxiliary_channels: 8,
            ..SegmentorConfig::deeplabv3(resnet(Depth::R101, 4), 16, rates("1-12-24-36"), 19)
        },
        training: None,
        ..r50("1-12-24-36")
    };
    let r18 = Case {
        family: "deeplabv3_r18",
        file: "deeplabv3_r18_",
        name: "r18_",
        weights: "deeplabv3_r18.pth",
        config: SegmentorConfig {
            auxiliary_channels: 16,
            ..SegmentorConfig::deeplabv3(resnet(Depth::R18, 8), 32, rates("1-6-12-18"), 19)
        },
        ..r50("1-6-12-18")
    };
    vec![unet("1-12-24-36"), unet("1-2-4-8"), unet("1-48-96-130"), r18, r50("1-12-24-36"), r50("1-6-12-18"), r101]
}

impl Case {
    /// The recorded results; `None` where the set does not have them.
    fn recording(&self, set: &Recordings) -> Option<(Recording, Value)> {
        let recorded = Recording::read(set, &format!("{}{}.safetensors", self.file, self.rates))?;
        let info = set.json(&format!("{}.json", self.family))?[&format!("{}{}", self.name, self.rates)].clone();
        Some((recorded, info))
    }

    fn network(&self, set: &Recordings, device: &Device) -> Segmentor {
        let mut network = self.config.init(0, device);
        let bytes = set.bytes(self.weights).unwrap_or_else(|| panic!("{} is missing", self.weights));
        let state = State::from_bytes(&bytes).unwrap();
        let known = state.network(rates(self.rates), 8);
        assert_eq!(known, Ok(self.config.clone()));
        state.load_into(&mut network).unwrap();
        network
    }

    fn inputs(&self, set: &Recordings) -> Recording {
        Recording::read(set, &format!("{}_inputs.safetensors", self.family)).expect("inputs stand beside the results")
    }
}

/// Compares every recorded case of every set.
fn each_case(device: &ComputeDevice, what: &str, compare: impl Fn(&Case, &Recordings, &mut Comparison)) {
    let mut cases_seen = 0;
    for set in sets() {
        for case in cases() {
            let Some((recorded, info)) = case.recording(&set) else { continue };
            let name = format!("{set} {what} {}{} on {}", case.name, case.rates, device.name());
            let mut comparison = Comparison::new(name, &recorded, &info);
            compare(&case, &set, &mut comparison);
            cases_seen += usize::from(comparison.compared > 0);
            comparison.finish();
        }
    }
    assert!(cases_seen >= 1, "nothing was compared");
}

fn evaluation(device: &ComputeDevice) {
    each_case(device, "evaluation", |case, set, comparison| {
        let mut network = case.network(set, &device.device);
        for size in case.sizes {
            let images = case.inputs(set).images(&format!("input_{size}"), &device.device);
            let [_, _, height, width] = images.dims();
            let logits = network.forward(images);
            comparison.values(&format!("eval.{size}.logits"), &flat(logits.clone()));
            let resized = ops::resize_bilinear(logits.clone(), [height, width], false);
            if resized.dims() != logits.dims() {
                comparison.values(&format!("eval.{size}.resized"), &flat(resized.clone()));
            }
            let labels: Vec<i64> = resized.argmax(1).into_data().iter::<i64>().collect();
            let wanted = comparison.recorded.values(&format!("eval.{size}.argmax")).data;
            let other = labels.iter().zip(&wanted).filter(|(a, b)| **a as f32 != **b).count();
            if other * 2000 > labels.len() {
                comparison.fail(format!("eval.{size}.argmax: {other} of {} labels differ", labels.len()));
            }
        }
    });
}

/// The protocol's constants, with the recording's constant rate.
const SGD: SgdConfig = SgdConfig { momentum: 0.9, weight_decay: 5e-4 };
const LR: f64 = 0.01;
const LOSS: LossConfig = LossConfig { auxiliary_weight: 0.4, dice_weight: 0.0 };

/// Three steps on the CPU. One on a Vulkan device, where the software adapter takes minutes; for more steps the two
/// are compared with each other (`agreement`).
fn training(device: &ComputeDevice) {
    let steps = if device.name() == "flex" { 3 } else { 1 };
    each_case(device, "training", |case, set, comparison| {
        let Some(size) = case.training else {
            return;
        };
        let device = device.autodiff();
        let network = case.network(set, &device);
        let images = case.inputs(set).images(&format!("input_{size}"), &device);
        let labels = case.inputs(set).labels(&format!("label_{size}"), &device);
        compare_runs(comparison, |seed| {
            let images = if seed == 0 { images.clone() } else { nudge(&images, seed) };
            train(network.clone(), images, &labels, comparison.recorded, steps)
        });
    });
}

/// What a training shows, under the keys of the recording; its losses under `loss.STEP.NAME`.
type Run = BTreeMap<String, Vec<f32>>;

/// Some steps on one batch.
fn train(
    mut network: Segmentor,
    images: Tensor<4>,
    labels: &Tensor<3, Int>,
    recorded: &Recording,
    steps: usize,
) -> Run {
    let mut run = Run::new();
    let mut sgd = SGD.init();
    let quiet = || DropoutNoise::new(0, 0, 0.0);
    let logits = network.clone().forward_training(images.clone(), &mut quiet());
    run.insert("train.decode_logits".into(), flat(logits.decode));
    run.insert("train.aux_logits".into(), flat(logits.auxiliary));
    for step in 0..=steps {
        let losses = network.losses(images.clone(), labels.clone(), LOSS, &mut quiet());
        for (name, loss) in [("decode", &losses.decode), ("aux", &losses.auxiliary), ("total", &losses.total())] {
            run.insert(format!("loss.{step}.{name}"), flat(loss.clone()));
        }
        if step == steps {
            break;
        }
        let gradients = losses.total().backward();
        if step == 0 {
            network.each_gradient(&gradients, |key, values| {
                run.insert(format!("grad.{key}"), values);
            });
        }
        sgd.step(&mut network, &gradients, LR);
        for (key, values) in State::of(&mut network).tensors {
            let part = if key.contains(".running_") { "bn" } else { "param" };
            run.insert(format!("{part}_after_{}.{key}", step + 1), values.data);
        }
    }
    let keys = recorded.keys();
    run.retain(|key, _| key.starts_with("loss.") || keys.contains(key));
    let later = |key: &str| steps < 3 && key.contains("_after_3.");
    let of_training = |key: &str| ["train.", "bn_", "grad.", "param_"].iter().any(|part| key.starts_with(part));
    let all = keys.iter().filter(|key| of_training(key) && !later(key)).count();
    assert_eq!(run.len(), all + (steps + 1) * 3, "recorded tensors that were computed");
    run
}

/// Runs with inputs that differ by less than rounding does.
const NUDGES: u64 = 12;

/// Gradients jump where a ReLU sits at its edge, and rounding decides on which side it falls: among a million there is
/// one in most batches. And three steps multiply rounding errors a thousandfold. So where a tensor is outside the
/// tolerance, the recorded values must lie within the range of those that the same network has on inputs moved by
/// less than 1e-6 of their range. Logits, losses and statistics of the first step, which nothing can make jump, have to be
/// within the tolerance.
fn compare_runs(comparison: &mut Comparison, run: impl Fn(u64) -> Run) {
    let plain = run(0);
    let outside: Vec<&String> = plain.iter().filter(|(key, v)| !comparison.is_within(key, v)).map(|(k, _)| k).collect();
    let nudges = if outside.is_empty() { 0 } else { NUDGES };
    let nudged: Vec<Run> = (1..=nudges).map(&run).collect();
    for (key, values) in &plain {
        let first = ["train.", "bn_after_1.", "loss.0."].iter().any(|part| key.starts_with(part));
        if !first && outside.contains(&key) {
            let runs: Vec<&[f32]> = [&plain].into_iter().chain(&nudged).map(|run| run[key].as_slice()).collect();
            comparison.range(key, &runs);
        } else {
            comparison.values(key, values);
        }
    }
    if !outside.is_empty() {
        let keys: Vec<&str> = outside.iter().map(|key| key.as_str()).collect();
        println!("{}: within the range of nudged inputs: {}", comparison.name, keys.join(", "));
    }
}

/// The images, each value moved by up to 2^-22; they lie between -2 and 2.
fn nudge(images: &Tensor<4>, seed: u64) -> Tensor<4> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let moves: Vec<f32> =
        (0..images.shape().num_elements()).map(|_| (random.random::<f32>() - 0.5) * 2f32.powi(-21)).collect();
    images.clone() + Tensor::<4>::from_data(TensorData::new(moves, images.shape()), &images.device())
}

#[test]
fn golden_evaluation_on_the_cpu() {
    on_the_cpu(evaluation);
}

#[test]
fn golden_evaluation_on_vulkan() {
    on_vulkan(evaluation);
}

#[test]
fn golden_training_on_the_cpu() {
    on_the_cpu(training);
}

#[test]
fn golden_training_on_vulkan() {
    on_vulkan(training);
}
