//! `atrous record` and `atrous check`: runs before a change, and after it.

use crate::outcome::named;
use crate::place::Place;
use crate::tamper::{make_worse, reseal_with};
use serde_json::Value;
use std::fs;

/// A task that is learnt in seconds, or is not with another learning rate.
pub const SPEC: &str = r#"[[experiment]]
name     = "mark"
dataset  = "control"
model    = { kind = "shallow" }
crop     = [32, 32]
rates    = [[1, 12]]
baseline = [1, 12]
seeds    = [0, 1, 2]
train    = { iterations = 120, batch = 8, lr = 0.1, ratio = [1, 1], photometric = false }
infer    = { mode = "whole" }
data     = { synthetic = { seed = 1, train = 16, val = 8, size = [32, 32], drawing = { mark = { distance = 12 } } } }
"#;

/// Six seeds of the spec, recorded.
pub fn recorded() -> Place {
    let place = Place::new();
    fs::write(place.path("mini.toml"), SPEC).unwrap();
    place.succeed(&["sweep", "mini.toml", "--device", "flex", "--seeds", "6", "--out", "before"]);
    let text = place.succeed(&["record", "before", "--reference", "reference.json"]);
    assert_eq!(
        text,
        "reference.json: 6 runs added, 0 were recorded already, 0 of them without their first losses; 1 cells of 6 runs at \
         least: checks of these seeds are paired with them, and checks of other ones may have 3\n"
    );
    place
}

#[test]
fn an_unchanged_program_is_in_line_and_a_worse_one_is_not() {
    let place = recorded();
    place.succeed(&["sweep", "mini.toml", "--device", "flex", "--out", "after"]);
    let check = ["check", "after", "--reference", "reference.json", "--exact"];
    let text = place.succeed(&check);
    assert!(text.starts_with("# Check: in line") && text.matches("3 of 3").count() == 2, "{text}");

    // Another loss in the first steps of a run, whatever its scores.
    let log = named(&place.path("after"), "log.csv").remove(0);
    let text = fs::read_to_string(&log).unwrap();
    let line = text.lines().nth(3).unwrap();
    let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
    fields[2] = (1.01 * fields[2].parse::<f64>().unwrap()).to_string();
    fs::write(&log, text.replace(line, &fields.join(","))).unwrap();
    reseal_with(&log);
    let output = place.run(&check);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("**changed**: 1 of 3 runs begin with other losses, seed 0 at step 3"), "{said}");
    fs::write(&log, text).unwrap();
    reseal_with(&log);

    // Runs of a program that learns half as well.
    for path in named(&place.path("after"), "result.json") {
        make_worse(path.parent().unwrap(), 0.5);
    }
    let output =
        place.run(&["check", "after", "--reference", "reference.json", "--json", "c.json", "--junit", "c.xml"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with("# Check: worse") && text.contains("**worse**: mIoU is down by"), "{text}");
    let json: Value = serde_json::from_slice(&fs::read(place.path("c.json")).unwrap()).unwrap();
    assert_eq!((&json["status"], &json["cells"][0]["status"]), (&"worse".into(), &"worse".into()));
    assert!(json["cells"][0]["tested"]["difference"].as_f64().unwrap() < -0.4, "{json}");
    let xml = fs::read_to_string(place.path("c.xml")).unwrap();
    assert!(
        xml.contains("tests=\"2\" failures=\"1\" errors=\"0\"") && xml.contains("<failure type=\"worse\""),
        "{xml}"
    );
    // As much is allowed.
    place.succeed(&["check", "after", "--reference", "reference.json", "--margin", "60"]);
}

#[test]
fn what_does_not_belong_together_is_not_judged_and_not_recorded() {
    let place = recorded();
    let reference = fs::read(place.path("reference.json")).unwrap();
    let again = place.succeed(&["record", "before", "--reference", "reference.json"]);
    assert!(again.contains("0 runs added, 6 were recorded already"), "{again}");

    let sweep = ["sweep", "mini.toml", "--device", "flex", "--set", "train.iterations=2"];
    place.succeed(&[&sweep[..], &["--out", "short"]].concat());
    let output = place.run(&["check", "short", "--reference", "reference.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("**not judged**: other settings: train.iterations is 2 and was 120"), "{text}");
    let error = place.refuse_untouched(&["record", "short", "--reference", "reference.json"]);
    assert!(error.contains("mark 1-12 seed 0") && error.contains("train.iterations is 2 and was 120"), "{error}");
    assert_eq!(fs::read(place.path("reference.json")).unwrap(), reference);

    // A recorded seed and one that is not.
    place.succeed(&["sweep", "mini.toml", "--device", "flex", "--seeds", "5,6", "--out", "mixed"]);
    let output = place.run(&["check", "mixed", "--reference", "reference.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("seed 5 is recorded and seed 6 is not"), "{text}");
}

#[test]
fn error_check() {
    let place = Place::new();
    fs::write(place.path("bad.json"), "{\"format\": 1}").unwrap();
    fs::create_dir(place.path("empty")).unwrap();
    fs::write(place.path("none.json"), "{\"format\": 1, \"model_version\": 3, \"cells\": []}").unwrap();
    for (arguments, part) in [
        (&["check", "empty"][..], "--reference"),
        (&["check", "empty", "--reference", "absent.json"], "cannot read absent.json"),
        (&["check", "empty", "--reference", "bad.json"], "bad.json is no reference"),
        (&["check", "nowhere", "--reference", "none.json"], "nowhere: no such folder"),
        (&["check", "empty", "--reference", "none.json"], "empty: holds no run"),
        (&["check", "empty", "--reference", "none.json", "--only", "x"], "--only x: none.json has no experiment"),
        (&["check", "empty", "--reference", "none.json", "--alpha", "0.7"], "between 0 and 0.5"),
        (&["check", "empty", "--reference", "none.json", "--margin", "-1"], "margin"),
        (&["record", "empty", "--reference", "new.json"], "empty: holds no run"),
    ] {
        let error = place.refuse_untouched(arguments);
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}
