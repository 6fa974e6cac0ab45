//! The directory of one run: `<out>/<experiment>/<rates>/seed-<n>-<id>/`.

use crate::experiment::Expectation;
use crate::experiment::settings::{MODEL_VERSION, RunSettings};
use crate::experiment::spec::check_rates;
use crate::results::result::{self, RunFailure, RunResult};
use crate::support::atomic_file;
use crate::support::checksum;
use crate::support::input_file;
use crate::support::lookup;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Holds `run.toml`, `log.csv`, the checkpoint and, last, `result.json` (or `error.json`). A run is
/// finished exactly when `result.json` is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

/// `run.toml`: what the run is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunFile {
    pub run_id: String,
    pub model_version: u32,
    pub data_fingerprint: String,
    /// The rates that the experiment is compared with; decides no result.
    pub baseline: Vec<usize>,
    /// What the experiment is expected to show, where its spec says so; decides no result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expectation: Option<Expectation>,
    pub settings: RunSettings,
}

impl RunFile {
    /// Whether it can be of a run.
    fn check(&self) -> Result<(), String> {
        const MOST_LISTS: usize = 1000;
        result::check_run(&self.run_id, &self.settings)?;
        let lists = self.expectation.iter().flat_map(|expectation| &expectation.rates);
        if lists.clone().count() > MOST_LISTS {
            return Err(format!("expectation.rates: must be at most {MOST_LISTS} lists"));
        }
        lists.chain([&self.baseline]).try_for_each(|rates| check_rates(rates))
    }

    /// Describes a run of an experiment that nothing is expected of.
    pub fn new(settings: &RunSettings, baseline: &[usize], run_id: &str, data_fingerprint: &str) -> Self {
        RunFile {
            run_id: run_id.into(),
            model_version: MODEL_VERSION,
            data_fingerprint: data_fingerprint.into(),
            baseline: baseline.into(),
            expectation: None,
            settings: settings.clone(),
        }
    }
}

/// How far a run has come.
#[derive(Clone, Debug)]
pub enum RunState {
    /// The run has not started, or was stopped on the way.
    Unfinished,
    Finished(Box<RunResult>),
    Failed(Box<RunFailure>),
}

impl RunDir {
    /// The directory of a run below the output directory. Nothing is created.
    pub fn new(out: &Path, settings: &RunSettings, run_id: &str) -> Self {
        let name = format!("seed-{}-{run_id}", settings.seed);
        RunDir { path: out.join(&settings.experiment).join(settings.rates_name()).join(name) }
    }

    /// A directory that is a run's.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        RunDir { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn run_toml(&self) -> PathBuf {
        self.path.join("run.toml")
    }

    /// Loss and learning rate per iteration.
    pub fn log_csv(&self) -> PathBuf {
        self.path.join("log.csv")
    }

    /// Weights, optimiser and iteration.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.safetensors")
    }

    /// Scores of the evaluations on the way.
    pub fn evaluations_csv(&self) -> PathBuf {
        self.path.join("evaluations.csv")
    }

    /// Pixel counts of each validation image.
    pub fn images_csv(&self) -> PathBuf {
        self.path.join("images.csv")
    }

    pub fn result_json(&self) -> PathBuf {
        self.path.join("result.json")
    }

    pub fn error_json(&self) -> PathBuf {
        self.path.join("error.json")
    }

    /// Creates the directory and writes `run.toml`, unless it says the same already.
    ///
    /// # Errors
    /// Names the directory or file that cannot be written.
    pub fn create(&self, run: &RunFile) -> Result<()> {
        match self.read_run_file() {
            Ok(present) if present == *run => return Ok(()),
            Err(error) if lookup::is_of_disk(&error) => return Err(error),
            _ => {}
        }
        fs::create_dir_all(&self.path).with_context(|| format!("cannot create {}", self.path.display()))?;
        let text = toml::to_string(run).context("a run's settings cannot be written as TOML")?;
        // After the keys before the first table.
        let (keys, tables) = text.split_once("\n\n").context("a run's settings are no tables")?;
        let mut text = format!("{keys}\n{} = \"{}\"\n\n{tables}", checksum::KEY, checksum::UNSET).into_bytes();
        checksum::seal(&mut text);
        atomic_file::write(&self.run_toml(), text)
    }

    /// Reads `run.toml`.
    ///
    /// # Errors
    /// Names the file.
    pub fn read_run_file(&self) -> Result<RunFile> {
        let path = self.run_toml();
        let text = input_file::read_text(&path, input_file::RUN_FILE_BYTES)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let cannot = |why: &str| anyhow::anyhow!("cannot understand {}: {why}", path.display());
        checksum::check(text.as_bytes()).map_err(|error| {
            let advice = "move the run's directory away, or let the sweep that it is of write it anew";
            cannot(&format!("{error}: {advice}"))
        })?;
        let file: RunFile = toml::from_str(&text).map_err(|error| cannot(error.message()))?;
        file.check().map_err(|why| cannot(&why))?;
        Ok(file)
    }

    /// How far the run has come, by the files that are there.
    ///
    /// # Errors
    /// A `result.json` or `error.json` that cannot be read; names it.
    pub fn state(&self) -> Result<RunState> {
        if let Some(result) = result::read_json_if_present(&self.result_json())? {
            return Ok(RunState::Finished(Box::new(result)));
        }
        let failure = result::read_json_if_present(&self.error_json())?;
        Ok(failure.map_or(RunState::Unfinished, |failure| RunState::Failed(Box::new(failure))))
    }

    /// The steps that a run which is stopped goes on after, by its log; 0 where it has none.
    ///
    /// # Errors
    /// A disk that does not tell; names the file.
    pub fn steps_done(&self) -> Result<u64> {
        let path = self.log_csv();
        if !lookup::is_file(&self.checkpoint())? {
            return Ok(0);
        }
        let log = input_file::read_if_present(&path, input_file::LOG_BYTES);
        let log = log.with_context(|| format!("cannot read {}", path.display()))?.unwrap_or_default();
        let lines = log.iter().filter(|byte| **byte == b'\n').count() as u64;
        // After the header.
        Ok(lines.saturating_sub(1))
    }

    /// Whether the run has ended, with a result or with an error. Reads neither.
    ///
    /// # Errors
    /// A disk that does not tell; names the file.
    pub fn has_ended(&self) -> Result<bool> {
        Ok(lookup::is_file(&self.result_json())? || lookup::is_file(&self.error_json())?)
    }

    /// Ends the run with its result.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn finish(&self, result: &RunResult) -> Result<()> {
        result::write_sealed(&self.result_json(), result)
    }

    /// Ends the run with an error.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn fail(&self, failure: &RunFailure) -> Result<()> {
        result::write_sealed(&self.error_json(), failure)
    }

    /// Removes what an earlier attempt left, so that the run starts from the beginning.
    ///
    /// # Errors
    /// Names the file that cannot be removed.
    pub fn clear(&self) -> Result<()> {
        let rest = [self.checkpoint(), self.evaluations_csv(), self.log_csv(), self.images_csv()];
        self.reopen()?;
        rest.iter().try_for_each(|path| atomic_file::remove(path))
    }

    /// Removes the error that the run ended with, so that it goes on from its last checkpoint.
    ///
    /// # Errors
    /// Names the file that cannot be removed.
    pub fn reopen(&self) -> Result<()> {
        atomic_file::remove(&self.error_json())
    }

    /// Reads the runs of a folder for the data sets that files describe: `results.csv` only names
    /// them, and after this they are known by their names.
    pub fn learn_data_sets(out: &Path) {
        for run in RunDir::scan(out).unwrap_or_default() {
            // A run that cannot be read says nothing here; who needs it is told so.
            let _ = run.read_run_file();
        }
    }

    /// All run directories below an output directory, sorted by path. One that does not exist holds
    /// none.
    ///
    /// # Errors
    /// Names the directory that cannot be listed.
    pub fn scan(out: &Path) -> Result<Vec<RunDir>> {
        let mut found = Vec::new();
        for experiment in subdirectories(out)? {
            for rates in subdirectories(&experiment)? {
                for run in subdirectories(&rates)?.into_iter().map(RunDir::at) {
                    // Also one whose run.toml is no file, which reading it says.
                    if lookup::is_there(&run.run_toml())? {
                        found.push(run);
                    }
                }
            }
        }
        Ok(found)
    }
}

/// The directories in one, sorted; none where there is no such directory.
pub(crate) fn subdirectories(path: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in lookup::entries(path)?.unwrap_or_default() {
        if lookup::is_dir(&entry)? {
            found.push(entry);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Answer;
    use crate::experiment::settings::{run_id, tests::example};

    fn directory(out: &Path) -> RunDir {
        RunDir::new(out, &example(), &run_id(&example(), "fingerprint"))
    }

    #[test]
    fn path_names_experiment_rates_seed_and_id() {
        let run = directory(Path::new("out"));
        let id = run_id(&example(), "fingerprint");
        assert_eq!(run.path(), Path::new(&format!("out/stare/1-12-24-36/seed-0-{id}")));
    }

    #[test]
    fn a_run_is_finished_exactly_when_its_result_is_there() {
        let out = tempfile::tempdir().unwrap();
        let run = directory(out.path());
        assert!(matches!(run.state().unwrap(), RunState::Unfinished));
        run.create(&RunFile::new(&example(), &[1, 2], "id", "fingerprint")).unwrap();
        assert!(matches!(run.state().unwrap(), RunState::Unfinished));
        run.fail(&crate::results::result::tests::failure(example())).unwrap();
        assert!(matches!(run.state().unwrap(), RunState::Failed(_)));
        run.clear().unwrap();
        assert!(matches!(run.state().unwrap(), RunState::Unfinished));
        run.finish(&crate::results::result::tests::example(example(), [3, 1, 1, 3])).unwrap();
        assert!(matches!(run.state().unwrap(), RunState::Finished(_)));
    }

    #[test]
    fn steps_are_told_by_the_log_beside_a_checkpoint() {
        let out = tempfile::tempdir().unwrap();
        let run = directory(out.path());
        assert_eq!(run.steps_done().unwrap(), 0);
        fs::create_dir_all(run.path()).unwrap();
        fs::write(run.log_csv(), "iteration,loss\n0,0.5\n1,0.25\n").unwrap();
        assert_eq!(run.steps_done().unwrap(), 0);
        fs::write(run.checkpoint(), "weights").unwrap();
        assert_eq!(run.steps_done().unwrap(), 2);
    }

    #[test]
    fn scan_finds_runs_and_nothing_else() {
        let out = tempfile::tempdir().unwrap();
        assert!(RunDir::scan(&out.path().join("absent")).unwrap().is_empty());
        fs::create_dir_all(out.path().join("synthetic/stare-1/STARE/images")).unwrap();
        let run = directory(out.path());
        run.create(&RunFile::new(&example(), &[1, 2], "id", "fingerprint")).unwrap();
        assert_eq!(RunDir::scan(out.path()).unwrap(), [run]);
    }

    #[test]
    fn a_changed_baseline_is_written_down() {
        let out = tempfile::tempdir().unwrap();
        let run = directory(out.path());
        let old = RunFile::new(&example(), &[1, 2], "id", "fingerprint");
        run.create(&old).unwrap();
        assert_eq!(run.read_run_file().unwrap(), old);
        let new = RunFile { baseline: vec![1, 3], ..old };
        run.create(&new).unwrap();
        assert_eq!(run.read_run_file().unwrap(), new);
    }

    #[test]
    fn an_expectation_is_kept_and_old_files_have_none() {
        let out = tempfile::tempdir().unwrap();
        let run = directory(out.path());
        let old = RunFile::new(&example(), &[1, 2], "id", "fingerprint");
        run.create(&old).unwrap();
        assert!(!fs::read_to_string(run.run_toml()).unwrap().contains("expectation"));
        for answer in [Answer::Best(vec![1, 2]), Answer::NoWinner] {
            let expectation = Some(Expectation { answer, rates: vec![vec![1, 2], vec![1, 3]], seeds: vec![0, 7] });
            let new = RunFile { expectation, ..old.clone() };
            run.create(&new).unwrap();
            assert_eq!(run.read_run_file().unwrap(), new);
        }
    }
}
