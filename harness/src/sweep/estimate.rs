//! What a sweep would do, and about how long that takes. Writes nothing.

use super::{DataSets, Machine, Schedule, ShardRuns, SweepOptions, Workload};
use crate::experiment::settings::{DataSource, RunSettings, run_id};
use crate::experiment::spec::{PlannedRun, Spec};
use crate::results::rows::{Row, Rows};
use crate::results::run_dir::{RunDir, RunState};
use crate::run::options::RunOptions;
use crate::support::count::count;
use crate::support::progress::{Progress, duration};
use crate::sweep::cost;
use anyhow::Result;
use atrous_data::Split;
use atrous_models::ComputeDevice;
use std::fmt;
use std::time::Duration;

/// The runs of a sweep, per experiment.
#[derive(Clone, Debug)]
pub struct DryRun {
    pub experiments: Vec<ExperimentEstimate>,
    /// The runs that were looked at.
    pub part: ShardRuns,
    /// How many at a time.
    pub schedule: Schedule,
    /// Seconds for all of them; `None` on a GPU before the first run.
    pub seconds: Option<f64>,
}

/// The runs of one experiment.
#[derive(Clone, Debug)]
pub struct ExperimentEstimate {
    pub name: String,
    pub runs: usize,
    pub finished: usize,
    pub failed: usize,
    pub to_do: usize,
    /// Seconds for the runs that are to be done, others at their side; `None` on a GPU before the
    /// first run.
    pub seconds: Option<f64>,
    /// From finished runs of this experiment, rather than from the cost model.
    pub measured: bool,
}

/// Counts the runs and estimates the time of those that are left.
///
/// # Errors
/// A data set that is missing, or a run directory that cannot be read; names it.
pub fn dry_run(spec: &Spec, options: &SweepOptions, device: &ComputeDevice, progress: &Progress) -> Result<DryRun> {
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
    for run in part.runs.iter().map(|run| &plan[*run]) {
        let estimate = of(&mut experiments, &run.settings);
        estimate.runs += 1;
        match state(run, &data, options)? {
            RunState::Finished(_) => estimate.finished += 1,
            RunState::Failed(_) if !selection.retry_failed => estimate.failed += 1,
            _ if due.len() == limit => {}
            _ => due.push(run),
        }
    }
    let workloads: Vec<Workload> = due.iter().map(|run| workload(&run.settings, &data, options.run)).collect();
    let schedule = Schedule::of(selection.jobs, &workloads, Machine::with(device));
    let rate = device.info.is_cpu().then(cost::processor_rate);
    let mut times = Vec::new();
    for run in due {
        let measured = measured_seconds(&run.settings, &rows, &schedule);
        let seconds = measured.or_else(|| modelled_seconds(&run.settings, &data, &schedule, rate?));
        of(&mut experiments, &run.settings).add(seconds, measured.is_some(), schedule.jobs);
        times.push(seconds);
    }
    let seconds = times.into_iter().collect::<Option<Vec<f64>>>().map(|times| makespan(&times, schedule.jobs));
    Ok(DryRun { experiments, part, schedule, seconds })
}

/// The experiment of a run.
fn of<'e>(experiments: &'e mut [ExperimentEstimate], settings: &RunSettings) -> &'e mut ExperimentEstimate {
    experiments.iter_mut().find(|one| one.name == settings.experiment).expect("a planned run is of an experiment")
}

/// A synthetic set that has not been drawn has the size that it will have.
fn workload<'s>(settings: &'s RunSettings, data: &DataSets, options: RunOptions) -> Workload<'s> {
    let images = match (data.get(settings), &settings.data) {
        (Some(opened), _) => opened.dataset.samples(Split::Train).len(),
        (None, DataSource::Synthetic(synthetic)) => synthetic.train,
        (None, DataSource::Files) => 0,
    };
    Workload { settings, images, options }
}

/// Seconds until the last of these runs has ended, where each is started as soon as fewer than
/// `jobs` run.
fn makespan(times: &[f64], jobs: usize) -> f64 {
    let mut free_at = vec![0.0_f64; jobs];
    for seconds in times {
        let next = free_at.iter_mut().min_by(|a, b| a.total_cmp(b)).expect("there is at least one job");
        *next += seconds;
    }
    free_at.into_iter().fold(0.0, f64::max)
}

fn state(run: &PlannedRun, data: &DataSets, options: &SweepOptions) -> Result<RunState> {
    // A synthetic set that has not been drawn cannot have been trained on.
    let Some(opened) = data.get(&run.settings) else { return Ok(RunState::Unfinished) };
    RunDir::new(&options.out, &run.settings, &run_id(&run.settings, &opened.fingerprint)).state()
}

impl ExperimentEstimate {
    fn new(name: &str) -> Self {
        ExperimentEstimate {
            name: name.into(),
            runs: 0,
            finished: 0,
            failed: 0,
            to_do: 0,
            seconds: Some(0.0),
            measured: false,
        }
    }

    /// Counts a run that is to be done, one of `jobs` at a time.
    fn add(&mut self, seconds: Option<f64>, measured: bool, jobs: usize) {
        self.to_do += 1;
        self.measured |= measured;
        self.seconds = self.seconds.zip(seconds).map(|(sum, more)| sum + more / jobs as f64);
    }
}

/// Time of a run by the cost model and the processor's multiply-adds per second.
fn modelled_seconds(settings: &RunSettings, data: &DataSets, schedule: &Schedule, rate: f64) -> Option<f64> {
    let images = match &settings.data {
        DataSource::Synthetic(synthetic) => synthetic.val,
        DataSource::Files => data.get(settings)?.dataset.samples(Split::Val).len(),
    };
    let work = cost::training(settings) + cost::evaluation(settings, images);
    Some(schedule.spread(work / rate, settings))
}

/// Time of a run by those of the same experiment, network, crop and batch that have finished here.
fn measured_seconds(settings: &RunSettings, rows: &Rows, schedule: &Schedule) -> Option<f64> {
    let alike = |other: &RunSettings| {
        other.experiment == settings.experiment
            && other.model == settings.model
            && other.crop == settings.crop
            && other.train.batch == settings.train.batch
            && other.infer == settings.infer
    };
    let results = rows.0.iter().filter_map(Row::result).filter(|result| alike(&result.settings));
    let (mut count, mut seconds) = (0.0, 0.0);
    for result in results {
        let per_iteration = result.train_seconds / result.settings.train.iterations as f64;
        let took = per_iteration * settings.train.iterations as f64 + result.eval_seconds;
        seconds += schedule.scale(took, settings, result.jobs);
        count += 1.0;
    }
    (count > 0.0).then_some(seconds / count)
}

impl DryRun {
    /// Runs that are to be done.
    pub fn to_do(&self) -> usize {
        self.experiments.iter().map(|e| e.to_do).sum()
    }
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = |seconds: Option<f64>| match seconds {
            Some(seconds) => format!("about {}", duration(Duration::from_secs_f64(seconds))),
            None => "unknown".into(),
        };
        if self.part.shard.is_some() {
            writeln!(f, "{}\n", self.part)?;
        }
        let width = self.experiments.iter().map(|e| e.name.len()).max().unwrap_or(0).max(10);
        writeln!(f, "{:width$}  runs  finished  failed  to do  time", "experiment")?;
        for e in &self.experiments {
            let basis = match (e.to_do, e.seconds, e.measured) {
                (0, ..) | (_, None, _) => "",
                (_, _, true) => " (from finished runs)",
                (_, _, false) => " (from a cost model)",
            };
            let time = if e.to_do == 0 { "-".into() } else { about(e.seconds) };
            writeln!(
                f,
                "{:width$}  {:4}  {:8}  {:6}  {:5}  {time}{basis}",
                e.name, e.runs, e.finished, e.failed, e.to_do
            )?;
        }
        let runs: usize = self.experiments.iter().map(|e| e.runs).sum();
        let finished: usize = self.experiments.iter().map(|e| e.finished).sum();
        let failed: usize = self.experiments.iter().map(|e| e.failed).sum();
        let total = format!("{}: {finished} finished, {failed} failed, {} to do now", count(runs, "run"), self.to_do());
        match (self.to_do(), self.seconds) {
            (0, _) => return writeln!(f, "{total}"),
            (_, Some(_)) => writeln!(f, "{total}; {}, an estimate", about(self.seconds))?,
            (_, None) => writeln!(f, "{total}; time unknown on this device until a run has finished (--limit 1)")?,
        }
        self.schedule.line().map_or(Ok(()), |line| writeln!(f, "{line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_side_by_side_take_as_long_as_the_last_of_them() {
        assert_eq!(makespan(&[3.0, 2.0, 1.0], 1), 6.0);
        assert_eq!(makespan(&[3.0, 2.0, 1.0], 2), 3.0);
        // Not divided evenly.
        assert_eq!(makespan(&[1.0; 3], 2), 2.0);
        assert_eq!(makespan(&[], 2), 0.0);
    }
}
