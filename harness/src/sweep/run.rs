//! A planned run with its data and its directory.

use super::device::SweepDevice;
use super::forecast::DueRun;
use super::pace::RunWork;
use super::{DataSets, OpenedData, fault};
use crate::experiment::settings::{RunSettings, run_id};
use crate::experiment::spec::PlannedRun;
use crate::results::provenance::{self, Provenance};
use crate::results::result::{Cause, RunFailure, Seal};
use crate::results::run_dir::{RunDir, RunFile};
use crate::run::context::{Executor, Outcome, RunContext};
use crate::run::options::RunOptions;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Context, Result, ensure};
use atrous_data::Split;
use atrous_models::device::ComputeDevice;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// A planned run of a sweep.
pub(super) struct SweepRun<'p> {
    planned: &'p PlannedRun,
    id: String,
    pub data: OpenedData,
    pub dir: RunDir,
}

/// What the runs of a sweep are executed on, and with.
pub(super) struct Workplace<'a> {
    pub device: SweepDevice<'a>,
    pub progress: &'a Progress,
    pub stop: &'a StopFlag,
    /// Runs side by side.
    pub jobs: usize,
    pub options: RunOptions,
    pub tensorboard: Option<&'a Path>,
    pub execute: &'a Executor<'a>,
}

impl<'p> SweepRun<'p> {
    pub fn new(planned: &'p PlannedRun, data: &DataSets, out: &Path) -> Result<Self> {
        let data = data.of(&planned.settings)?;
        let id = run_id(&planned.settings, &data.fingerprint);
        let dir = RunDir::new(out, &planned.settings, &id);
        Ok(SweepRun { planned, id, data, dir })
    }

    /// The id that follows from the settings and the data.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn settings(&self) -> &'p RunSettings {
        &self.planned.settings
    }

    /// The run as far as its time goes, and what its directory holds of it.
    pub fn due(&self) -> Result<DueRun<'p>> {
        let (settings, dataset) = (self.settings(), self.data.dataset.clone());
        let (images, trained) = (dataset.samples(Split::Val).len(), dataset.samples(Split::Train).len());
        let before = RunWork::after(settings, images, self.dir.steps_done()?);
        Ok(DueRun { settings, dataset, images, trained, before })
    }

    /// `stare, rates 1-12-24-36, seed 0`
    pub fn title(&self) -> String {
        let settings = self.settings();
        format!("{}, rates {}, seed {}", settings.experiment, settings.rates_name(), settings.seed)
    }

    /// Checks that a result is of this run: one that was copied into the directory of another run
    /// must not be taken for it.
    pub fn check_id(&self, found: &str) -> Result<()> {
        let file = self.dir.result_json();
        ensure!(found == self.id, "{} is of run {found}: remove it, or give --discard", file.display());
        Ok(())
    }

    pub fn write_run_file(&self) -> Result<()> {
        let PlannedRun { settings, baseline, expectation } = self.planned;
        let file = RunFile::new(settings, baseline, &self.id, &self.data.fingerprint);
        self.dir.create(&RunFile { expectation: expectation.clone(), ..file })
    }

    /// Executes the run and writes its result or error. A panic is an error of the run.
    pub fn execute(&self, workplace: &Workplace, progress: &Progress) -> Result<Outcome> {
        let (started, reached) = (provenance::now(), AtomicU64::new(0));
        let device = workplace.device.get();
        let context = RunContext {
            settings: self.settings(),
            run_id: &self.id,
            data_fingerprint: &self.data.fingerprint,
            dataset: self.data.dataset.clone(),
            dir: &self.dir,
            device: &device,
            progress,
            stop: workplace.stop,
            jobs: workplace.jobs,
            options: workplace.options,
            tensorboard: workplace.tensorboard,
            reached: &reached,
        };
        let outcome = match fault::catch(|| (workplace.execute)(&context)) {
            Ok(outcome) => outcome.with_context(|| self.title())?,
            Err(message) => broken(&message, reached.load(Ordering::Relaxed), workplace.device.is_lost(&device)),
        };
        self.enter(&outcome, &device, progress, started)?;
        Ok(outcome)
    }

    /// Writes how the run ended.
    fn enter(&self, outcome: &Outcome, device: &ComputeDevice, progress: &Progress, started: String) -> Result<()> {
        let title = self.title();
        match outcome {
            Outcome::Finished(result) => {
                let classes = result.never_predicted().join(", ");
                if !classes.is_empty() {
                    progress.line(format!("collapsed: {title} never predicts {classes}"));
                }
                self.dir.finish(result)
            }
            Outcome::Failed { iteration, reason } => {
                progress.failure(format!("failed: {title}: {reason} (iteration {iteration})"));
                self.dir.fail(&self.failure(device, (*iteration, Cause::Diverged, reason), started))
            }
            Outcome::Broken { iteration, reason, lost } => {
                let hint = "the run need not be to blame: --retry-failed repeats it from its last checkpoint";
                progress.failure(format!("failed: {title}: {reason} (iteration {iteration}); {hint}"));
                let cause = if *lost { Cause::Device } else { Cause::Program };
                self.dir.fail(&self.failure(device, (*iteration, cause, reason), started))
            }
            Outcome::Stopped { iteration } => {
                progress.line(format!("stopped: {title}, checkpoint of iteration {iteration}"));
                Ok(())
            }
        }
    }

    fn failure(&self, device: &ComputeDevice, what: (u64, Cause, &str), started: String) -> RunFailure {
        let (iteration, cause, reason) = what;
        RunFailure {
            run_id: self.id.clone(),
            settings: self.settings().clone(),
            data_fingerprint: self.data.fingerprint.clone(),
            iteration,
            cause,
            reason: reason.into(),
            device: device.info.name.clone(),
            adapter: device.info.adapter.clone(),
            provenance: Provenance::current(),
            started,
            finished: provenance::now(),
            seal: Seal::of(BTreeMap::new()),
        }
    }
}

/// What a panic makes of a run.
fn broken(message: &str, iteration: u64, lost: bool) -> Outcome {
    let failed = if lost { "the device" } else { "the program" };
    Outcome::Broken { iteration, reason: format!("{failed} failed: {message}"), lost }
}
