//! Weights, optimiser and iteration of a run, in one file that is there whole or not at all.

use crate::experiment::settings::{MODEL_VERSION, RunSettings};
use crate::experiment::spec::check_settings;
use crate::support::atomic_file;
use crate::support::checksum::{self, HeadChecksum};
use crate::support::input_file;
use crate::support::lookup;
use anyhow::{Context, Result};
use atrous_models::State;
use std::collections::BTreeMap;
use std::path::Path;

/// The key of the program's [`MODEL_VERSION`] in the metadata. A file that has it has a checksum.
const MODEL_VERSION_KEY: &str = "model_version";

/// A safetensors file: the network's tensors under mmsegmentation's keys, the velocities behind
/// `velocity.`, and, as metadata, what is needed to go on and to score the network without its run
/// directory.
pub struct Checkpoint {
    pub state: State,
    pub run_id: String,
    pub settings: RunSettings,
    /// Iterations that are done.
    pub iteration: u64,
    pub train_seconds: f64,
    /// When the run was first started, RFC 3339.
    pub began: String,
    /// Name of the device that it was trained on; of all of them, joined by ` + `, where they
    /// changed.
    pub device: String,
    /// Runs side by side, at most.
    pub jobs: usize,
    /// Commit of the program that computed it; of all of them, joined by ` + `, where they changed.
    /// `None` in checkpoints of programs that did not say it.
    pub commits: Option<String>,
    /// The other files of the run as they were then; `None` as above.
    pub log: Option<HeadChecksum>,
    pub evaluations: Option<HeadChecksum>,
}

/// What is wrong with a checkpoint's metadata.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("it has no readable \"{0}\" in its metadata, as checkpoints of this program do")]
    Metadata(&'static str),
    #[error("the settings in it cannot be: {0}")]
    Settings(String),
    #[error("it lacks the checksum that it was written with")]
    NoChecksum,
    #[error("it is of run {found}, not of {wanted}")]
    OtherRun { found: String, wanted: String },
}

impl Checkpoint {
    /// # Errors
    /// Names the file.
    pub fn write(mut self, path: &Path) -> Result<()> {
        let settings = serde_json::to_string(&self.settings).context("settings cannot be written as JSON")?;
        self.state.metadata = BTreeMap::from([
            ("run_id".to_owned(), self.run_id),
            ("settings".to_owned(), settings),
            ("iteration".to_owned(), self.iteration.to_string()),
            ("train_seconds".to_owned(), self.train_seconds.to_string()),
            ("began".to_owned(), self.began),
            ("device".to_owned(), self.device),
            ("jobs".to_owned(), self.jobs.to_string()),
            (MODEL_VERSION_KEY.to_owned(), MODEL_VERSION.to_string()),
            (checksum::KEY.to_owned(), checksum::UNSET.to_owned()),
        ]);
        let head = |head: HeadChecksum| head.to_string();
        let optional =
            [("commits", self.commits), ("log", self.log.map(head)), ("evaluations", self.evaluations.map(head))];
        let present = optional.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?)));
        self.state.metadata.extend(present);
        let mut bytes = self.state.to_bytes();
        checksum::seal(&mut bytes);
        atomic_file::write(path, bytes)
    }

    /// Reads a checkpoint of this program.
    ///
    /// # Errors
    /// A file that cannot be read, is no safetensors file or lacks this program's metadata; names
    /// it.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = input_file::read_weights(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::from_bytes(&bytes).with_context(|| format!("{} is no checkpoint", path.display()))
    }

    /// Reads the bytes of a checkpoint of this program.
    ///
    /// # Errors
    /// A checksum that does not fit, and those of [`Checkpoint::of`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        checksum::check(bytes)?;
        Self::of(State::from_bytes(bytes)?)
    }

    /// Reads a checkpoint as [`Checkpoint::read`] does; `None` where there is no such file.
    ///
    /// # Errors
    /// Those of [`Checkpoint::read`].
    pub fn read_if_present(path: &Path) -> Result<Option<Self>> {
        if lookup::is_there(path)? { Self::read(path).map(Some) } else { Ok(None) }
    }

    /// Whether a state is meant as a checkpoint of this program.
    pub fn is_in(state: &State) -> bool {
        state.metadata.contains_key("settings") && state.metadata.contains_key("run_id")
    }

    /// # Errors
    /// A state without this program's metadata.
    pub fn of(state: State) -> Result<Self> {
        let text = |key: &'static str| state.metadata.get(key).ok_or(CheckpointError::Metadata(key));
        if state.metadata.contains_key(MODEL_VERSION_KEY) && !state.metadata.contains_key(checksum::KEY) {
            return Err(CheckpointError::NoChecksum.into());
        }
        let settings: RunSettings =
            serde_json::from_str(text("settings")?).map_err(|_| CheckpointError::Metadata("settings"))?;
        check_settings(&settings).map_err(CheckpointError::Settings)?;
        let iteration = text("iteration")?.parse().map_err(|_| CheckpointError::Metadata("iteration"))?;
        let train_seconds = text("train_seconds")?.parse().map_err(|_| CheckpointError::Metadata("train_seconds"))?;
        let (run_id, began, device) = (text("run_id")?.clone(), text("began")?.clone(), text("device")?.clone());
        // Checkpoints that do not say it are of a program that did one run at a time.
        let jobs = state.metadata.get("jobs").map_or(Ok(1), |jobs| jobs.parse());
        let jobs = jobs.map_err(|_| CheckpointError::Metadata("jobs"))?;
        let head = |key: &'static str| {
            let read = state.metadata.get(key).map(|text| text.parse::<HeadChecksum>());
            read.transpose().map_err(|_| CheckpointError::Metadata(key))
        };
        let (log, evaluations) = (head("log")?, head("evaluations")?);
        let commits = state.metadata.get("commits").cloned();
        Ok(Checkpoint {
            state,
            run_id,
            settings,
            iteration,
            train_seconds,
            began,
            device,
            jobs,
            commits,
            log,
            evaluations,
        })
    }

    /// # Errors
    /// Where the checkpoint belongs to another run.
    pub fn check_run(&self, run_id: &str) -> Result<(), CheckpointError> {
        if self.run_id == run_id {
            return Ok(());
        }
        Err(CheckpointError::OtherRun { found: self.run_id.clone(), wanted: run_id.to_owned() })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::experiment::network;
    use crate::experiment::settings::tests::example;
    use atrous_models::SgdConfig;
    use atrous_models::burn::tensor::Device;

    /// A checkpoint of a run that has just begun, for tests of this crate.
    pub(crate) fn checkpoint(settings: RunSettings) -> Checkpoint {
        let mut network = network::config(&settings).init(3, &Device::flex());
        let sgd = SgdConfig { momentum: 0.9, weight_decay: 0.0 }.init();
        Checkpoint {
            state: State::of_training(&mut network, &sgd),
            run_id: "id".into(),
            settings,
            iteration: 7,
            train_seconds: 1.5,
            began: "2026-01-01T00:00:00Z".into(),
            device: "flex".into(),
            jobs: 2,
            commits: Some("abc".into()),
            log: None,
            evaluations: None,
        }
    }

    #[test]
    fn a_checkpoint_gives_back_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        assert!(Checkpoint::read_if_present(&path).unwrap().is_none());
        let written = checkpoint(example());
        let tensors = written.state.tensors.clone();
        written.write(&path).unwrap();
        let read = Checkpoint::read(&path).unwrap();
        assert!(read.state.tensors == tensors);
        assert_eq!((read.run_id.as_str(), read.iteration, read.train_seconds), ("id", 7, 1.5));
        assert_eq!((read.settings, read.began.as_str()), (example(), "2026-01-01T00:00:00Z"));
        assert_eq!((read.device.as_str(), read.jobs), ("flex", 2));
        let mut older = read.state;
        for key in ["jobs", "commits", MODEL_VERSION_KEY, checksum::KEY] {
            older.metadata.remove(key);
        }
        assert_eq!(Checkpoint::of(older).unwrap().jobs, 1);
    }

    #[test]
    fn a_changed_bit_anywhere_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        checkpoint(example()).write(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for at in (0..bytes.len()).step_by(bytes.len() / 300).chain([8, bytes.len() - 1]) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(Checkpoint::from_bytes(&changed).is_err(), "byte {at} of {}", bytes.len());
        }
        for (from, to) in [("\"iteration\":\"7\"", "\"iteration\":\"8\""), ("\"checksum\"", "\"checksun\"")] {
            let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
            let mut changed = bytes.clone();
            changed[at..at + to.len()].copy_from_slice(to.as_bytes());
            let error = format!("{:#}", Checkpoint::from_bytes(&changed).err().unwrap());
            assert!(error.contains("checksum"), "{error}");
        }
    }

    #[test]
    fn a_damaged_or_foreign_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        for bytes in [b"nonsense".to_vec(), State::default().to_bytes()] {
            std::fs::write(&path, bytes).unwrap();
            let error = format!("{:#}", Checkpoint::read(&path).err().unwrap());
            assert!(error.contains("weights.safetensors is no checkpoint"), "{error}");
        }
    }

    #[test]
    fn settings_that_cannot_be_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        let mut settings = example();
        settings.infer.stride = Some([0, 16]);
        checkpoint(settings).write(&path).unwrap();
        let error = format!("{:#}", Checkpoint::read(&path).err().unwrap());
        assert!(error.contains("checkpoint.safetensors") && error.contains("infer.stride sides must be in"), "{error}");
    }
}
