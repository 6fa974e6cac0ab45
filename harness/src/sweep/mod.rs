//! Every planned run: skipped where it is finished, else executed, with the rows kept up to date.

mod data;
mod estimate;
mod jobs;
mod lock;
mod queue;
mod run;

pub use data::{DataSets, OpenedData, drawn_root};
pub use estimate::{DryRun, dry_run};
pub use jobs::{Jobs, Load, Machine, Share};
pub use lock::Lock;

use crate::network;
use crate::progress::Progress;
use crate::result::RunResult;
use crate::rows::Rows;
use crate::run_dir::{RunDir, RunState};
use crate::settings::RunSettings;
use crate::spec::{PlannedRun, Spec};
use crate::stop::StopFlag;
use anyhow::Result;
use atrous_data::{Dataset, ImageLimit, Split};
use atrous_models::ComputeDevice;
use atrous_models::burn::tensor::Device;
use queue::{Due, Queue};
use run::{Run, Workplace};
use std::path::PathBuf;
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
    /// Runs side by side, this one included, at most.
    pub jobs: usize,
    /// Bytes of decoded images that it may keep.
    pub cache_bytes: usize,
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

/// Trains and scores one run, in the thread pool that it is called in. An error is one of the data, the disk or the device:
/// it ends the sweep, and the run stays unfinished.
pub type Executor<'e> = dyn Fn(&RunContext) -> Result<Outcome> + Sync + 'e;

/// Where a sweep reads and writes, and how much of it is done now.
#[derive(Clone, Debug)]
pub struct SweepOptions {
    pub out: PathBuf,
    pub data_root: PathBuf,
    /// The largest image that is read.
    pub image_limit: ImageLimit,
    /// At most so many unfinished runs.
    pub limit: Option<usize>,
    /// Run those again that ended with an error.
    pub retry_failed: bool,
    pub jobs: Jobs,
    /// Bytes of decoded images that each run may keep.
    pub cache_bytes: usize,
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

/// Executes every run of the spec that is not done yet, in the order of the spec, several at a time where that was asked
/// for, and keeps `<out>/results.csv` and `<out>/classes.csv` up to date.
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
    let mut data = DataSets::open_files(spec, &options.data_root, options.image_limit)?;
    check_initial_weights(&plan)?;
    let _lock = Lock::take(&options.out)?;
    data.draw(spec, &options.out, progress)?;
    data.take_fingerprints(progress)?;

    let mut end = SweepEnd { planned: plan.len(), ..SweepEnd::default() };
    let mut due = Vec::new();
    for (index, planned) in plan.iter().enumerate() {
        let run = Run::new(planned, &data, &options.out)?;
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
        due.push(Due { run, number: index + 1, retried });
    }
    let beyond = due.split_off(options.limit.unwrap_or(usize::MAX).min(due.len()));
    // They keep their error rows.
    end.failed += beyond.iter().filter(|due| due.retried).count();

    let loads: Vec<Load> = due.iter().map(|due| load(due.run.settings(), &due.run.data, options.cache_bytes)).collect();
    let share = options.jobs.share(&loads, Machine::with(device));
    if let Some(line) = share.line() {
        progress.line(line);
    }
    // An error of one run stops the others, and is no request of the user's.
    let stop = stop.part();
    let (jobs, cache_bytes) = (share.jobs, options.cache_bytes);
    let workplace = Workplace { device, progress, stop: &stop, jobs, cache_bytes, execute };
    let end = Queue::new(&due, &options.out, workplace, end).process(&share)?;
    // Also when nothing was executed: another spec's or a copied shard's runs may have come.
    Rows::read(&options.out)?.write(&options.out)?;
    Ok(end)
}

fn load<'s>(settings: &'s RunSettings, data: &OpenedData, cache_bytes: usize) -> Load<'s> {
    Load { settings, images: data.dataset.samples(Split::Train).len(), cache_bytes }
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
