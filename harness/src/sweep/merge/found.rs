//! Runs as they are found in a folder, each checked by itself.

use crate::experiment::settings::run_id_of_version;
use crate::results::result::{RunFailure, RunResult};
use crate::results::rows::{Row, RowEnd};
use crate::results::run_dir::{RunDir, RunFile};
use crate::run::train::Checkpoint;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};

/// A run as it is found in a folder.
pub(super) struct FoundRun {
    /// The output directory that it is in.
    pub folder: PathBuf,
    pub dir: RunDir,
    pub file: RunFile,
    pub stage: RunStage,
}

/// How far a run has come.
pub(super) enum RunStage {
    /// Before the first checkpoint.
    Nothing,
    /// Interrupted, with a checkpoint after so many iterations.
    Checkpoint(u64),
    /// Ended with an error that need not come again; its last checkpoint, or 0, is after so many
    /// iterations.
    Broken(u64),
    Failed(Box<RunFailure>),
    Finished(Box<RunResult>),
}

impl RunStage {
    /// How far it is: higher is further. A run has one end: finished and failed are equally far.
    pub fn rank(&self) -> (u8, u64) {
        match self {
            RunStage::Nothing => (0, 0),
            RunStage::Checkpoint(iteration) | RunStage::Broken(iteration) => (1, *iteration),
            RunStage::Failed(_) | RunStage::Finished(_) => (2, 0),
        }
    }

    /// Whether the run would end in the same way again.
    pub fn is_end(&self) -> bool {
        self.rank().0 == 2
    }
}

impl FoundRun {
    /// The file that says how the run ended.
    pub fn end_file(&self) -> PathBuf {
        match self.stage {
            RunStage::Failed(_) => self.dir.error_json(),
            _ => self.dir.result_json(),
        }
    }
}

/// All runs of a folder; none where it is not there.
pub(super) fn read(folder: &Path) -> Result<Vec<FoundRun>> {
    RunDir::scan(folder)?.into_iter().map(|dir| FoundRun::read(folder, dir)).collect()
}

impl FoundRun {
    fn read(folder: &Path, dir: RunDir) -> Result<Self> {
        let file = dir.read_run_file()?;
        let id = run_id_of_version(file.model_version, &file.settings, &file.data_fingerprint);
        ensure!(
            id == file.run_id,
            "{} says that it is of run {} and its settings are those of {id}: it was changed, or another version of the program \
             wrote it; move the run's directory away",
            dir.run_toml().display(),
            file.run_id
        );
        let stage = match Row::read(&dir)? {
            None => checkpoint(&dir, &id)?,
            Some(row) => {
                let id = run_id_of_version(file.model_version, row.settings(), row.data_fingerprint());
                let belongs = row.run_id() == file.run_id && id == file.run_id;
                let path = if row.result().is_some() { dir.result_json() } else { dir.error_json() };
                ensure!(belongs, "{} is of another run than run.toml beside it: remove it", path.display());
                match row.end {
                    RowEnd::Finished(result) => RunStage::Finished(result),
                    RowEnd::Failed(failure) if failure.cause.would_repeat() => RunStage::Failed(failure),
                    RowEnd::Failed(_) => match checkpoint(&dir, &id)? {
                        RunStage::Checkpoint(iteration) => RunStage::Broken(iteration),
                        _ => RunStage::Broken(0),
                    },
                }
            }
        };
        Ok(FoundRun { folder: folder.to_owned(), dir, file, stage })
    }
}

/// How far an unfinished run has come.
fn checkpoint(dir: &RunDir, id: &str) -> Result<RunStage> {
    let path = dir.checkpoint();
    let advice = || format!("{} cannot be gone on from: remove it", path.display());
    let Some(checkpoint) = Checkpoint::read_if_present(&path).with_context(advice)? else {
        return Ok(RunStage::Nothing);
    };
    checkpoint.check_run(id).with_context(advice)?;
    Ok(RunStage::Checkpoint(checkpoint.iteration))
}
