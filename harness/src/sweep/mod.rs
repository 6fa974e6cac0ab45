//! Every planned run: skipped where it is finished, else executed, with the rows kept up to date.

mod agenda;
mod budget;
mod bulletin;
mod clock;
pub mod cost;
mod data;
mod device;
mod discard;
mod drawn;
mod end;
mod estimate;
mod fault;
pub mod footprint;
mod forecast;
mod jobs;
mod leftovers;
mod lock;
pub mod merge;
mod options;
mod order;
mod pace;
mod probe;
mod queue;
mod run;
mod schedule;
mod shard;
mod status;
pub mod verification;
mod watch;

pub use budget::Budget;
pub use data::{DataSets, OpenedData, drawn_root};
pub use end::{SweepEnd, WholeSweep};
pub use estimate::{DryRun, dry_run};
pub use footprint::Workload;
pub use forecast::{Forecast, ForecastBasis};
pub use jobs::Jobs;
pub use lock::Lock;
pub use options::{RunSelection, SweepOptions};
pub use schedule::{Machine, Schedule};
pub use shard::{Shard, ShardError, ShardRuns};
pub use status::SweepStatus;

use crate::conclusions::table::Table;
use crate::experiment::network;
use crate::experiment::settings::short_hash;
use crate::experiment::spec::{PlannedRun, Spec};
use crate::results::rows::Rows;
use crate::results::sweep_plan::{PlanEntry, SweepPlan};
use crate::run::context::Executor;
use crate::support::file_mutex::FileMutex;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use agenda::Agenda;
use anyhow::Result;
use atrous_models::ComputeDevice;
use atrous_models::burn::tensor::Device;
use bulletin::Bulletin;
use device::{Recovery, SweepDevice};
use queue::RunQueue;
use run::{SweepRun, Workplace};
use std::path::Path;
use std::time::Instant;

/// Executes every run of the spec (or of a shard of it) that is not done yet, seeds first, several
/// at a time where that was asked for, and keeps `<out>/results.csv` and
/// `<out>/classes.csv` up to date.
///
/// # Errors
/// Before anything is written: a data set that is missing, or whose masks cannot be right. After
/// that: an output directory that cannot be written, is in use or goes away, a device that is lost
/// and does not open again, and whatever the executor reports. Every error names a file, an option
/// or the device.
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

/// Sweeps as [`sweep`] does, with a stand-in for what a device is asked that may be lost.
fn sweep_recovering(
    spec: &Spec,
    options: &SweepOptions,
    (device, recovery): (&ComputeDevice, Recovery),
    progress: &Progress,
    stop: &StopFlag,
    execute: &Executor,
) -> Result<SweepEnd> {
    let plan = spec.plan();
    let SweepOptions { out, selection, .. } = options;
    let part = ShardRuns::of(selection.shard, &plan);
    part.runs.iter().try_for_each(|run| device.takes(plan[*run].settings.train.precision))?;
    let mut data = DataSets::open_files(spec, &options.data)?;
    data.check_masks(&options.masks, progress)?;
    check_initial_weights(&plan)?;
    let lock = match selection.shard {
        None => Lock::take(out)?,
        Some(shard) => Lock::take_shard(out, shard, &plan_hash(&plan))?,
    };
    draw(&mut data, spec, out, progress)?;
    data.take_fingerprints(progress)?;

    if part.shard.is_some() {
        progress.line(part.to_string());
    }
    let agenda = Agenda::of(&plan, &part.runs, &data, (options, device), progress)?;
    if let Some(line) = agenda.opening(spec, (options, device), stop) {
        progress.line(line);
    }
    let paces = agenda.paces(&Rows::read(out)?, (options, device), stop);
    let fitting = selection.budget.map(|budget| agenda.fit(budget, spec, &paces)).transpose()?;
    let fewer = fitting.map(|fitting| spec.with_seeds(fitting.seeds).plan());
    let (plan, agenda) = match (&fewer, selection.budget.zip(fitting)) {
        (Some(fewer), Some((budget, fitting))) => {
            let finished = Table::new(&Rows::read(out)?, options.margin).sections;
            fitting.lines(budget, &finished).iter().for_each(|line| progress.line(line));
            let all: Vec<usize> = (0..fewer.len()).collect();
            (fewer, Agenda::of(fewer, &all, &data, (options, device), &Progress::hidden())?)
        }
        _ => (&plan, agenda),
    };
    write_plan(plan, &data, out)?;
    agenda.pace_lines(&paces).iter().for_each(|line| progress.detailed_line(line));
    agenda.forecast_lines(&paces).iter().for_each(|line| progress.line(line));
    let started = Instant::now();
    // An error of one run stops the others, and is no request of the user's.
    let stop = stop.part();
    let device = SweepDevice::new(device, recovery);
    let (jobs, tensorboard) = (agenda.schedule.jobs, options.tensorboard.as_deref());
    let workplace = Workplace { device, progress, stop: &stop, jobs, options: options.run, tensorboard, execute };
    let bulletin = Bulletin::path(out, selection.shard);
    let watch = agenda.watch(&paces, bulletin, progress);
    let queue = RunQueue::new(&agenda.entries, &lock, workplace, (&watch, options.margin), agenda.end);
    let mut end = queue.process(&agenda.schedule)?;
    if end.executed > 0 {
        progress.detailed_line(format!("the runs took {:.1} s", started.elapsed().as_secs_f64()));
    }
    // Also when nothing was executed: another spec's or a copied shard's runs may have come.
    Rows::update(out)?;
    end.whole = selection.shard.map(|_| whole_sweep(plan, &data, out)).transpose()?;
    Ok(end)
}

/// Writes down which runs there are to be, so that one that is removed is missed.
fn write_plan(plan: &[PlannedRun], data: &DataSets, out: &Path) -> Result<()> {
    let entry = |planned| {
        let run = SweepRun::new(planned, data, out)?;
        let (settings, run_id) = (run.settings(), run.id().to_owned());
        let (experiment, rates) = (settings.experiment.clone(), settings.rates_name());
        Ok(PlanEntry { run_id, experiment, rates, seed: settings.seed })
    };
    SweepPlan::extend(out, plan.iter().map(entry).collect::<Result<Vec<_>>>()?)
}

/// Draws what is missing, one program at a time: shards that write to one folder must not draw the
/// same images together.
fn draw(data: &mut DataSets, spec: &Spec, out: &Path, progress: &Progress) -> Result<()> {
    let _held = FileMutex::wait(out, "synthetic")?;
    data.draw(spec, out, progress)
}

/// A hash of the settings of all runs, which is what shards of one sweep have in common.
fn plan_hash(plan: &[PlannedRun]) -> String {
    short_hash(&plan.iter().map(|run| &run.settings).collect::<Vec<_>>())
}

/// How far the whole sweep has come, by its run directories.
fn whole_sweep(plan: &[PlannedRun], data: &DataSets, out: &Path) -> Result<WholeSweep> {
    let mut whole = WholeSweep { planned: plan.len(), ended: 0 };
    for planned in plan {
        whole.ended += usize::from(SweepRun::new(planned, data, out)?.dir.has_ended()?);
    }
    Ok(whole)
}

/// Checks that initial weights fit their networks, which is not to be found out after days. Seeds
/// change nothing.
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
