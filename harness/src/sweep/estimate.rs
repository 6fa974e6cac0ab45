//! What a sweep would do, and about how long that takes. Writes nothing.

use super::forecast::{DueRun, Forecast, Paces};
use super::pace::RunWork;
use super::probe::StepProbe;
use super::{DataSets, Machine, Schedule, ShardRuns, SweepOptions, Workload, order};
use crate::experiment::settings::{DataSource, RunSettings, run_id};
use crate::experiment::spec::{PlannedRun, Spec};
use crate::results::rows::Rows;
use crate::results::run_dir::{RunDir, RunState};
use crate::support::count::count;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Context, Result};
use atrous_data::Split;
use atrous_models::ComputeDevice;
use std::fmt;
use std::path::Path;

/// The runs of a sweep, per experiment.
#[derive(Clone, Debug)]
pub struct DryRun {
    pub experiments: Vec<ExperimentEstimate>,
    /// The runs that were looked at.
    pub part: ShardRuns,
    /// How many at a time.
    pub schedule: Schedule,
    /// The time of all of them.
    pub forecast: Forecast,
}

/// The runs of one experiment.
#[derive(Clone, Debug)]
pub struct ExperimentEstimate {
    pub name: String,
    pub runs: usize,
    pub finished: usize,
    pub failed: usize,
    pub to_do: usize,
    /// The time of the runs that are to be done, were they alone; `None` without any.
    pub forecast: Option<Forecast>,
}

/// Counts the runs and tells the time of those that are left, by finished runs like them or by real
/// steps, as a sweep does.
///
/// # Errors
/// A data set that is missing, or a run directory that cannot be read; names it.
pub fn dry_run(
    spec: &Spec,
    options: &SweepOptions,
    device: &ComputeDevice,
    progress: &Progress,
    stop: &StopFlag,
) -> Result<DryRun> {
    let mut data = DataSets::open_files(spec, &options.data)?;
    data.open_drawn(spec, &options.out)?;
    data.take_fingerprints(progress)?;
    let rows = Rows::read(&options.out)?;
    let plan = spec.plan();
    let mut experiments: Vec<_> = spec.experiments.iter().map(|one| ExperimentEstimate::new(&one.name)).collect();
    let mut due: Vec<&PlannedRun> = Vec::new();
    let selection = &options.selection;
    let limit = selection.limit.unwrap_or(usize::MAX);
    let part = ShardRuns::of(selection.shard, &plan);
    part.runs.iter().try_for_each(|run| device.takes(plan[*run].settings.train.precision))?;
    for run in order::seeds_first(&plan, &part.runs).into_iter().map(|run| &plan[run]) {
        let estimate = of(&mut experiments, &run.settings);
        estimate.runs += 1;
        match state(run, &data, options)? {
            RunState::Finished(_) => estimate.finished += 1,
            RunState::Failed(_) if !selection.retry_failed => estimate.failed += 1,
            _ if due.len() == limit => {}
            _ => {
                estimate.to_do += 1;
                due.push(run);
            }
        }
    }
    // Images that are looked at and were not drawn yet.
    let drawn = tempfile::tempdir().context("no temporary folder can be made")?;
    let due = due.into_iter().map(|run| due_run(run, &data, options, drawn.path())).collect::<Result<Vec<_>>>()?;
    let workloads: Vec<Workload> = due.iter().map(|run| run.workload(options.run)).collect();
    let schedule = Schedule::of(selection.jobs, &workloads, Machine::with(device));
    let paces = Paces::of(&due, &rows, &StepProbe { device, schedule: &schedule, options: options.run, stop });
    for experiment in &mut experiments {
        let own = due.iter().filter(|run| run.settings.experiment == experiment.name);
        experiment.forecast = (experiment.to_do > 0).then(|| paces.forecast(own, schedule.jobs));
    }
    let forecast = paces.forecast(&due, schedule.jobs);
    Ok(DryRun { experiments, part, schedule, forecast })
}

/// The experiment of a run.
fn of<'e>(experiments: &'e mut [ExperimentEstimate], settings: &RunSettings) -> &'e mut ExperimentEstimate {
    experiments.iter_mut().find(|one| one.name == settings.experiment).expect("a planned run is of an experiment")
}

/// A synthetic set that has not been drawn has the size that it will have.
fn due_run<'p>(run: &'p PlannedRun, data: &DataSets, options: &SweepOptions, drawn: &Path) -> Result<DueRun<'p>> {
    let settings = &run.settings;
    let (trained, images) = match (data.get(settings), &settings.data) {
        (Some(opened), _) => (opened.dataset.samples(Split::Train).len(), opened.dataset.samples(Split::Val).len()),
        (None, DataSource::Synthetic(synthetic)) => (synthetic.train, synthetic.val),
        (None, DataSource::Files) => (0, 0),
    };
    let steps = directory(run, data, options).map_or(Ok(0), |dir| dir.steps_done())?;
    let before = RunWork::after(settings, images, steps);
    Ok(DueRun { settings, dataset: data.like(settings, drawn)?, images, trained, before })
}

/// The directory of a run; `None` for a synthetic set that has not been drawn.
fn directory(run: &PlannedRun, data: &DataSets, options: &SweepOptions) -> Option<RunDir> {
    let opened = data.get(&run.settings)?;
    Some(RunDir::new(&options.out, &run.settings, &run_id(&run.settings, &opened.fingerprint)))
}

fn state(run: &PlannedRun, data: &DataSets, options: &SweepOptions) -> Result<RunState> {
    directory(run, data, options).map_or(Ok(RunState::Unfinished), |dir| dir.state())
}

impl ExperimentEstimate {
    fn new(name: &str) -> Self {
        ExperimentEstimate { name: name.into(), runs: 0, finished: 0, failed: 0, to_do: 0, forecast: None }
    }
}

impl DryRun {
    /// Runs that are to be done.
    pub fn to_do(&self) -> usize {
        self.experiments.iter().map(|e| e.to_do).sum()
    }
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.part.shard.is_some() {
            writeln!(f, "{}\n", self.part)?;
        }
        let width = self.experiments.iter().map(|e| e.name.len()).max().unwrap_or(0).max(10);
        writeln!(f, "{:width$}  runs  finished  failed  to do  time", "experiment")?;
        for e in &self.experiments {
            let time = e.forecast.map_or_else(|| "-".into(), |forecast| forecast.time());
            writeln!(f, "{:width$}  {:4}  {:8}  {:6}  {:5}  {time}", e.name, e.runs, e.finished, e.failed, e.to_do)?;
        }
        let runs: usize = self.experiments.iter().map(|e| e.runs).sum();
        let finished: usize = self.experiments.iter().map(|e| e.finished).sum();
        let failed: usize = self.experiments.iter().map(|e| e.failed).sum();
        let total = format!("{}: {finished} finished, {failed} failed, {} to do now", count(runs, "run"), self.to_do());
        if self.to_do() == 0 {
            return writeln!(f, "{total}");
        }
        writeln!(f, "{total}; {}", self.forecast)?;
        self.schedule.line().map_or(Ok(()), |line| writeln!(f, "{line}"))
    }
}
