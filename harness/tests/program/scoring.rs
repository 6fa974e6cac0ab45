//! `train`, `eval`, `predict` and `devices`.

use crate::place::{Place, file_with, files};
use atrous_data::DatasetKind;
use std::fs;
use std::path::Path;

/// Trains one run of the spec `ci`; the place, the checkpoint, and the root of the synthetic
/// images.
fn trained() -> (Place, String, String) {
    let place = Place::new();
    place.succeed(&["train", "ci", "--experiment", "stare-ci", "--rates", "1,3,5", "--device", "flex", "--out", "out"]);
    let checkpoint = file_with(&place.path("out"), "checkpoint.safetensors").to_str().unwrap().to_owned();
    let roots = fs::read_dir(place.path("out/synthetic")).unwrap().map(|entry| entry.unwrap().path());
    let root = roots.into_iter().find(|path| path.join("STARE").is_dir()).unwrap();
    (place, checkpoint, root.to_str().unwrap().to_owned())
}

#[test]
fn train_does_one_run_of_a_spec() {
    let (place, checkpoint, _) = trained();
    assert!(checkpoint.contains("stare-ci/1-3-5/seed-0-"), "{checkpoint}");
    let log = fs::read_to_string(file_with(&place.path("out"), "log.csv")).unwrap();
    assert!(log.starts_with("iteration,lr,loss,decode,auxiliary\n0,0.01,"), "{log}");
    assert_eq!(log.lines().count(), 5);
}

#[test]
fn eval_prints_the_scores_of_the_run() {
    let (place, checkpoint, root) = trained();
    let eval = ["eval", "--weights", &checkpoint, "--data-root", &root, "--device", "flex", "--json", "scores.json"];
    let text = place.succeed(&eval);
    assert!(text.starts_with("STARE val, 2 images"), "{text}");
    let read = |path| serde_json::from_str::<serde_json::Value>(&fs::read_to_string(path).unwrap()).unwrap();
    let result = read(file_with(&place.path("out"), "result.json"));
    let scores = read(place.path("scores.json"));
    assert_eq!(scores["confusion"], result["confusion"]);
    let mdice = 100.0 * result["scores"]["mdice"].as_f64().unwrap();
    assert!(text.contains(&format!("{mdice:.2}")), "{text} has no {mdice:.2}");
}

#[test]
fn predict_writes_masks_and_overlays() {
    let (place, checkpoint, root) = trained();
    let image = file_with(&place.path(&root), "im0001.ppm").to_str().unwrap().to_owned();
    place.succeed(&["predict", "--weights", &checkpoint, "--device", "flex", "--out", "masks", &image]);
    // The palette: what a viewer shows.
    let mask = image::open(place.path("masks/im0001-mask.png")).unwrap().to_rgb8();
    assert_eq!(mask.dimensions(), (64, 48));
    let shown = |pixel: &image::Rgb<u8>| DatasetKind::STARE.palette().contains(&pixel.0);
    assert!(mask.pixels().all(shown));
    let overlay = image::open(place.path("masks/im0001-overlay.png")).unwrap();
    assert!(overlay.width() >= 64 && overlay.height() >= 48);
}

/// Probabilities in both formats: of the classes that the mask has, and the same numbers.
#[test]
fn predict_takes_folders_and_runs_and_writes_probabilities() {
    let (place, checkpoint, root) = trained();
    let images = file_with(&place.path(&root), "im0001.ppm").parent().unwrap().to_str().unwrap().to_owned();
    let run = Path::new(&checkpoint).parent().unwrap().to_str().unwrap().to_owned();
    let predict = |weights: &str, out: &str, more: &[&str]| {
        let call = ["predict", "--weights", weights, "--device", "flex", "--out", out];
        place.succeed(&[&call[..], more].concat())
    };
    let count = fs::read_dir(&images).unwrap().count();
    let text = predict(&run, "a", &[&images, "--probabilities", "npy,png"]);
    assert!(text.starts_with(&format!("{count} masks")), "{text}");
    let npy = fs::read(place.path("a/im0001-probabilities.npy")).unwrap();
    let area = 64 * 48;
    let values = npy[npy.len() - 8 * area..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
    let values: Vec<f32> = values.collect();
    assert!(String::from_utf8_lossy(&npy[..128]).contains("'shape': (2, 48, 64)"));
    let mask = image::open(place.path("a/im0001-mask.png")).unwrap().to_rgb8();
    let grey = image::open(place.path("a/im0001-probability-1.png")).unwrap().to_luma16();
    for (pixel, (colour, grey)) in mask.pixels().zip(grey.pixels()).enumerate() {
        let [background, vessel] = [values[pixel], values[area + pixel]];
        assert!((background + vessel - 1.0).abs() < 1e-6);
        assert!((f32::from(grey.0[0]) / 65_535.0 - vessel).abs() < 1e-5);
        assert_eq!(colour.0 == DatasetKind::STARE.palette()[1], vessel > background);
    }
    // The results of the sweep have one run: that is it. A pattern means the same images.
    let pattern = format!("{images}/im000?.*");
    predict("out", "b", &[&pattern, "--rates", "1,3,5"]);
    let bytes = |path: &str| fs::read(place.path(path)).unwrap();
    assert_eq!(bytes("a/im0001-mask.png"), bytes("b/im0001-mask.png"));
    let refuse = |weights: &str, more: &[&str]| {
        let call = ["predict", "--weights", weights, "--device", "flex", &images];
        place.refuse_untouched(&[&call[..], more].concat())
    };
    let error = refuse("out", &["--rates", "1,2"]);
    assert!(error.contains("out has no such finished run"), "{error}");
    assert!(refuse(&run, &["--seed", "0"]).contains("is the directory of one run"));
    assert!(refuse(&images, &[]).contains("holds neither a run (run.toml) nor finished runs"));
    assert!(refuse(&run, &["--ids"]).contains("--ids: stare has no label ids"));
}

#[test]
fn error_weights() {
    let (place, checkpoint, root) = trained();
    let eval = |weights: &str, more: &[&str]| {
        let mut arguments = vec!["eval", "--weights", weights, "--data-root", &root, "--device", "flex"];
        arguments.extend(more);
        place.refuse_untouched(&arguments)
    };
    assert!(eval("absent.safetensors", &[]).contains("absent.safetensors: there is no such file"));
    let cut = fs::read(&checkpoint).unwrap();
    fs::write(place.path("cut.safetensors"), &cut[..cut.len() / 2]).unwrap();
    let error = eval("cut.safetensors", &[]);
    assert!(error.contains("cut.safetensors cannot be used"), "{error}");
    let error = eval(&checkpoint, &["--dataset", "isaid"]);
    assert!(error.contains("--dataset isaid has 16 classes"), "{error}");
    let error = place.refuse_untouched(&["predict", "--weights", &checkpoint, "--device", "flex", "absent.png"]);
    assert!(error.contains("absent.png"), "{error}");
    assert!(files(place.root()).iter().all(|path| !path.ends_with("predictions")));
}

#[test]
fn devices_lists_the_cpu() {
    let text = Place::new().succeed(&["devices"]);
    assert!(text.lines().any(|line| line.starts_with("flex ")) && text.contains("<- auto"), "{text}");
}

/// HRF at full size: 2336 x 3504 pixels. Memory is bounded by the images in flight, not by their
/// number.
#[test]
#[cfg(target_os = "linux")]
fn a_full_size_image_is_trained_on_and_scored_within_4_gib() {
    let place = Place::new();
    fs::write(
        place.path("full.toml"),
        r#"
[[experiment]]
name     = "hrf-full"
dataset  = "hrf"
model    = { base_channels = 2, aspp_channels = 2 }
crop     = [256, 256]
rates    = [[1, 12]]
baseline = [1, 12]
seeds    = [0]
train    = { iterations = 1, batch = 4 }
infer    = { mode = "slide", window = [256, 256], stride = [170, 170] }
data     = { synthetic = { seed = 1, train = 1, val = 1, size = [2336, 3504] } }
"#,
    )
    .unwrap();
    place.succeed(&["sweep", "full.toml", "--device", "flex", "--out", "out"]);
    let result = fs::read_to_string(file_with(&place.path("out"), "result.json")).unwrap();
    let result: serde_json::Value = serde_json::from_str(&result).unwrap();
    let counted: u64 = result["confusion"]["counts"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(counted, 2336 * 3504);
    assert!(result["peak_memory_bytes"].as_u64().unwrap() < 4 << 30, "{}", result["peak_memory_bytes"]);
}
