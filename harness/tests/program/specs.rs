//! `atrous spec`: what a spec resolves to, and what specs may hold.

use crate::place::Place;
use std::fs;

#[test]
fn what_a_spec_resolves_to_is_a_spec_that_means_the_same() {
    let place = Place::new();
    for name in ["quick", "controls", "retina-small", "paper", "ci", "gate"] {
        let text = place.succeed(&["spec", name]);
        assert!(text.starts_with(&format!("# {name} resolves to ")), "{text}");
        fs::write(place.path("resolved.toml"), &text).unwrap();
        let again = place.succeed(&["spec", "resolved.toml"]);
        assert_eq!(again.lines().skip(1).collect::<Vec<_>>(), text.lines().skip(1).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn changes_and_protocols_are_in_what_is_printed() {
    let place = Place::new();
    let spec = ["spec", "ci", "--only", "stare-ci", "--set", "train.lr=0.5", "--seeds", "2"];
    let text = place.succeed(&spec);
    assert!(text.starts_with("# ci resolves to 4 runs\n"), "{text}");
    let table: toml::Table = text.parse().unwrap();
    let experiment = &table["experiment"].as_array().unwrap()[0];
    assert_eq!(experiment["train"]["lr"].as_float(), Some(0.5));
    assert_eq!(experiment["train"]["momentum"].as_float(), Some(0.9));
    assert_eq!(experiment["seeds"].as_array().unwrap().len(), 2);
    assert_eq!(experiment["model"]["kind"].as_str(), Some("unet-s5-d16"));
    let one = place.succeed(&["spec", "ci", "--only", "stare-ci", "--set", "rates=[[1, 12, 24, 36]]"]);
    assert!(one.starts_with("# ci resolves to 1 run\n"), "{one}");
    let error = place.refuse_untouched(&["spec", "ci", "--set", "train.lr=-1"]);
    assert!(error.contains("train.lr: must be a number above 0"), "{error}");
    assert!(place.refuse_untouched(&["spec"]).contains("SPEC"));
}

#[test]
fn schema_and_keys_are_printed() {
    let place = Place::new();
    let schema: serde_json::Value = serde_json::from_str(&place.succeed(&["spec", "--schema"])).unwrap();
    assert_eq!(schema["properties"]["experiment"]["type"], "array");
    let keys = place.succeed(&["spec", "--keys"]);
    assert!(keys.contains("| `train.lr` | number | per iteration | `0.01` | `0.02` |"), "{keys}");
}
