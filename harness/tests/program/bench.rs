//! `atrous bench`, and the memory for decoded images, which changes times alone.

use crate::outcome::assert_same;
use crate::place::Place;
use serde_json::Value;

/// What `--json` has written.
fn json(place: &Place, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(place.path(name)).unwrap()).unwrap()
}

fn seconds(case: &Value) -> Vec<f64> {
    case["seconds"].as_array().unwrap().iter().map(|seconds| seconds.as_f64().unwrap()).collect()
}

#[test]
fn steps_and_images_are_timed_for_people_and_programs() {
    let place = Place::new();
    for (what, option) in [("step", "--steps"), ("inference", "--images")] {
        let arguments = ["ci", "--device", "flex", "--only", "stare-ci", option, "3", "--warmup", "1"];
        let text = place.succeed(&[&["bench", what][..], &arguments, &["--json", "times.json"]].concat());
        assert!(text.contains("stare-ci 1-2-4-8, 32x32") && text.contains("stare-ci 1-12-24-36"), "{text}");
        assert_eq!(text.matches(" GFLOP/s (").count(), 2, "{text}");
        let report = json(&place, "times.json");
        assert_eq!((&report["what"], &report["device"]), (&what.into(), &"flex".into()));
        let cases = report["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 2);
        for case in cases {
            assert_eq!(seconds(case).len(), 3);
            assert!(seconds(case).iter().all(|seconds| *seconds > 0.0));
            assert_eq!(case["settings"]["train"]["batch"], 2);
            assert!(case["operations"].as_f64() > Some(1e6) && case["product_rate"].as_f64() > Some(1e8), "{case}");
        }
    }
}

#[test]
fn a_page_has_the_cases_of_several_processes() {
    let place = Place::new();
    for (experiment, file) in [("stare-ci", "1.json"), ("isaid-ci", "2.json")] {
        let arguments = ["bench", "step", "ci", "--device", "flex", "--only", experiment, "--json", file];
        // The time is up long before so many steps.
        place.succeed(&[&arguments[..], &["--steps", "100000", "--within", "1"]].concat());
    }
    let text = place.succeed(&["bench", "page", "1.json", "2.json", "--json", "all.json"]);
    assert!(text.contains("## Training steps") && text.matches("\n| isaid-ci |").count() == 4, "{text}");
    let all = json(&place, "all.json");
    assert!(all["cases"].as_array().unwrap().iter().all(|case| (3..100_000).contains(&seconds(case).len())));
    assert_eq!(all["cases"].as_array().unwrap().len(), 4);
    let error = place.refuse_untouched(&["bench", "page", "absent.json"]);
    assert!(error.contains("absent.json"), "{error}");
}

#[test]
fn a_dry_run_names_the_cases_of_the_embedded_spec() {
    let place = Place::new();
    let text = place.succeed(&["bench", "step", "--dry-run", "--device", "flex", "--json", "cases.json"]);
    let report = json(&place, "cases.json");
    let cases = report["cases"].as_array().unwrap();
    for name in ["unet-w8", "unet-w16", "unet-w64", "r18", "r50", "r50-wide"] {
        assert!(text.contains(&format!("{name} ")), "{text}");
        assert!(cases.iter().any(|case| case["experiment"] == name && seconds(case).is_empty()));
    }
}

#[test]
fn error_unknown_case() {
    let place = Place::new();
    let error = place.refuse_untouched(&["bench", "step", "--only", "unet", "--device", "flex"]);
    assert!(error.contains("unet") && error.contains("unet-w16"), "{error}");
    let error = place.refuse_untouched(&["bench", "loader", "ci"]);
    assert!(error.contains("stare-ci: its images are drawn"), "{error}");
    let error = place.refuse_untouched(&["bench", "loader", "--only", "hrf", "--data-root", "nowhere"]);
    assert!(error.contains("nowhere"), "{error}");
}

#[test]
fn the_loader_is_timed_on_files() {
    let place = Place::new();
    place.succeed(&["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--limit", "1", "--out", "out"]);
    let drawn = std::fs::read_dir(place.path("out/synthetic")).unwrap().next().unwrap().unwrap().path();
    let spec = "[[experiment]]\nname = \"files\"\ndataset = \"stare\"\nmodel = { base_channels = 4 }\ncrop = [32, 32]\n\
                resize = [48, 64]\nrates = [[1, 2]]\nbaseline = [1, 2]\nseeds = [0]\n\
                train = { iterations = 10, batch = 2 }\ninfer = { mode = \"whole\" }\n";
    std::fs::write(place.path("files.toml"), spec).unwrap();
    let root = drawn.to_str().unwrap();
    let text = place.succeed(&[
        "bench",
        "loader",
        "files.toml",
        "--data-root",
        root,
        "--samples",
        "9",
        "--threads",
        "2",
        "--image-cache",
        "1",
        "--json",
        "times.json",
    ]);
    assert!(text.contains("images/s"), "{text}");
    // Whole batches.
    assert_eq!(seconds(&json(&place, "times.json")["cases"][0]).len(), 5);
}

#[test]
fn results_do_not_depend_on_the_memory_for_images() {
    let place = Place::new();
    for (out, memory) in [("some", "512"), ("none", "0")] {
        place.succeed(&["sweep", "ci", "--device", "flex", "--limit", "2", "--out", out, "--image-cache", memory]);
    }
    assert_same(&place.path("some"), &place.path("none"));
    let error = place.refuse_untouched(&["sweep", "ci", "--image-cache", "much"]);
    assert!(error.contains("--image-cache"), "{error}");
}
