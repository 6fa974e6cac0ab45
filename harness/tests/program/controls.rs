//! What is expected of an experiment, and what the program says of it.

use crate::place::Place;
use std::fs;

/// A control in miniature: seconds.
const SPEC: &str = r#"[[experiment]]
name     = "mark"
dataset  = "control"
model    = { kind = "shallow" }
crop     = [32, 32]
rates    = [[1, 4], [1, 12]]
baseline = [1, 4]
seeds    = [0, 1, 2]
train    = { iterations = 120, batch = 8, lr = 0.1, ratio = [1, 1], photometric = false }
infer    = { mode = "whole" }
data     = { synthetic = { seed = 1, train = 16, val = 8, size = [32, 32], drawing = { mark = { distance = 12 } } } }
expect   = { best = [1, 12] }
"#;

fn place() -> Place {
    let place = Place::new();
    fs::write(place.path("mini.toml"), SPEC).unwrap();
    place
}

fn verdict(place: &Place, out: &str) -> serde_json::Value {
    let text = fs::read(place.path(out).join("verdict.json")).unwrap();
    serde_json::from_slice::<serde_json::Value>(&text).unwrap()[0].clone()
}

#[test]
fn a_control_passes_where_its_mark_is_and_fails_where_it_is_not() {
    let place = place();
    let sweep = ["sweep", "mini.toml", "--device", "flex", "--out", "right"];
    let text = place.succeed(&sweep);
    assert!(text.contains("- mark, expected: 1-12 is best (mIoU, 3 seeds): **met**: better than each of 1"), "{text}");
    assert!(text.contains("1 of 1 experiments are as expected."), "{text}");
    assert_eq!(verdict(&place, "right")["verdict"], "met");
    assert_eq!(place.succeed(&["table", "--out", "right"]), text);

    // The mark lies elsewhere than the spec says: the other rates find it.
    let moved = "data.synthetic.drawing.mark.distance=4";
    let output = place.run(&["sweep", "mini.toml", "--device", "flex", "--out", "moved", "--set", moved]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("**not met**: 1-12 is not better than 1-4 (-"), "{text}");
    assert_eq!(verdict(&place, "moved")["verdict"], "not-met");
    assert_eq!(place.run(&["table", "--out", "moved"]).status.code(), Some(1));
}

#[test]
fn what_is_unfinished_is_not_judged_and_what_is_not_expected_is_not_mentioned() {
    let place = place();
    let quick = ["sweep", "mini.toml", "--device", "flex", "--out", "out", "--set", "train.iterations=2"];
    let text = place.succeed(&[&quick[..], &["--limit", "1"]].concat());
    assert!(text.contains("**not judged**: 5 of 6 runs have no score, the first is 1-4 seed 1"), "{text}");
    assert_eq!(verdict(&place, "out")["verdict"], "not-judged");
    // The same runs, of which nothing is expected.
    fs::write(place.path("mini.toml"), SPEC.replace("expect ", "# ")).unwrap();
    let text = place.succeed(&[&quick[..], &["--limit", "0"]].concat());
    assert!(!text.contains("# Verdicts") && text.contains("## mark: control"), "{text}");
    assert!(!place.path("out/verdict.json").exists() && !place.path("out/verdict.md").exists());
}
