//! A planned run with its data and its directory.

use super::{DataSets, Executor, OpenedData, Outcome, RunContext};
use crate::device::ComputeDevice;
use crate::progress::Progress;
use crate::provenance::{self, Provenance};
use crate::result::RunFailure;
use crate::run_dir::{RunDir, RunFile};
use crate::settings::{RunSettings, run_id};
use crate::spec::PlannedRun;
use crate::stop::StopFlag;
use anyhow::{Context, Result, ensure};
use std::path::Path;

pub(super) struct Run<'p> {
    planned: &'p PlannedRun,
    id: String,
    pub data: OpenedData,
    pub dir: RunDir,
}

/// What runs are executed on, and with.
pub(super) struct Workplace<'a> {
    pub device: &'a ComputeDevice,
    pub progress: &'a Progress,
    pub stop: &'a StopFlag,
    /// Runs side by side.
    pub jobs: usize,
    /// Bytes of decoded images that each may keep.
    pub cache_bytes: usize,
    pub execute: &'a Executor<'a>,
}

impl<'p> Run<'p> {
    pub fn new(planned: &'p PlannedRun, data: &DataSets, out: &Path) -> Result<Self> {
        let data = data.of(&planned.settings)?;
        let id = run_id(&planned.settings, &data.fingerprint);
        let dir = RunDir::new(out, &planned.settings, &id);
        Ok(Run { planned, id, data, dir })
    }

    pub fn settings(&self) -> &'p RunSettings {
        &self.planned.settings
    }

    /// `stare, rates 1-12-24-36, seed 0`
    pub fn title(&self) -> String {
        let settings = self.settings();
        format!("{}, rates {}, seed {}", settings.experiment, settings.rates_name(), settings.seed)
    }

    /// A result that was copied into the directory of another run must not be taken for it.
    pub fn check_id(&self, found: &str) -> Result<()> {
        let file = self.dir.result_json();
        ensure!(found == self.id, "{} is of run {found}: remove it", file.display());
        Ok(())
    }

    pub fn write_run_file(&self) -> Result<()> {
        let PlannedRun { settings, baseline, expectation } = self.planned;
        let file = RunFile::new(settings, baseline, &self.id, &self.data.fingerprint);
        self.dir.create(&RunFile { expectation: expectation.clone(), ..file })
    }

    /// Executes the run and writes its result or error.
    pub fn execute(&self, workplace: &Workplace) -> Result<Outcome> {
        let started = provenance::now();
        let context = RunContext {
            settings: self.settings(),
            run_id: &self.id,
            data_fingerprint: &self.data.fingerprint,
            dataset: self.data.dataset.clone(),
            dir: &self.dir,
            device: workplace.device,
            progress: workplace.progress,
            stop: workplace.stop,
            jobs: workplace.jobs,
            cache_bytes: workplace.cache_bytes,
        };
        let outcome = (workplace.execute)(&context).with_context(|| self.title())?;
        match &outcome {
            Outcome::Finished(result) => self.dir.finish(result)?,
            Outcome::Failed { iteration, reason } => {
                workplace.progress.line(format!("failed: {}: {reason} (iteration {iteration})", self.title()));
                self.dir.fail(&self.failure(workplace.device, *iteration, reason, started))?;
            }
            Outcome::Stopped { iteration } => {
                workplace.progress.line(format!("stopped: {}, checkpoint of iteration {iteration}", self.title()));
            }
        }
        Ok(outcome)
    }

    fn failure(&self, device: &ComputeDevice, iteration: u64, reason: &str, started: String) -> RunFailure {
        RunFailure {
            run_id: self.id.clone(),
            settings: self.settings().clone(),
            data_fingerprint: self.data.fingerprint.clone(),
            iteration,
            reason: reason.into(),
            device: device.info.name.clone(),
            adapter: device.info.adapter.clone(),
            provenance: Provenance::current(),
            started,
            finished: provenance::now(),
        }
    }
}
