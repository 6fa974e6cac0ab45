//! `atrous erf`.

use crate::place::{Place, file_with, files};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A sweep of two rates, the first of which ends beyond a crop of 32x32 with 12, 24 and 36.
fn swept() -> Place {
    let place = Place::new();
    place.succeed(&["sweep", "ci", "--only", "stare-ci", "--device", "flex", "--out", "out"]);
    place
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The values of an array of numpy.
fn array(path: &Path) -> Vec<f32> {
    let bytes = fs::read(path).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[start..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn erf_of_a_sweep_has_a_grid_and_all_numbers() {
    let place = swept();
    let text = place.succeed(&["erf", "--sweep", "out", "--device", "flex", "--mark-taps"]);
    assert!(text.contains("rates 1, 2, 4, 8: logits at 16,16 of 32x32, mean of 2 images"), "{text}");
    assert!(text.contains("grid.png") && text.contains("4 powers of ten"), "{text}");
    let mut all = names(&place.path("erf"));
    all.sort();
    assert_eq!(all, ["1-12-24-36", "1-2-4-8", "grid-log.png", "grid.png"]);
    for rates in ["1-2-4-8", "1-12-24-36"] {
        let folder = place.path("erf").join(rates);
        let values = array(&folder.join("erf.npy"));
        let sum: f32 = values.iter().sum();
        assert!(values.len() == 32 * 32 && (sum - 1.0).abs() < 1e-4, "{sum}");
        let record = json(&folder.join("erf.json"));
        assert_eq!((record["averaged"].as_u64(), &record["rectify"]), (Some(2), &"gradient".into()));
        assert_eq!(record["squares"].as_array().unwrap().len(), 5);
        // Twelve pixels from the centre of 32 there is an image; twenty-four pixels away there is
        // none.
        let branches = record["taps"]["branches"].as_array().unwrap();
        assert_eq!(branches.len(), 4);
        let there = |branch: usize| branches[branch]["outer_mass"].as_f64();
        assert_eq!(there(3).is_some(), rates == "1-2-4-8", "{record}");
        for name in ["erf.png", "erf-log.png"] {
            let picture = image::open(folder.join(name)).unwrap();
            assert_eq!((picture.width(), picture.height()), (512, 512));
        }
    }
    let [linear, log] = ["grid.png", "grid-log.png"].map(|name| image::open(place.path("erf").join(name)).unwrap());
    assert!(linear.width() > 2 * 288 && linear.height() > 288 && log != linear);
}

#[test]
fn erf_of_a_run_of_its_checkpoint_and_of_images_agree() {
    let place = swept();
    let checkpoint = file_with(&place.path("out/stare-ci/1-2-4-8"), "checkpoint.safetensors");
    let run = checkpoint.parent().unwrap().to_str().unwrap().to_owned();
    let checkpoint = checkpoint.to_str().unwrap().to_owned();
    let drawn = file_with(&place.path("out/synthetic"), "STARE/");
    let root = drawn.ancestors().find(|path| path.ends_with("STARE")).unwrap().to_owned();
    let erf = |rest: &[&str]| {
        place.succeed(&[&["erf", "--device", "flex"][..], rest].concat());
        let map = fs::read(place.path("erf/erf.npy")).unwrap();
        let used = json(&place.path("erf/erf.json"))["images"]["files"].clone();
        fs::remove_dir_all(place.path("erf")).unwrap();
        (map, used)
    };
    let (whole, used) = erf(&["--weights", &run]);
    let used: Vec<String> = serde_json::from_value(used).unwrap();
    let drawn = place.path("out/synthetic");
    assert!(used.len() == 2 && used.iter().all(|path| Path::new(path).starts_with(&drawn)), "{used:?}");
    let data_root = root.parent().unwrap().to_str().unwrap();
    assert_eq!(erf(&["--weights", &checkpoint, "--data-root", data_root]).0, whole);
    assert_eq!(erf(&["--weights", &run, &used[0], &used[1]]).0, whole);
    let (first, _) = erf(&["--weights", &run, "--images", "1"]);
    assert_ne!(first, whole);
    assert_eq!(erf(&["--weights", &run, &used[0]]).0, first);
    for changed in [
        &["--class", "vessel"][..],
        &["--layer", "branch-1"],
        &["--layer", "aspp"],
        &["--pixel", "4,20"],
        &["--rectify", "activation"],
        &["--rectify", "absolute"],
        &["--precision", "single"],
        &["--size", "32,48"],
        &["--noise", "2"],
    ] {
        assert_ne!(erf(&[&["--weights", run.as_str()][..], changed].concat()).0, whole, "{changed:?}");
    }
}

#[test]
fn erf_of_fresh_networks_needs_no_data() {
    let place = Place::new();
    let fresh = ["erf", "--spec", "ci", "--experiment", "stare-ci", "--noise", "1", "--device", "flex"];
    place.succeed(&fresh);
    assert!(place.path("erf/1-2-4-8/erf.npy").is_file() && place.path("erf/grid.png").is_file());
    let text = place.succeed(&[&fresh[..], &["--rates", "1,5", "--seed", "3", "--out", "one"]].concat());
    assert!(text.contains("rates 1, 5: logits"), "{text}");
    let mut written = names(&place.path("one"));
    written.sort();
    assert_eq!(written, ["erf-log.png", "erf.json", "erf.npy", "erf.png"]);
    let record = json(&place.path("one/erf.json"));
    assert_eq!(record["network"], "fresh network of stare-ci 1-5 seed 3 in ci");
    assert_eq!(record["images"], serde_json::json!({ "noise": 1 }));
}

#[test]
fn error_erf() {
    let place = swept();
    let run = file_with(&place.path("out/stare-ci/1-2-4-8"), "checkpoint.safetensors").parent().unwrap().to_owned();
    let run = run.to_str().unwrap();
    fs::write(place.path("broken.pth"), "no weights").unwrap();
    let before = files(place.root());
    for (arguments, parts) in [
        (&["--noise", "1"][..], &["--weights"][..]),
        (&["--weights", run, "--sweep", "out"], &["--sweep"]),
        (&["--spec", "ci"], &["--experiment"]),
        (&["--weights", "absent.pth"], &["absent.pth"]),
        (&["--weights", "broken.pth", "--dataset", "stare", "--noise", "1"], &["broken.pth"]),
        (&["--weights", "out"], &["out", "run.toml"]),
        (&["--sweep", "absent"], &["--sweep absent", "no finished runs"]),
        (&["--sweep", "out", "--rates", "1,3"], &["--rates", "stare-ci"]),
        (&["--sweep", "out", "--align-corners"], &["--align-corners is for --weights"]),
        (&["--weights", run, "--layer", "neck"], &["neck", "branch-0", "backbone"]),
        (&["--weights", run, "--layer", "branch-4"], &["--layer", "no layer branch-4", "branch-3"]),
        (&["--weights", run, "--class", "road"], &["--class road", "vessel"]),
        (&["--weights", run, "--class", "2"], &["--class", "no class 2"]),
        (&["--weights", run, "--class", "1", "--layer", "aspp"], &["--class", "aspp has none"]),
        (&["--weights", run, "--size", "40,32"], &["--size 40,32", "multiples of 16"]),
        (&["--weights", run, "--size", "32"], &["--size", "two whole numbers"]),
        (&["--weights", run, "--pixel", "32,0"], &["--pixel", "32,0"]),
        (&["--weights", run, "absent.png"], &["absent.png"]),
        (&["--weights", run, "--images", "0"], &["--images"]),
        (&["--spec", "paper", "--experiment", "hrf"], &["--noise", "--data-root", "datasets"]),
    ] {
        let error = place.refuse(&[&["erf", "--device", "flex"][..], arguments].concat());
        assert!(parts.iter().all(|part| error.contains(part)), "{arguments:?}: {error}");
        assert_eq!(files(place.root()), before, "{arguments:?} wrote something");
    }
}
