//! Bad input: one line that names the file or key, exit code 2, nothing written.

use crate::place::{Place, file_with};
use std::fs;
use std::path::Path;

#[test]
fn error_spec() {
    let place = Place::new();
    let spec = |change: &str| {
        let text = include_str!("../../specs/ci.toml").replacen("batch = 2", change, 1);
        fs::write(place.path("my.toml"), text).unwrap();
        place.refuse_untouched(&["sweep", "my.toml", "--device", "flex"])
    };
    let error = spec("batch = 2, bacth = 3");
    assert!(error.starts_with("error: my.toml:11: train.bacth: unknown key"), "{error}");
    let error = spec("batch = 1");
    assert!(error.starts_with("error: my.toml:11: train.batch: must be at least 2"), "{error}");
    let error = spec("batch = two");
    assert!(error.starts_with("error: my.toml:11: "), "{error}");
    let error = place.refuse_untouched(&["sweep", "ci", "--set", "train.batch=1"]);
    assert!(error.starts_with("error: --set train.batch=1: train.batch: "), "{error}");
    let error = place.refuse_untouched(&["sweep", "nope"]);
    assert!(error.contains("nope") && error.contains("retina-small"), "{error}");
}

#[test]
fn error_missing_or_empty_root() {
    let place = Place::new();
    let error = place.refuse_untouched(&["sweep", "retina-small", "--device", "flex"]);
    assert!(error.contains("datasets") && error.contains("--data-root"), "{error}");
    fs::create_dir_all(place.path("data/STARE")).unwrap();
    for command in [&["sweep", "retina-small", "--device", "flex"][..], &["inspect", "stare"]] {
        let error = place.refuse_untouched(&[command, &["--data-root", "data"]].concat());
        assert!(error.contains("data/STARE"), "{command:?}: {error}");
    }
}

#[test]
fn error_unwritable_output() {
    let place = Place::new();
    fs::write(place.path("file"), "").unwrap();
    let error = place.refuse_untouched(&["sweep", "ci", "--device", "flex", "--out", "file/out"]);
    assert!(error.contains("file/out") && error.contains("--out"), "{error}");
    let root = place.drawn_stare();
    let arguments = ["inspect", "stare", "--data-root", root.to_str().unwrap(), "--sheet", "none/a.png"];
    let output = place.run(&arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && stderr.contains("none/a.png"), "{stderr}");
}

#[test]
fn error_unknown_device() {
    let place = Place::new();
    let error = place.refuse_untouched(&["sweep", "ci", "--device", "abacus"]);
    assert!(error.contains("abacus"), "{error}");
}

#[test]
fn error_command_line() {
    let place = Place::new();
    for (arguments, part) in [
        (&["sweep"][..], "SPEC"),
        (&["sweep", "ci", "--limit", "x"], "--limit"),
        (&["sweep", "ci", "--nope"], "--nope"),
        (&["sweep", "ci", "--jobs", "0"], "'--jobs <N>': must be a number of runs, at least 1, or auto"),
        (&["sweep", "ci", "--jobs", "-2"], "--jobs"),
        (&["sweep", "ci", "--jobs", "many"], "--jobs"),
        (&["sweep", "ci", "--jobs", "1.5"], "--jobs"),
        (&["train", "ci", "--experiment", "stare-ci", "--jobs", "2"], "--jobs"),
        (
            &["sweep", "ci", "--shard", "3/3"],
            "'--shard <I/N>': shards are counted from 0, so I must be below N: the last of 3 is 2/3",
        ),
        (&["sweep", "ci", "--shard", "0/0"], "'--shard <I/N>': N must be at least 1"),
        (&["sweep", "ci", "--shard", "-1/3"], "'--shard <I/N>': must be I/N"),
        (&["sweep", "ci", "--shard", "1"], "--shard"),
        (&["sweep", "ci", "--shard", "a/b"], "--shard"),
        (&["sweep", "ci", "--shard", ""], "--shard"),
        (&["merge"], "OUT"),
        (&["merge", "out"], "DIR"),
        (&["merge", "out", "nowhere"], "nowhere"),
        (&["sweep", "ci", "--seeds", "x"], "--seeds x"),
        (&["sweep", "ci", "--only", "x"], "--only x"),
        (&["inspect", "pascal"], "pascal"),
        (&["inspect", "stare", "--crop", "32"], "--crop"),
        (&["prepare", "stare"], "--from"),
        (&["prepare", "stare", "--from", "nowhere", "--tile", "64"], "--tile"),
        (&["prepare", "stare", "--from", "nowhere"], "nowhere"),
        (&["table", "--out", "nowhere"], "nowhere"),
    ] {
        let error = place.refuse_untouched(arguments);
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}

#[test]
fn error_image_without_mask() {
    let place = Place::new();
    let root = place.drawn_stare();
    fs::remove_file(file_with(&root, "labels-ah/im0002")).unwrap();
    let error = place.refuse_untouched(&["inspect", "stare", "--data-root", root.to_str().unwrap()]);
    assert!(error.contains("im0002") && error.contains("mask"), "{error}");
}

/// Everything that only shows when files are decoded: named by `inspect`, and by `prepare`, which
/// then writes nothing.
fn decoding_is_refused(damage: impl Fn(&Path) -> &'static [&'static str]) {
    let place = Place::new();
    let root = place.drawn_stare();
    let parts = damage(&root);
    let inspected = place.run(&["inspect", "stare", "--data-root", root.to_str().unwrap()]);
    let stderr = String::from_utf8_lossy(&inspected.stderr).into_owned();
    assert_eq!(inspected.status.code(), Some(2), "{stderr}");
    assert!(!place.path("inspect-stare.png").exists());
    let source = root.join("STARE");
    let prepared = place.refuse_untouched(&["prepare", "stare", "--from", source.to_str().unwrap(), "--out", "out"]);
    for error in [stderr.lines().last().unwrap(), &prepared] {
        assert!(error.starts_with("error: ") && parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[test]
fn error_truncated_image() {
    decoding_is_refused(|root| {
        let image = file_with(root, "stare-images/im0001");
        let bytes = fs::read(&image).unwrap();
        fs::write(&image, &bytes[..bytes.len() / 2]).unwrap();
        &["im0001", "decoded"]
    });
}

#[test]
fn error_not_an_image() {
    decoding_is_refused(|root| {
        fs::write(file_with(root, "stare-images/im0001"), "<html>not found</html>").unwrap();
        &["im0001", "decoded"]
    });
}

#[test]
fn error_size_mismatch() {
    decoding_is_refused(|root| {
        let mask = file_with(root, "labels-ah/im0001");
        write_ppm(&mask, 16, 16, 0);
        &["im0001", "16x16", "48x64"]
    });
}

#[test]
fn error_label_value() {
    decoding_is_refused(|root| {
        let mask = file_with(root, "labels-ah/im0001");
        write_ppm(&mask, 64, 48, 7);
        &["im0001", "7"]
    });
}

/// A grey image of one value, in the format that the mask's name says.
fn write_ppm(path: &Path, width: usize, height: usize, value: u8) {
    let mut bytes = format!("P6\n{width} {height}\n255\n").into_bytes();
    bytes.resize(bytes.len() + 3 * width * height, value);
    fs::write(path, bytes).unwrap();
}
