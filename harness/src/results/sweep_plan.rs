//! `plan.json`: the runs that sweeps of a folder were to make, so that one that is missing is
//! missed.

use crate::results::result::write_sealed;
use crate::support::checksum;
use crate::support::file_mutex::FileMutex;
use crate::support::input_file;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The version of the file's form.
const FORMAT: u32 = 1;

/// Every run that a sweep of the folder was ever to make, each once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepPlan {
    /// Version of the form of this file.
    pub format: u32,
    pub runs: Vec<PlanEntry>,
    /// The checksum that was read with it, which fits.
    #[serde(default, skip_serializing)]
    checksum: Option<String>,
}

/// A run of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanEntry {
    pub run_id: String,
    pub experiment: String,
    /// `1-12-24-36`
    pub rates: String,
    pub seed: u64,
}

impl SweepPlan {
    /// The file of a folder of runs.
    pub fn path(out: &Path) -> PathBuf {
        out.join("plan.json")
    }

    /// Reads the plan of a folder; `None` where none is written, as by programs of before.
    ///
    /// # Errors
    /// A file that cannot be read, or was changed; names it.
    pub fn read(out: &Path) -> Result<Option<Self>> {
        let path = Self::path(out);
        let bytes = input_file::read_if_present(&path, input_file::RESULTS_BYTES)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let cannot =
            || format!("cannot use {}: remove it, and let the sweep that it is of write it anew", path.display());
        ensure!(checksum::check(&bytes).with_context(cannot)?, "{}: it has no checksum", cannot());
        let plan: SweepPlan = serde_json::from_slice(&bytes).with_context(cannot)?;
        ensure!(plan.format == FORMAT, "{}: format {} is not known here", path.display(), plan.format);
        Ok(Some(plan))
    }

    /// Adds runs to the plan of a folder that is there. What was planned once stays.
    ///
    /// # Errors
    /// Those of [`SweepPlan::read`], and a file that cannot be written; names it.
    pub fn extend(out: &Path, runs: impl IntoIterator<Item = PlanEntry>) -> Result<()> {
        let _held = FileMutex::wait(out, "plan")?;
        let before = Self::read(out)?;
        let mut plan = before.clone().unwrap_or(SweepPlan { format: FORMAT, runs: Vec::new(), checksum: None });
        for run in runs {
            if !plan.runs.iter().any(|known| known.run_id == run.run_id && known.experiment == run.experiment) {
                plan.runs.push(run);
            }
        }
        if before.is_some_and(|before| before.runs == plan.runs) {
            return Ok(());
        }
        write_sealed(&Self::path(out), &plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn entry(seed: u64) -> PlanEntry {
        PlanEntry { run_id: format!("id{seed}"), experiment: "stare".into(), rates: "1-2".into(), seed }
    }

    #[test]
    fn a_plan_only_grows_and_is_not_to_be_edited() {
        let out = tempfile::tempdir().unwrap();
        assert_eq!(SweepPlan::read(out.path()).unwrap(), None);
        SweepPlan::extend(out.path(), [entry(0), entry(1)]).unwrap();
        SweepPlan::extend(out.path(), [entry(1), entry(2)]).unwrap();
        let seeds = |plan: SweepPlan| plan.runs.iter().map(|run| run.seed).collect::<Vec<_>>();
        assert_eq!(seeds(SweepPlan::read(out.path()).unwrap().unwrap()), [0, 1, 2]);
        let path = SweepPlan::path(out.path());
        let text = fs::read_to_string(&path).unwrap();
        for (from, to) in [("\"seed\": 2", "\"seed\": 3"), ("\"checksum\"", "\"checksun\"")] {
            fs::write(&path, text.replace(from, to)).unwrap();
            let error = format!("{:#}", SweepPlan::read(out.path()).unwrap_err());
            assert!(error.contains("plan.json") && error.contains("checksum"), "{error}");
        }
    }
}
