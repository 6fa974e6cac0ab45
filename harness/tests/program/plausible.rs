//! Masks that cannot be right: scores of 100 that nobody is to see.

use crate::place::{Place, files};
use std::fs;

const SPEC: &str = r#"
[[experiment]]
name     = "stare"
dataset  = "stare"
model    = { base_channels = 4, aspp_channels = 4 }
crop     = [32, 32]
rates    = [[1, 2]]
baseline = [1, 2]
seeds    = [0]
train    = { iterations = 2, batch = 2 }
infer    = { mode = "whole" }
"#;

#[test]
fn masks_that_cannot_be_right_stop_every_command_that_computes_with_them() {
    let place = Place::new();
    fs::copy("../models/tests/golden/unet_aspp.pth", place.path("unet.pth")).unwrap();
    fs::write(place.path("files.toml"), SPEC).unwrap();
    let root = place.drawn_stare();
    for mask in files(&root.join("STARE/labels-ah")) {
        let size = atrous_data::read_rgb(&mask, Default::default()).unwrap().size();
        atrous_data::LabelMap::filled(size[0], size[1], 0).write_png(&mask).unwrap();
    }
    let root = root.to_str().unwrap();
    let eval = ["eval", "--weights", "unet.pth", "--dataset", "stare", "--device", "flex", "--data-root", root];
    let sweep = ["sweep", "files.toml", "--device", "flex", "--data-root", root, "--out", "out"];
    let train =
        ["train", "files.toml", "--experiment", "stare", "--device", "flex", "--data-root", root, "--out", "out"];
    for (command, split) in [(&eval[..], "val"), (&sweep[..], "train"), (&train[..], "train")] {
        let error = place.refuse_untouched(command);
        let says = format!("STARE: {split}: every labelled pixel is `background`, so there is nothing to learn");
        assert!(error.contains(&says) && error.ends_with("--implausible ok takes them as they are"), "{error}");
    }
    let inspect = ["inspect", "stare", "--samples", "0", "--data-root", root];
    let inspected = place.run(&inspect);
    let error = String::from_utf8_lossy(&inspected.stderr).into_owned();
    assert!(inspected.status.code() == Some(2) && error.contains("nothing to learn"), "{error}");

    let as_they_are = ["--implausible", "ok"];
    place.succeed(&[&inspect[..], &as_they_are].concat());
    let text = place.succeed(&[&eval[..], &["--limit", "1"], &as_they_are].concat());
    assert!(text.contains("background"), "{text}");
    place.succeed(&[&sweep[..], &as_they_are].concat());
}
