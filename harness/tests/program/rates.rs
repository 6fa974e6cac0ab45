//! `atrous rates`: the guideline on the command line.

use crate::place::{Place, files};
use serde_json::Value;

#[test]
fn rates_are_examined_and_recommended() {
    let place = Place::new();
    let text = place.succeed(&["rates", "--size", "512x1024", "--output-stride", "8"]);
    assert!(text.contains("map of 64x128, F = 64") && text.contains("Recommended: 1,10,21,31"), "{text}");
    let same = place.succeed(&["rates", "--size", "512,1024", "--model", "deeplabv3-r101-d8"]);
    assert_eq!(same, text);
    assert!(files(place.root()).is_empty());
    place.succeed(&["rates", "--size", "64x64", "--output-stride", "1", "--rates", "1,32", "--json", "rates.json"]);
    let json: Value = serde_json::from_slice(&std::fs::read(place.path("rates.json")).unwrap()).unwrap();
    let branch = &json["branches"][1];
    assert_eq!(
        (&branch["rate"], &branch["field_of_view"], &branch["relative_rate"]),
        (&32.into(), &65.into(), &0.5.into())
    );
    assert_eq!(branch["taps"].as_array().unwrap().len(), 9);
    assert_eq!(branch["taps"][0]["valid"], 0.25);
    assert_eq!(json["recommendation"]["rates"], serde_json::json!([1, 10, 21, 31]));
}

#[test]
fn evidence_of_a_sweep_is_weighed() {
    let place = Place::new();
    let sweep = ["sweep", "ci", "--device", "flex", "--seeds", "2", "--set", "rates=[[1,2],[1,4],[1,8],[1,12,24,36]]"];
    place.succeed(&[&sweep[..], &["--out", "out"]].concat());
    let rates = |more: &[&str]| place.succeed(&[&["rates", "--size", "32x32", "--output-stride", "1"], more].concat());
    let text = rates(&["--evidence", "out"]);
    assert!(
        text.contains("stare-ci (STARE, mDice, images drawn by the program): 8 runs, 2 seeds, ρ 0.06 to 1.12"),
        "{text}"
    );
    assert!(text.contains("isaid-ci (iSAID, mIoU"), "{text}");
    let error = place.refuse(&["rates", "--size", "32x32", "--output-stride", "1", "--evidence", "nowhere"]);
    assert!(error.contains("nowhere/results.csv"), "{error}");
}

#[test]
fn error_rates() {
    let place = Place::new();
    for (arguments, part) in [
        (&["rates", "--size", "512x1024"][..], "--output-stride"),
        (&["rates", "--size", "512", "--output-stride", "8"], "--size"),
        (&["rates", "--size", "0x9", "--output-stride", "8"], "--size"),
        (&["rates", "--size", "64x64", "--output-stride", "0"], "--output-stride"),
        (&["rates", "--size", "64x64", "--model", "vgg"], "unet-s5-d16"),
        (&["rates", "--size", "64x64", "--output-stride", "8", "--model", "unet-s5-d16"], "--model"),
        (&["rates", "--size", "64x64", "--output-stride", "8", "--rates", "6,1"], "--rates: rates must be ascending"),
        (&["rates", "--size", "64x64", "--output-stride", "8", "--branches", "0"], "--branches"),
    ] {
        let error = place.refuse_untouched(arguments);
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}
