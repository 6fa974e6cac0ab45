use super::{Saved, check};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A scratch folder with criterion's results of some runs, and a file of saved ratios.
struct Place(TempDir);

impl Place {
    /// A run in which the convolution takes 30 ns and the matrix product 10 ns, saved.
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.run_with("saved", 30.0);
        assert!(place.call(&["saved"], true).unwrap());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A run in which the convolution takes so many nanoseconds.
    fn run_with(&self, run: &str, nanoseconds: f64) {
        self.measured(run, "matrix product before", Some("threads 1"), 8.0);
        self.measured(run, "forward", Some("12"), nanoseconds);
        self.measured(run, "matrix product after", Some("threads 1"), 12.5);
    }

    fn measured(&self, run: &str, function: &str, value: Option<&str>, median: f64) {
        let name = value.map_or(function.to_owned(), |value| format!("{function}/{value}"));
        let folder = self.path(run).join("conv").join(&name).join("new");
        fs::create_dir_all(&folder).unwrap();
        let benchmark = serde_json::json!({
            "group_id": "conv", "function_id": function, "value_str": value, "throughput": null,
            "full_id": format!("conv/{name}"), "directory_name": format!("conv/{name}"), "title": name,
        });
        fs::write(folder.join("benchmark.json"), benchmark.to_string()).unwrap();
        let estimates =
            serde_json::json!({ "mean": { "point_estimate": 1e9 }, "median": { "point_estimate": median } });
        fs::write(folder.join("estimates.json"), estimates.to_string()).unwrap();
    }

    fn call(&self, runs: &[&str], save: bool) -> anyhow::Result<bool> {
        let runs: Vec<PathBuf> = runs.iter().map(|run| self.path(run)).collect();
        check(&self.file(), &runs, save)
    }

    fn file(&self) -> PathBuf {
        self.path("benchmarks.json")
    }

    fn saved(&self) -> Saved {
        Saved::read(&self.file()).unwrap()
    }

    fn error(&self, runs: &[&str]) -> String {
        format!("{:#}", self.call(runs, false).unwrap_err())
    }

    fn tolerate(&self, tolerance: f64) {
        let saved = Saved { tolerance, ..self.saved() };
        fs::write(self.file(), serde_json::to_string(&saved).unwrap()).unwrap();
    }
}

const NAME: &str = "conv/forward/12";

#[test]
fn ratios_are_to_the_product_of_the_same_group() {
    let saved = Place::new().saved();
    assert_eq!((saved.benchmarks.len(), saved.benchmarks[NAME].ratio, saved.tolerance), (1, 3.0, 2.0));
    assert!(saved.date.len() == 10 && !saved.processor.is_empty());
}

#[test]
fn slower_by_more_than_the_tolerance_fails() {
    let place = Place::new();
    for (nanoseconds, passes) in [(30.0, true), (59.0, true), (61.0, false), (90.0, false), (1.0, true)] {
        place.run_with("run", nanoseconds);
        assert_eq!(place.call(&["run"], false).unwrap(), passes, "{nanoseconds}");
    }
}

#[test]
fn one_quiet_run_is_enough() {
    let place = Place::new();
    place.run_with("busy", 90.0);
    place.run_with("quiet", 31.0);
    assert!(place.call(&["busy", "quiet", "busy"], false).unwrap());
    assert!(!place.call(&["busy", "busy"], false).unwrap());
}

#[test]
fn medians_are_saved_and_the_tolerance_stays() {
    let place = Place::new();
    place.tolerate(4.0);
    place.run_with("run", 90.0);
    assert!(place.call(&["run"], false).unwrap());
    place.run_with("other", 60.0);
    assert!(place.call(&["run", "saved", "other"], true).unwrap());
    assert_eq!((place.saved().tolerance, place.saved().benchmarks[NAME].ratio), (4.0, 6.0));
}

#[test]
fn what_cannot_be_judged_is_an_error() {
    let place = Place::new();
    assert!(place.error(&["nowhere"]).contains("nowhere"));
    fs::create_dir(place.path("empty")).unwrap();
    assert!(place.error(&["empty"]).contains("no results of criterion"));

    place.run_with("more", 30.0);
    place.measured("more", "backward", None, 30.0);
    assert!(place.error(&["more"]).contains("conv/backward: measured, but not saved (--save)"));
    assert!(place.error(&["saved", "more"]).contains("conv/backward: measured in 1 of 2 runs"));

    place.measured("fewer", "matrix product before", Some("threads 1"), 10.0);
    assert!(place.error(&["fewer"]).contains("conv: 1 measurements of a matrix product, not 2"));
    place.measured("fewer", "matrix product after", Some("threads 1"), 10.0);
    assert!(place.error(&["fewer"]).contains("conv/forward/12: saved, but not measured"));

    place.measured("threads", "matrix product before", Some("threads 2"), 10.0);
    assert!(place.error(&["threads"]).contains("RAYON_NUM_THREADS=1"));
}

#[test]
fn damaged_files_are_named() {
    let place = Place::new();
    let estimates = place.path("saved").join("conv").join("forward/12/new/estimates.json");
    fs::write(&estimates, "{}").unwrap();
    assert!(place.error(&["saved"]).contains("estimates.json: no median"));
    fs::remove_file(&estimates).unwrap();
    assert!(place.error(&["saved"]).contains("estimates.json"));
    place.run_with("saved", 30.0);
    place.tolerate(0.5);
    assert!(place.error(&["saved"]).contains("benchmarks.json: a tolerance of 0.5"));
    fs::write(place.file(), "{}").unwrap();
    assert!(place.error(&["saved"]).contains("benchmarks.json: missing field"));
}

#[test]
fn the_saved_files_are_sound() {
    for vectors in ["AVX-512", "AVX2"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../results/benchmarks.{vectors}.json"));
        let saved = Saved::read(&file).unwrap();
        assert!(!saved.benchmarks.is_empty() && saved.benchmarks.values().all(|benchmark| benchmark.ratio > 0.0));
    }
}
