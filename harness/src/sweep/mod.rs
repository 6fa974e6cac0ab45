//! Every planned run: skipped where it is finished, else executed, with the rows kept up to date.

mod data;
mod estimate;
mod lock;

pub use data::{DataSets, OpenedData};
pub use estimate::{DryRun, dry_run};
pub use lock::Lock;

use crate::network;
use crate::progress::Progress;
use crate::provenance::{self, Provenance};
use crate::result::{RunFailure, RunResult};
use crate::rows::Rows;
use crate::run_dir::{RunDir, RunFile, RunState};
use crate::settings::{RunSettings, run_id};
use crate::spec::{PlannedRun, Spec};
use crate::stop::StopFlag;
use anyhow::{Context, Result, ensure};
use atrous_data::Dataset;
use atrous_models::ComputeDevice;
use atrous_models::burn::tensor::Device;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What an executor gets to know about its run.
pub struct RunContext<'a> {
    pub settings: &'a RunSettings,
    pub run_id: &'a str,
    pub data_fingerprint: &'a str,
    pub dataset: Arc<Dataset>,
    pub dir: &'a RunDir,
    pub device: &'a ComputeDevice,
    pub progress: &'a Progress,
    pub stop: &'a StopFlag,
}

/// How a run ended.
#[expect(clippy::large_enum_variant, reason = "one value per run, which takes seconds at least")]
pub enum Outcome {
    Finished(RunResult),
    /// The loss ceased to be a number, at this iteration counted from 0. Repeating the run would repeat that,
    /// so it counts as done.
    Failed {
        iteration: u64,
        reason: String,
    },
    /// Stopped on request, with a checkpoint of this iteration.
    Stopped {
        iteration: u64,
    },
}

/// Trains and scores one run. An error is one of the data, the disk or the device: it ends the sweep, and the
/// run stays unfinished.
pub type Executor<'e> = dyn Fn(&RunContext) -> Result<Outcome> + 'e;

/// Where a sweep reads and writes, and how much of it is done now.
#[derive(Clone, Debug)]
pub struct SweepOptions {
    pub out: PathBuf,
    pub data_root: PathBuf,
    /// At most so many unfinished runs.
    pub limit: Option<usize>,
    /// Run those again that ended with an error.
    pub retry_failed: bool,
}

/// How a sweep ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepEnd {
    pub planned: usize,
    /// Planned runs with a result, from now and from before.
    pub finished: usize,
    /// Planned runs with an error, from now and from before.
    pub failed: usize,
    /// Runs executed now.
    pub executed: usize,
    pub stopped: bool,
}

impl SweepEnd {
    /// Planned runs that have neither a result nor an error.
    pub fn remaining(&self) -> usize {
        self.planned - self.finished - self.failed
    }
}

/// Executes every run of the spec that is not done yet, in the order of the spec, and keeps
/// `<out>/results.csv` and `<out>/classes.csv` up to date.
///
/// # Errors
/// Before anything is written: a data set that is missing. After that: an output directory that cannot be
/// written or is in use, and whatever the executor reports. Every error names a file or an option.
pub fn sweep(
    spec: &Spec,
    options: &SweepOptions,
    device: &ComputeDevice,
    progress: &Progress,
    stop: &StopFlag,
    execute: &Executor,
) -> Result<SweepEnd> {
    let plan = spec.plan();
    let mut data = DataSets::open_files(spec, &options.data_root)?;
    check_initial_weights(&plan)?;
    let _lock = Lock::take(&options.out)?;
    data.draw(spec, &options.out, progress)?;
    data.take_fingerprints(progress)?;

    let runs: Vec<Run> = plan.iter().map(|planned| Run::new(planned, &data, &options.out)).collect::<Result<_>>()?;
    let mut end = SweepEnd { planned: runs.len(), ..SweepEnd::default() };
    let mut left = options.limit.unwrap_or(usize::MAX);
    for (index, run) in runs.iter().enumerate() {
        let retried = match run.dir.state()? {
            RunState::Finished(result) => {
                run.check_id(&result.run_id)?;
                run.write_run_file()?;
                end.finished += 1;
                continue;
            }
            RunState::Failed(_) if !options.retry_failed => {
                run.write_run_file()?;
                end.failed += 1;
                continue;
            }
            RunState::Failed(_) => true,
            RunState::Unfinished => false,
        };
        if left == 0 || end.stopped || stop.requested() {
            end.stopped |= left > 0 && stop.requested();
            // It keeps its error row.
            end.failed += usize::from(retried);
            continue;
        }
        if retried {
            run.dir.clear()?;
        }
        left -= 1;
        end.executed += 1;
        progress.line(format!("run {} of {}: {}", index + 1, runs.len(), run.title()));
        run.write_run_file()?;
        match run.execute(device, progress, stop, execute)? {
            Outcome::Finished(_) => end.finished += 1,
            Outcome::Failed { .. } => end.failed += 1,
            Outcome::Stopped { .. } => end.stopped = true,
        }
        Rows::read(&options.out)?.write(&options.out)?;
    }
    // Also when nothing was executed: another spec's or a copied shard's runs may have come.
    Rows::read(&options.out)?.write(&options.out)?;
    Ok(end)
}

/// A planned run with its data and its directory.
struct Run<'p> {
    planned: &'p PlannedRun,
    id: String,
    data: OpenedData,
    dir: RunDir,
}

impl<'p> Run<'p> {
    fn new(planned: &'p PlannedRun, data: &DataSets, out: &Path) -> Result<Self> {
        let data = data.of(&planned.settings)?;
        let id = run_id(&planned.settings, &data.fingerprint);
        let dir = RunDir::new(out, &planned.settings, &id);
        Ok(Run { planned, id, data, dir })
    }

    /// `stare, rates 1-12-24-36, seed 0`
    fn title(&self) -> String {
        let settings = &self.planned.settings;
        format!("{}, rates {}, seed {}", settings.experiment, settings.rates_name(), settings.seed)
    }

    /// A result that was copied into the directory of another run must not be taken for it.
    fn check_id(&self, found: &str) -> Result<()> {
        let file = self.dir.result_json();
        ensure!(found == self.id, "{} is of run {found}: remove it", file.display());
        Ok(())
    }

    fn write_run_file(&self) -> Result<()> {
        let PlannedRun { settings, baseline } = self.planned;
        self.dir.create(&RunFile::new(settings, baseline, &self.id, &self.data.fingerprint))
    }

    /// Executes the run and writes its result or error.
    fn execute(
        &self,
        device: &ComputeDevice,
        progress: &Progress,
        stop: &StopFlag,
        execute: &Executor,
    ) -> Result<Outcome> {
        let started = provenance::now();
        let context = RunContext {
            settings: &self.planned.settings,
            run_id: &self.id,
            data_fingerprint: &self.data.fingerprint,
            dataset: self.data.dataset.clone(),
            dir: &self.dir,
            device,
            progress,
            stop,
        };
        let outcome = execute(&context).with_context(|| self.title())?;
        match &outcome {
            Outcome::Finished(result) => self.dir.finish(result)?,
            Outcome::Failed { iteration, reason } => {
                progress.line(format!("failed: {}: {reason} (iteration {iteration})", self.title()));
                self.dir.fail(&self.failure(device, *iteration, reason, started))?;
            }
            Outcome::Stopped { iteration } => {
                progress.line(format!("stopped: {}, checkpoint of iteration {iteration}", self.title()));
            }
        }
        Ok(outcome)
    }

    fn failure(&self, device: &ComputeDevice, iteration: u64, reason: &str, started: String) -> RunFailure {
        RunFailure {
            run_id: self.id.clone(),
            settings: self.planned.settings.clone(),
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

/// Whether initial weights fit their networks: not to be found out after days. Seeds change nothing.
fn check_initial_weights(plan: &[PlannedRun]) -> Result<()> {
    let mut checked = Vec::new();
    for PlannedRun { settings, .. } in plan {
        let Some(init) = &settings.init else { continue };
        let config = network::config(settings);
        if !checked.contains(&(init, config.clone())) {
            init.load_into(&mut config.init(0, &Device::flex()))?;
            checked.push((init, config));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
