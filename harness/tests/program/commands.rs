//! What the commands print and write.

use crate::place::{Place, files};
use std::fs;

#[test]
fn a_second_sweep_has_nothing_to_do_and_prints_the_same_table() {
    let place = Place::new();
    let sweep = ["sweep", "ci", "--device", "flex", "--only", "stare-ci"];
    let first = place.succeed(&sweep);
    assert!(first.contains("| rates ") && first.contains("1, 12, 24, 36 (baseline)"), "{first}");
    let second = place.run(&sweep);
    assert_eq!(String::from_utf8(second.stdout).unwrap(), first);
    let stderr = String::from_utf8(second.stderr).unwrap();
    assert!(stderr.contains("nothing left to do: 2 runs finished"), "{stderr}");
    assert_eq!(fs::read_to_string(place.path("runs/ci/table.md")).unwrap(), first);
    for name in ["results.csv", "classes.csv", "image_scores.csv", "table.csv"] {
        assert!(place.path("runs/ci").join(name).is_file(), "{name}");
    }
    assert_eq!(place.succeed(&["table", "ci"]), first);
    assert!(place.succeed(&["table", "ci", "--format", "csv"]).starts_with("experiment,dataset,"));
    assert!(files(&place.path("runs")).iter().all(|path| !path.to_string_lossy().ends_with(".tmp")));
    let dry = place.succeed(&["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--dry-run"]);
    assert!(dry.contains("2 runs: 2 finished, 0 failed, 0 to do now"), "{dry}");
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::new();
    let long = ["sweep", "ci", "--device", "flex", "--dry-run", "--set", "train.iterations=1000000"];
    let text = place.succeed(&long);
    assert!(text.contains("4 to do now; about ") && text.contains(", from real steps of 2 kinds of run\n"), "{text}");
    let text = place.succeed(&["sweep", "quick", "--device", "flex", "--dry-run"]);
    assert!(text.contains("15 runs: 0 finished, 0 failed, 15 to do now; about "), "{text}");
    assert!(files(place.root()).is_empty());
}

#[test]
fn help_teaches() {
    let place = Place::new();
    for command in [
        "sweep", "status", "train", "eval", "predict", "erf", "merge", "table", "rates", "report", "inspect", "prepare",
    ] {
        let text = place.succeed(&[command, "--help"]);
        assert!(text.contains("Examples:") && text.contains(&format!("atrous {command}")), "{text}");
    }
    let list = place.succeed(&["sweep", "--list"]);
    assert!(["quick", "controls", "retina-small", "paper", "ci"].iter().all(|name| list.contains(name)), "{list}");
}

#[test]
fn inspect_prints_numbers_and_writes_a_picture() {
    let place = Place::new();
    let root = place.drawn_stare();
    let root = root.to_str().unwrap();
    let text = place.succeed(&["inspect", "stare", "--data-root", root, "--samples", "2", "--crop", "32x48"]);
    assert!(text.contains("train: 3 images") && text.contains("3 of 48x64") && text.contains("vessel"), "{text}");
    let picture = image::open(place.path("inspect-stare.png")).unwrap();
    assert!(picture.width() > 48 && picture.height() >= 32);
    let files = files(place.root()).len();
    place.succeed(&["inspect", "stare", "--data-root", root, "--samples", "0"]);
    assert_eq!(self::files(place.root()).len(), files);
}

#[test]
fn prepare_plants_a_cue_that_inspect_then_reads() {
    let place = Place::new();
    let source = place.drawn_stare().join("STARE");
    let source = source.to_str().unwrap();
    let prepare = |out: &str, more: &[&str]| {
        let command = ["prepare", "stare", "--from", source, "--out", out];
        place.succeed(&[&command, more].concat())
    };
    let plain = prepare("plain/STARE", &[]);
    let planted = prepare("planted/STARE", &["--cue-distance", "8", "--cue-amplitude", "30"]);
    assert_eq!(plain.replace("plain", "planted"), planted);
    place.succeed(&["inspect", "stare", "--data-root", place.path("planted").to_str().unwrap(), "--samples", "0"]);
    // The masks are the same to the byte, the images are not.
    let (mut images, mut masks) = (0, 0);
    for file in files(&place.path("plain")).into_iter().filter(|path| path.is_file()) {
        let other = place.path("planted").join(file.strip_prefix(place.path("plain")).unwrap());
        let same = fs::read(&file).unwrap() == fs::read(other).unwrap();
        let is_mask = file.components().any(|part| part.as_os_str() == "annotations");
        assert_eq!(same, is_mask, "{}", file.display());
        (images, masks) = (images + usize::from(!is_mask), masks + usize::from(is_mask));
    }
    assert!(images > 0 && images == masks);
    let cue = ["prepare", "stare", "--from", source, "--out", "none", "--cue-distance"];
    for (more, word) in
        [(&["0"] as &[&str], "at least 1"), (&["8", "--cue-share", "1.5"], "1.5"), (&["8", "--tile", "9"], "tiles")]
    {
        assert!(place.refuse_untouched(&[&cue, more].concat()).contains(word));
    }
}

#[test]
fn prepare_converts_what_inspect_then_reads() {
    let place = Place::new();
    let source = place.drawn_stare().join("STARE");
    let out = place.path("converted/STARE");
    let text = place.succeed(&["prepare", "stare", "--from", source.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert!(text.contains("train: 3 images read, 3 written"), "{text}");
    let text = place.succeed(&["inspect", "stare", "--data-root", "converted", "--samples", "0"]);
    assert!(text.contains("val: 2 images"), "{text}");
    let error = place.refuse_untouched(&["prepare", "stare", "--from", source.to_str().unwrap(), "--out", "converted"]);
    assert!(error.contains("converted") && error.contains("exists"), "{error}");
}
