//! Single operations: resized logits, Dice, SGD, the poly schedule.

use atrous_models::burn::tensor::Tensor;
use atrous_models::sgd::{poly_lr, update};
use atrous_models::{ComputeDevice, SgdConfig, loss, ops};

use crate::devices::{on_the_cpu, on_vulkan};
use crate::recording::{Comparison, Recording, flat, sets};

/// The same for every recording of a file in every set.
fn each(file: &str, compare: impl Fn(&mut Comparison)) {
    let mut seen = 0;
    for set in sets() {
        let (Some(recorded), Some(info)) =
            (Recording::read(&set, &format!("{file}.safetensors")), set.json(&format!("{file}.json")))
        else {
            continue;
        };
        let mut comparison = Comparison::new(format!("{set} {file}"), &recorded, &info);
        compare(&mut comparison);
        comparison.finish();
        seen += 1;
    }
    assert!(seen > 0, "no set has {file}");
}

fn resized_logits(device: &ComputeDevice) {
    let device = device.autodiff();
    each("resize_logits", |comparison| {
        let inputs: Vec<String> = comparison.recorded.keys().into_iter().filter(|k| k.ends_with(".input")).collect();
        assert!(inputs.len() >= 18, "{} cases", inputs.len());
        for key in inputs {
            let case = key.strip_suffix(".input").unwrap();
            let input = comparison.recorded.tensor::<4>(&key, &device).require_grad();
            let upstream = comparison.recorded.tensor::<4>(&format!("{case}.upstream"), &device);
            let [_, _, height, width] = upstream.dims();
            let output = ops::resize_bilinear(input.clone(), [height, width], case.ends_with("corners"));
            let gradients = (output.clone() * upstream).sum().backward();
            let gradient = input.grad(&gradients).unwrap();
            for (name, ours) in [("output", flat(output)), ("grad", flat(gradient))] {
                let name = format!("{case}.{name}");
                let wanted = comparison.recorded.values(&name).data;
                assert_eq!(ours.len(), wanted.len(), "{name}");
                let peak = wanted.iter().fold(0f32, |m, v| m.max(v.abs()));
                let close = ours.iter().zip(&wanted).all(|(a, b)| (a - b).abs() <= 1e-5 * peak);
                comparison.compared += 1;
                if !close {
                    comparison.fail(format!("{name}: off by more than 1e-5 of {peak}"));
                }
            }
        }
    });
}

fn dice(device: &ComputeDevice) {
    let device = device.autodiff();
    each("dice", |comparison| {
        for case in ["c2", "c4"] {
            let logits = comparison.recorded.tensor::<4>(&format!("{case}.logits"), &device).require_grad();
            let labels = comparison.recorded.labels(&format!("{case}.label"), &device);
            let loss = loss::dice(logits.clone(), labels) * 3.0;
            let wanted = comparison.info[case]["loss"].as_f64().unwrap();
            let run = comparison.info[case]["loss_f32"].as_f64().unwrap();
            comparison.number(&format!("{case} loss"), f64::from(flat(loss.clone())[0]), wanted, &[run]);
            let gradient = logits.grad(&loss.backward()).unwrap();
            comparison.values(&format!("{case}.grad"), &flat(gradient));
        }
    });
}

/// Six steps of torch's SGD with momentum 0.9, weight decay 5e-4 and the poly schedule.
fn sgd(device: &ComputeDevice) {
    let device = device.autodiff();
    let config = SgdConfig { momentum: 0.9, weight_decay: 5e-4 };
    let mut seen = 0;
    for recorded in sets().iter().filter_map(|set| Recording::read(set, "sgd.safetensors")) {
        let tensor = |key: &str| recorded.tensor::<2>(key, &device);
        let (mut parameter, mut velocity) = (tensor("param.0").require_grad(), None::<Tensor<2>>);
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
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn golden_resized_logits_on_the_cpu() {
    on_the_cpu(resized_logits);
}

#[test]
fn golden_resized_logits_on_vulkan() {
    on_vulkan(resized_logits);
}

#[test]
fn golden_dice_on_the_cpu() {
    on_the_cpu(dice);
}

#[test]
fn golden_dice_on_vulkan() {
    on_vulkan(dice);
}

#[test]
fn golden_sgd_on_the_cpu() {
    on_the_cpu(sgd);
}

#[test]
fn golden_sgd_on_vulkan() {
    on_vulkan(sgd);
}

#[test]
fn golden_poly_schedule() {
    let mut seen = 0;
    for recorded in sets().iter().filter_map(|set| set.json("poly_lr.json")) {
        let number = |key: &str| recorded[key].as_f64().unwrap();
        for (name, schedule) in recorded.as_object().unwrap() {
            let Some(total) = name.strip_prefix('T').and_then(|total| total.parse().ok()) else { continue };
            let rates = schedule["lr"].as_array().unwrap();
            for (t, wanted) in schedule["iteration"].as_array().unwrap().iter().zip(rates) {
                let (t, wanted) = (t.as_u64().unwrap(), wanted.as_f64().unwrap());
                let ours = poly_lr(t, total, number("base_lr"), number("eta_min"), number("power"));
                assert!((ours - wanted).abs() <= 1e-9, "{name} {t}: {ours} is not {wanted}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 140, "{seen} rates");
}
