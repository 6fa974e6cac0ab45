//! What a run ends with: `result.json`, or `error.json` where the loss ceased to be a number or
//! something broke.

use crate::experiment::settings::{MODEL_VERSION, RunSettings};
use crate::experiment::spec::{check_name, check_rates};
use crate::results::provenance::Provenance;
use crate::results::scores::{Confusion, Detection, Scores, nan};
use crate::support::atomic_file;
use crate::support::checksum;
use crate::support::input_file;
use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// A finished run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunResult {
    pub run_id: String,
    pub settings: RunSettings,
    pub data_fingerprint: String,
    pub scores: Scores,
    /// Counts over the validation set, from which the scores follow.
    pub confusion: Confusion,
    /// What is said of two classes beside; not in results of programs that did not compute it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<Detection>,
    /// Total loss of the last iteration.
    #[serde(with = "nan")]
    pub final_loss: f64,
    /// Wall time of training, summed over the programs that took part where the run was resumed.
    pub train_seconds: f64,
    pub eval_seconds: f64,
    /// Crops per second of training.
    pub images_per_second: f64,
    /// Runs side by side in the sweeps that it was part of, at most: they share the machine, and
    /// times tell of that.
    #[serde(default = "one_job")]
    pub jobs: usize,
    /// Largest resident memory of the process, where the system tells and no other run was part of
    /// it.
    pub peak_memory_bytes: Option<u64>,
    pub device: String,
    pub adapter: String,
    /// Graphics API and shader language, or the vector instructions of the CPU; empty in results
    /// that do not say it.
    #[serde(default)]
    pub api: String,
    /// How a GPU computed convolutions in the program that ended the run, and what that was chosen
    /// by; empty on the CPU.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub convolutions: String,
    pub provenance: Provenance,
    /// RFC 3339, UTC.
    pub started: String,
    pub finished: String,
    #[serde(flatten)]
    pub seal: Seal,
}

impl RunResult {
    /// Names of the classes that are in the truth and never predicted: the network has collapsed.
    pub fn never_predicted(&self) -> Vec<String> {
        let names = self.settings.dataset.class_names();
        let name = |class: usize| names.get(class).map_or_else(|| class.to_string(), |name| name.to_string());
        self.confusion.never_predicted().into_iter().map(name).collect()
    }
}

/// Results that do not say it are of a program that did one run at a time.
fn one_job() -> usize {
    1
}

/// What ended a run that has no result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The loss became NaN or infinite: repeating the run would repeat that.
    #[default]
    Diverged,
    /// The program failed. Repeating the run from its last checkpoint may go well.
    Program,
    /// The device failed. The same holds.
    Device,
}

impl Cause {
    /// Whether it lies in the run itself.
    pub fn would_repeat(self) -> bool {
        self == Cause::Diverged
    }
}

/// A run that ended with an error.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunFailure {
    pub run_id: String,
    pub settings: RunSettings,
    pub data_fingerprint: String,
    /// Iteration, counted from 0, at which it happened.
    pub iteration: u64,
    /// Failures that do not say it are of a loss.
    #[serde(default)]
    pub cause: Cause,
    pub reason: String,
    pub device: String,
    pub adapter: String,
    pub provenance: Provenance,
    pub started: String,
    pub finished: String,
    #[serde(flatten)]
    pub seal: Seal,
}

/// What a run's end says of the files of its directory, itself included; nothing in those of
/// programs that wrote no checksums.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The [`MODEL_VERSION`] of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<u32>,
    /// The SHA-256 of the files beside it that were written with it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// The checksum that was read with it, which fits; written by [`write_sealed`].
    #[serde(default, skip_serializing)]
    pub checksum: Option<String>,
}

impl Seal {
    /// What this program says of a run that ends with these files.
    pub fn of(files: BTreeMap<String, String>) -> Self {
        Seal { model_version: Some(MODEL_VERSION), files, checksum: None }
    }

    /// Checks a file of the run's directory, of which `bytes` are `None` where it is not there.
    /// Files that are not listed are not known.
    ///
    /// # Errors
    /// A file that is missing or was changed.
    pub fn check_file(&self, path: &Path, bytes: Option<&[u8]>) -> Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let advice = "--discard starts its run anew";
        match (self.files.get(&*name), bytes) {
            (None, _) => Ok(()),
            (Some(_), None) => bail!("{} is missing, which the run's result goes with: {advice}", path.display()),
            (Some(wanted), Some(bytes)) => {
                let same = checksum::sha256(bytes) == *wanted;
                ensure!(same, "{}: its content is not what was written: {advice}", path.display());
                Ok(())
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        let lacking = self.checksum.is_none() && (self.model_version.is_some() || !self.files.is_empty());
        if lacking { Err("it lacks the checksum that it was written with".into()) } else { Ok(()) }
    }
}

/// What a run's directory ends with.
pub trait RunEnd: DeserializeOwned {
    /// Whether it can be of a run: names become parts of paths, and numbers of classes indexes.
    ///
    /// # Errors
    /// The key, and why its value cannot be.
    fn check(&self) -> Result<(), String>;
}

impl RunEnd for RunResult {
    fn check(&self) -> Result<(), String> {
        self.seal.check()?;
        check_run(&self.run_id, &self.settings)?;
        let classes = self.settings.dataset.class_names().len();
        self.confusion.check(classes).map_err(|message| format!("confusion: {message}"))?;
        self.scores.check(classes).map_err(|message| format!("scores: {message}"))?;
        let detection = self.detection.as_ref().map_or(Ok(()), Detection::check);
        detection.map_err(|message| format!("detection: {message}"))
    }
}

impl RunEnd for RunFailure {
    fn check(&self) -> Result<(), String> {
        self.seal.check()?;
        check_run(&self.run_id, &self.settings)
    }
}

/// Whether a directory can be called after a run, and what is computed from its settings exists.
/// More is not asked of results: they may be of programs whose settings had other limits.
pub(crate) fn check_run(run_id: &str, settings: &RunSettings) -> Result<(), String> {
    const LONGEST_ID: usize = 64;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if run_id.is_empty() || run_id.len() > LONGEST_ID || !run_id.bytes().all(letter) {
        return Err(format!("run_id: must be at most {LONGEST_ID} letters and digits: it names a directory"));
    }
    check_name(&settings.experiment).map_err(|message| format!("settings.experiment: {message}"))?;
    check_rates(&settings.rates).map_err(|message| format!("settings.rates: {message}"))?;
    for (key, sides) in [("crop", settings.crop), ("resize", settings.resize)] {
        if !sides.iter().all(|side| (1..=65_536).contains(side)) {
            return Err(format!("settings.{key}: sides must be in 1..=65536"));
        }
    }
    Ok(())
}

/// Reads the JSON file of a run that has ended.
///
/// # Errors
/// Names the file and what to do about one that cannot be understood.
pub fn read_json<T: RunEnd>(path: &Path) -> Result<T> {
    let text =
        input_file::read(path, input_file::RESULT_BYTES).with_context(|| format!("cannot read {}", path.display()))?;
    let cannot = || {
        format!("cannot use {}: remove it, or give --discard to the sweep, to have the run repeated", path.display())
    };
    checksum::check(&text).with_context(cannot)?;
    let end: T = serde_json::from_slice(&text).with_context(cannot)?;
    end.check().map_err(anyhow::Error::msg).with_context(cannot)?;
    Ok(end)
}

/// Reads the JSON file of a run that has ended; `None` where there is no such file.
///
/// # Errors
/// As [`read_json`].
pub fn read_json_if_present<T: RunEnd>(path: &Path) -> Result<Option<T>> {
    // Not asked first whether it is there: another program may be removing it.
    match read_json(path) {
        Err(error) if error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == ErrorKind::NotFound) => {
            Ok(None)
        }
        read => read.map(Some),
    }
}

/// Writes a JSON file with a checksum of itself, whole or not at all.
///
/// # Errors
/// Names the file.
pub fn write_sealed<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    #[derive(Serialize)]
    struct Sealed<'v, T> {
        #[serde(flatten)]
        value: &'v T,
        checksum: &'static str,
    }
    let sealed = Sealed { value, checksum: checksum::UNSET };
    let mut text = serde_json::to_vec_pretty(&sealed).with_context(|| format!("cannot write {}", path.display()))?;
    text.push(b'\n');
    checksum::seal(&mut text);
    atomic_file::write(path, text)
}

/// Writes a JSON file, whole or not at all.
///
/// # Errors
/// Names the file.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(value).with_context(|| format!("cannot write {}", path.display()))?;
    text.push(b'\n');
    atomic_file::write(path, text)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::experiment::settings;

    /// The result of a made-up run, for tests of this crate.
    pub(crate) fn example(settings: RunSettings, counts: [u64; 4]) -> RunResult {
        let confusion = Confusion { classes: 2, counts: counts.to_vec() };
        RunResult {
            run_id: settings::run_id(&settings, "fingerprint"),
            settings,
            data_fingerprint: "fingerprint".into(),
            scores: confusion.scores(),
            confusion,
            final_loss: 0.25,
            train_seconds: 10.0,
            eval_seconds: 1.5,
            images_per_second: 40.0,
            jobs: 1,
            peak_memory_bytes: Some(1 << 20),
            device: "flex".into(),
            adapter: "CPU".into(),
            api: "AVX2".into(),
            detection: None,
            convolutions: String::new(),
            provenance: provenance(),
            started: "2026-01-01T00:00:00Z".into(),
            finished: "2026-01-01T00:00:10Z".into(),
            seal: Seal::default(),
        }
    }

    /// A made-up failed run.
    pub(crate) fn failure(settings: RunSettings) -> RunFailure {
        RunFailure {
            run_id: settings::run_id(&settings, "fingerprint"),
            settings,
            data_fingerprint: "fingerprint".into(),
            iteration: 37,
            cause: Cause::Diverged,
            reason: "the loss is NaN".into(),
            device: "flex".into(),
            adapter: "CPU".into(),
            provenance: provenance(),
            started: "2026-01-01T00:00:00Z".into(),
            finished: "2026-01-01T00:00:10Z".into(),
            seal: Seal::default(),
        }
    }

    fn provenance() -> Provenance {
        Provenance { version: "0.1.0".into(), git_commit: "abc".into(), burn_version: "0.22.1".into() }
    }

    #[test]
    fn survives_json() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        let mut result = example(settings::tests::example(), [5, 0, 0, 0]);
        result.final_loss = f64::NAN;
        write_json(&path, &result).unwrap();
        let back: RunResult = read_json(&path).unwrap();
        assert_eq!(back.confusion, result.confusion);
        assert!(back.scores.iou[1].is_nan() && back.final_loss.is_nan());
    }

    #[test]
    fn a_result_that_does_not_say_its_jobs_ran_alone() {
        let mut json = serde_json::to_value(example(settings::tests::example(), [5, 0, 0, 0])).unwrap();
        json["jobs"] = 3.into();
        assert_eq!(serde_json::from_value::<RunResult>(json.clone()).unwrap().jobs, 3);
        json.as_object_mut().unwrap().remove("jobs");
        assert_eq!(serde_json::from_value::<RunResult>(json).unwrap().jobs, 1);
    }

    #[test]
    fn a_file_may_be_absent_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("error.json");
        assert!(read_json_if_present::<RunFailure>(&path).unwrap().is_none());
        write_json(&path, &failure(settings::tests::example())).unwrap();
        assert_eq!(read_json_if_present::<RunFailure>(&path).unwrap().unwrap().iteration, 37);
        assert!(read_json_if_present::<RunFailure>(folder.path()).is_err());
    }

    #[test]
    fn a_failure_that_does_not_say_its_cause_is_of_the_loss() {
        let mut json = serde_json::to_value(failure(settings::tests::example())).unwrap();
        json["cause"] = "device".into();
        assert_eq!(serde_json::from_value::<RunFailure>(json.clone()).unwrap().cause, Cause::Device);
        json.as_object_mut().unwrap().remove("cause");
        assert!(serde_json::from_value::<RunFailure>(json).unwrap().cause.would_repeat());
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        std::fs::write(&path, "{").unwrap();
        let error = format!("{:#}", read_json::<RunResult>(&path).unwrap_err());
        assert!(error.contains("result.json") && error.contains("--discard"), "{error}");
    }

    #[test]
    fn a_sealed_result_that_was_changed_is_refused_and_one_of_before_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        let mut result = example(settings::tests::example(), [5, 1, 0, 3]);
        result.seal = Seal::of(BTreeMap::from([("images.csv".into(), checksum::sha256(b"a"))]));
        write_sealed(&path, &result).unwrap();
        let read: RunResult = read_json(&path).unwrap();
        assert!(read.seal.checksum.is_some() && read.seal.model_version == Some(MODEL_VERSION));
        let written = std::fs::read_to_string(&path).unwrap();
        let error = |from: &str, to: &str| {
            std::fs::write(&path, written.replacen(from, to, 1)).unwrap();
            format!("{:#}", read_json::<RunResult>(&path).unwrap_err())
        };
        assert!(error("\"final_loss\": 0.25", "\"final_loss\": 0.26").contains("its checksum does not fit"));
        assert!(error("\"checksum\"", "\"checksun\"").contains("lacks the checksum"));
        let images = folder.path().join("images.csv");
        read.seal.check_file(&images, Some(b"a")).unwrap();
        read.seal.check_file(&folder.path().join("notes.txt"), None).unwrap();
        for (bytes, why) in [(None, "images.csv is missing"), (Some(&b"b"[..]), "images.csv: its content is not")] {
            let error = read.seal.check_file(&images, bytes).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("--discard"), "{error}");
        }
        write_json(&path, &example(settings::tests::example(), [5, 1, 0, 3])).unwrap();
        assert_eq!(read_json::<RunResult>(&path).unwrap().seal, Seal::default());
    }
}
