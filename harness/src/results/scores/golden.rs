//! Scores against those that mmsegmentation reports for the same label maps
//! (`tests/golden/metrics.*`).

use super::Confusion;
use crate::support::golden::recordings;
use atrous_recordings::Tensors;
use serde_json::Value;

/// mmsegmentation's numbers are f32; NaN is `null`.
fn assert_close(name: &str, got: f64, want: &Value) {
    match want.as_f64() {
        None => assert!(got.is_nan(), "{name}: {got} instead of NaN"),
        Some(want) => assert!((got - want).abs() <= 1e-6 * want.abs(), "{name}: {got} instead of {want}"),
    }
}

#[test]
fn golden_metrics() {
    for recordings in recordings() {
        let maps = recordings.tensors("metrics.safetensors").unwrap();
        compare(&recordings.json("metrics.json").unwrap(), &maps);
    }
}

fn compare(cases: &Value, maps: &Tensors) {
    let cases = cases.as_object().unwrap();
    assert!(cases.len() >= 4);
    for (name, case) in cases {
        let mut confusion = Confusion::new(case["classes"].as_u64().unwrap() as usize);
        for image in 0..case["images"].as_u64().unwrap() {
            let map = |kind: &str| maps.bytes(&format!("{name}.{image}.{kind}")).1;
            confusion.add(&map("gt"), &map("pred")).unwrap();
        }
        let scores = confusion.scores();
        for class in 0..confusion.classes {
            let diagonal = confusion.counts[class * confusion.classes + class];
            assert_eq!(case["area"]["intersect"][class].as_u64().unwrap(), diagonal, "{name} {class}");
            assert_close(&format!("{name} IoU {class}"), scores.iou[class], &case["IoU"][class]);
            assert_close(&format!("{name} Dice {class}"), scores.dice[class], &case["Dice"][class]);
            assert_close(&format!("{name} Acc {class}"), scores.accuracy[class], &case["Acc"][class]);
        }
        let means = [("mIoU", scores.miou), ("mDice", scores.mdice), ("mAcc", scores.macc), ("aAcc", scores.aacc)];
        for (key, got) in means {
            assert_close(&format!("{name} {key}"), got, &case[key]);
        }
    }
}
