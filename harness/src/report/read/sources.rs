//! The data and the weights that a report reads, and the device that computes.

use crate::conclusions::table::Cell;
use crate::report::material::ReportedExperiment;
use crate::results::rows::Row;
use crate::results::run_dir::RunDir;
use crate::run::options::DataOptions;
use crate::run::weights::{ImportOptions, Trained};
use crate::support::lookup;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Result, bail};
use atrous_models::ComputeDevice;

/// The data that a report reads, and the device that computes its pictures.
pub struct Sources<'a> {
    pub data: &'a DataOptions,
    pub device: &'a ComputeDevice,
    pub progress: &'a Progress,
    pub stop: &'a StopFlag,
}

/// The first run of a cell that still has its weights.
pub(super) fn trained<'a>(
    experiment: &'a ReportedExperiment,
    cell: &'a Cell,
    sources: &Sources,
) -> Result<(&'a Row, Trained)> {
    let mut missing = None;
    for (row, _) in experiment.finished(&cell.rates) {
        let path = RunDir::new(&experiment.out, row.settings(), row.run_id()).checkpoint();
        if lookup::is_file(&path)? {
            return Ok((row, Trained::read(&path, &ImportOptions::default(), None, sources.device)?));
        }
        missing = missing.or(Some(path));
    }
    match missing {
        Some(path) => bail!("there is no checkpoint {}", path.strip_prefix(&experiment.out).unwrap_or(&path).display()),
        None => bail!("no run has finished"),
    }
}
