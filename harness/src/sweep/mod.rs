//! Every planned run: skipped where it is finished, else executed, with the rows kept up to date.

pub mod cost;
mod data;
mod device;
mod estimate;
mod fault;
pub mod footprint;
mod jobs;
mod leftovers;
mod lock;
pub mod merge;
mod queue;
mod run;
mod shard;
pub mod verification;

pub use data::{DataSets, OpenedData, drawn_root};
pub use estimate::{DryRun, dry_run};
pub use footprint::Workload;
pub use jobs::{Jobs, Machine, Share};
pub use lock::Lock;
pub use shard::{Part, Shard, ShardError};

use crate::experiment::network;
use crate::experiment::settings::{RunSettings, short_hash};
use crate::experiment::spec::{PlannedRun, Spec};
use crate::results::result::Cause;
use crate::results::rows::Rows;
use crate::results::run_dir::RunState;
use crate::run::context::Executor;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use crate::support::turn::Turn;
use anyhow::Result;
use atrous_data::{ImageLimit, Split};
use atrous_models::ComputeDevice;
use atrous_models::burn::tensor::Device;
use device::{Recovery, SweepDevice};
use queue::{Due, Queue};
use run::{Run, Workplace};
use std::path::{Path, PathBuf};

/// Where a sweep reads and writes, and how much of it is done now.
#[derive(Clone, Debug)]
pub struct SweepOptions {
    pub out: PathBuf,
    pub data_root: PathBuf,
    /// The largest image that is read.
    pub image_limit: ImageLimit,
    /// The part of the runs that is meant; all where there is none.
    pub shard: Option<Shard>,
    /// At most so many unfinished runs.
    pub limit: Option<usize>,
    /// Run those again that ended with an error.
    pub retry_failed: bool,
    pub jobs: Jobs,
    /// Bytes of decoded images that each run may keep.
    pub cache_bytes: usize,
}

/// How far the whole sweep has come that a shard is a part of, by the run directories that are where the shard writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    pub planned: usize,
    /// With a result or an error.
    pub ended: usize,
}

/// How a sweep ended, or the shard of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepEnd {
    pub planned: usize,
    /// Planned runs with a result, from now and from before.
    pub finished: usize,
    /// Planned runs with an error, from now and from before.
    pub failed: usize,
    /// Of those, the ones that may go well when they are repeated: the program or the device failed, not the run.
    pub broken: usize,
    /// Runs executed now.
    pub executed: usize,
    pub stopped: bool,
    /// `None` where the sweep is not split.
    pub whole: Option<Whole>,
}

impl SweepEnd {
    /// Planned runs that have neither a result nor an error.
    pub fn remaining(&self) -> usize {
        self.planned - self.finished - self.failed
    }

    /// Whether runs of the sweep are missing that are other shards' to do: what there is answers no question yet.
    pub fn lacks_shards(&self) -> bool {
        self.whole.is_some_and(|whole| whole.ended < whole.planned)
    }

    fn add_failed(&mut self, cause: Cause) {
        self.failed += 1;
        self.broken += usize::from(!cause.would_repeat());
    }
}

/// Executes every run of the spec (or of a shard of it) that is not done yet, in the order of the spec, several at a time where
/// that was asked for, and keeps `<out>/results.csv` and `<out>/classes.csv` up to date.
///
/// # Errors
/// Before anything is written: a data set that is missing. After that: an output directory that cannot be
/// written, is in use or goes away, a device that is lost and does not open again, and whatever the executor reports. Every error names a file, an
/// option or the device.
pub fn sweep(
    spec: &Spec,
    options: &SweepOptions,
    device: &ComputeDevice,
    progress: &Progress,
    stop: &StopFlag,
    execute: &Executor,
) -> Result<SweepEnd> {
    sweep_recovering(spec, options, (device, Recovery::REAL), progress, stop, execute)
}

/// The same, with what a device is asked that may be lost.
fn sweep_recovering(
    spec: &Spec,
    options: &SweepOptions,
    (device, recovery): (&ComputeDevice, Recovery),
    progress: &Progress,
    stop: &StopFlag,
    execute: &Executor,
) -> Result<SweepEnd> {
    let plan = spec.plan();
    let part = Part::of(options.shard, &plan);
    part.runs.iter().try_for_each(|run| device.takes(plan[*run].settings.train.precision))?;
    let mut data = DataSets::open_files(spec, &options.data_root, options.image_limit)?;
    check_initial_weights(&plan)?;
    let lock = match options.shard {
        None => Lock::take(&options.out)?,
        Some(shard) => Lock::take_shard(&options.out, shard, &plan_hash(&plan))?,
    };
    draw(&mut data, spec, &options.out, progress)?;
    data.take_fingerprints(progress)?;

    if part.shard.is_some() {
        progress.line(part.to_string());
    }
    let mut end = SweepEnd { planned: part.runs.len(), ..SweepEnd::default() };
    let mut due = Vec::new();
    for (index, planned) in part.runs.iter().map(|run| &plan[*run]).enumerate() {
        let run = Run::new(planned, &data, &options.out)?;
        let retried = match run.dir.state()? {
            RunState::Finished(result) => {
                run.check_id(&result.run_id)?;
                run.write_run_file()?;
                end.finished += 1;
                continue;
            }
            RunState::Failed(failure) if !options.retry_failed => {
                run.write_run_file()?;
                end.add_failed(failure.cause);
                continue;
            }
            RunState::Failed(failure) => Some(failure.cause),
            RunState::Unfinished => None,
        };
        due.push(Due { run, number: index + 1, retried });
    }
    let beyond = due.split_off(options.limit.unwrap_or(usize::MAX).min(due.len()));
    // They keep their error rows.
    beyond.iter().filter_map(|due| due.retried).for_each(|cause| end.add_failed(cause));

    let loads: Vec<Workload> =
        due.iter().map(|due| load(due.run.settings(), &due.run.data, options.cache_bytes)).collect();
    let share = options.jobs.share(&loads, Machine::with(device));
    if let Some(line) = share.line() {
        progress.line(line);
    }
    // An error of one run stops the others, and is no request of the user's.
    let stop = stop.part();
    let (jobs, cache_bytes) = (share.jobs, options.cache_bytes);
    let device = SweepDevice::new(device, recovery);
    let workplace = Workplace { device, progress, stop: &stop, jobs, cache_bytes, execute };
    let mut end = Queue::new(&due, &lock, workplace, end).process(&share)?;
    // Also when nothing was executed: another spec's or a copied shard's runs may have come.
    Rows::update(&options.out)?;
    end.whole = options.shard.map(|_| whole(&plan, &data, &options.out)).transpose()?;
    Ok(end)
}

/// Shards that write to one folder must not draw the same images at the same time.
fn draw(data: &mut DataSets, spec: &Spec, out: &Path, progress: &Progress) -> Result<()> {
    let _turn = Turn::wait(out, "synthetic")?;
    data.draw(spec, out, progress)
}

/// What two sweeps have in common that may be split between programs: the settings of all runs.
fn plan_hash(plan: &[PlannedRun]) -> String {
    short_hash(&plan.iter().map(|run| &run.settings).collect::<Vec<_>>())
}

fn whole(plan: &[PlannedRun], data: &DataSets, out: &Path) -> Result<Whole> {
    let mut whole = Whole { planned: plan.len(), ended: 0 };
    for planned in plan {
        whole.ended += usize::from(Run::new(planned, data, out)?.dir.has_ended());
    }
    Ok(whole)
}

fn load<'s>(settings: &'s RunSettings, data: &OpenedData, cache_bytes: usize) -> Workload<'s> {
    Workload { settings, images: data.dataset.samples(Split::Train).len(), cache_bytes }
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
