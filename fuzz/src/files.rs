//! Specs, checkpoints and results. Each function takes any bytes as such a file: they are read, or
//! refused with one line that names it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use atrous_harness::conclusions::gate::{Check, CheckOptions, FirstLosses, ReferenceRuns};
use atrous_harness::conclusions::guideline::Evidence;
use atrous_harness::conclusions::table::{MARGIN, Table};
use atrous_harness::conclusions::verdict::Verdicts;
use atrous_harness::experiment::settings::RunSettings;
use atrous_harness::experiment::spec::{Overrides, Spec, check_settings};
use atrous_harness::results::image_counts;
use atrous_harness::results::rows::Rows;
use atrous_harness::results::run_dir::RunFile;
use atrous_harness::results::scores::Metric;
use atrous_harness::run::train::{Checkpoint, read_evaluations, read_log};
use atrous_models::State;

/// A folder that goes away with this.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a scratch folder")
}

/// The file, with these bytes.
fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, bytes).expect("a file");
    path
}

/// What was read; of an error nothing but that it names the file.
#[track_caller]
fn named<T>(read: anyhow::Result<T>, path: &Path) -> Option<T> {
    read.inspect_err(|error| {
        let message = format!("{error:#}");
        assert!(message.contains(&*path.to_string_lossy()), "{message}");
    })
    .ok()
}

/// A spec file, as it is and with overrides.
pub fn spec(bytes: &[u8]) {
    let folder = scratch();
    let path = written(folder.path(), "my.toml", bytes);
    let overridden = Overrides {
        set: vec!["train.iterations=3".into(), "model.kind=shallow".into()],
        seeds: Some("2".into()),
        only: Vec::new(),
    };
    for overrides in [Overrides::default(), overridden] {
        match Spec::load(&path.to_string_lossy(), &overrides) {
            Ok(spec) => spec.plan().iter().for_each(|run| check_settings(&run.settings).expect("possible settings")),
            Err(error) => {
                let message = error.to_string();
                let names =
                    message.contains("my.toml") || message.starts_with("--set") || message.starts_with("--seeds");
                assert!(names, "{message}");
            }
        }
    }
}

/// Weights in whichever form: what was read has as many values as its shapes say.
fn state(bytes: &[u8]) -> Option<State> {
    let state = State::from_bytes(bytes).ok()?;
    for values in state.tensors.values() {
        assert_eq!(values.shape.iter().product::<usize>(), values.data.len());
    }
    let _ = state.network(vec![1, 12, 24, 36], 8);
    let _ = atrous_models::NetworkDescription::of(&state).map_err(|error| error.to_string());
    Some(state)
}

/// Weights as a safetensors file.
pub fn checkpoint_safetensors(bytes: &[u8]) {
    if let Some(state) = state(bytes) {
        let again = State::from_bytes(&state.to_bytes()).expect("what was written is read");
        assert_eq!(again.metadata, state.metadata);
        // Numbers that are not equal to themselves have bits all the same.
        let bits = |state: &State| -> Vec<u32> {
            state.tensors.values().flat_map(|values| values.data.iter().map(|value| value.to_bits())).collect()
        };
        assert_eq!(bits(&again), bits(&state));
        let _ = state.into_backbone();
    }
}

/// Weights as torch writes them.
pub fn checkpoint_pth(bytes: &[u8]) {
    if let Some(state) = state(bytes) {
        let size: usize = state.tensors.values().map(|values| 4 * values.data.len()).sum();
        assert!(size <= 4 * bytes.len() + (1 << 20), "{size} bytes from {}", bytes.len());
    }
}

/// A checkpoint of this program.
pub fn checkpoint_own(bytes: &[u8]) {
    let folder = scratch();
    let path = written(folder.path(), "checkpoint.safetensors", bytes);
    if let Some(checkpoint) = named(Checkpoint::read(&path), &path) {
        check_settings(&checkpoint.settings).expect("possible settings");
    }
}

/// A run with these files, read, and everything that is made of rows: tables, verdicts, CSV.
fn run(run_toml: &[u8], result_json: &[u8], images_csv: Option<&[u8]>) {
    let folder = scratch();
    let path = folder.path();
    let name = "stare/1-2/seed-0-id";
    written(path, &format!("{name}/run.toml"), run_toml);
    written(path, &format!("{name}/result.json"), result_json);
    if let Some(bytes) = images_csv {
        written(path, &format!("{name}/images.csv"), bytes);
    }
    let Some(rows) = named(Rows::read(path), path) else { return };
    let Some(first) = rows.0.first() else { return };
    assert!(!Table::new(&rows, MARGIN).markdown().is_empty());
    Verdicts::new(&rows).markdown();
    Evidence::of(&rows).expect("rows are evidence");
    // A reference of them is read as it was written, and they are held against it.
    let mut reference = ReferenceRuns::new(first.model_version);
    if reference.extend(&rows, &FirstLosses::default()).is_ok() {
        let file = written(path, "own.json", &serde_json::to_vec(&reference).expect("a reference"));
        check(&ReferenceRuns::read(&file).expect("the same reference"), &rows);
    }
}

/// Holds runs against a reference.
fn check(reference: &ReferenceRuns, rows: &Rows) {
    let (alpha, margin, only) = (0.05, 0.0, Vec::new());
    let options = CheckOptions { metric: Metric::Miou, alpha, margin, must_detect: None, exact: true, only };
    serde_json::to_string(&Check::new(reference, rows, &FirstLosses::default(), options)).expect("numbers");
}

/// A file of results, as each of those that there are.
pub fn results(bytes: &[u8]) {
    let (run_toml, result_json) = (VALID.run_toml.as_bytes(), VALID.result_json.as_bytes());
    run(run_toml, bytes, None);
    run(bytes, result_json, None);
    run(run_toml, result_json, Some(bytes));
    let folder = scratch();
    let path = written(folder.path(), "results.csv", bytes);
    if let Some(reference) = named(ReferenceRuns::read(&path), &path) {
        check(&reference, &Rows::default());
    }
    named(read_log(&path), &path);
    named(read_evaluations(&path), &path);
    named(image_counts::read(&path, 2), &path);
    if let Some(evidence) = named(Evidence::read(&[folder.path()]), &path) {
        evidence.series.iter().for_each(|series| drop(series.relative_rates()));
    }
}

/// Files of a run that belong together.
struct Valid {
    run_toml: String,
    result_json: String,
}

static VALID: LazyLock<Valid> = LazyLock::new(|| {
    let result_json = include_str!("../../harness/tests/corpus/results/valid-result.json").to_owned();
    let result: serde_json::Value = serde_json::from_str(&result_json).expect("a result");
    let settings: RunSettings = serde_json::from_value(result["settings"].clone()).expect("settings");
    let run_id = result["run_id"].as_str().expect("an id");
    let file = RunFile::new(&settings, &settings.rates, run_id, "fingerprint");
    Valid { run_toml: toml::to_string(&file).expect("a run"), result_json }
});
