//! What a sweep would do, and about how long that takes. Writes nothing.

use super::{DataSets, SweepOptions};
use crate::cost;
use crate::progress::{Progress, duration};
use crate::rows::{Row, Rows};
use crate::run_dir::{RunDir, RunState};
use crate::settings::{DataSource, RunSettings, run_id};
use crate::spec::{PlannedRun, Spec};
use anyhow::Result;
use atrous_data::Split;
use atrous_models::ComputeDevice;
use std::fmt;
use std::time::Duration;

/// The runs of a sweep, per experiment.
#[derive(Clone, Debug)]
pub struct DryRun {
    pub experiments: Vec<ExperimentEstimate>,
}

/// The runs of one experiment.
#[derive(Clone, Debug)]
pub struct ExperimentEstimate {
    pub name: String,
    pub runs: usize,
    pub finished: usize,
    pub failed: usize,
    pub to_do: usize,
    /// Seconds for the runs that are left; `None` on a GPU before the first run.
    pub seconds: Option<f64>,
    /// From finished runs of this experiment, rather than from the cost model.
    pub measured: bool,
}

/// Counts the runs and estimates the time of those that are left.
///
/// # Errors
/// A data set that is missing, or a run directory that cannot be read; names it.
pub fn dry_run(spec: &Spec, options: &SweepOptions, device: &ComputeDevice, progress: &Progress) -> Result<DryRun> {
    let mut data = DataSets::open_files(spec, &options.data_root)?;
    data.open_drawn(spec, &options.out)?;
    data.take_fingerprints(progress)?;
    let rows = Rows::read(&options.out)?;
    let plan = spec.plan();
    let rate = (device.info.name == "flex").then(cost::processor_rate);
    let mut left = options.limit.unwrap_or(usize::MAX);
    let mut experiments = Vec::new();
    for experiment in &spec.experiments {
        let runs = plan.iter().filter(|run| run.settings.experiment == experiment.name);
        let mut estimate = ExperimentEstimate::new(&experiment.name);
        for run in runs {
            estimate.runs += 1;
            match state(run, &data, options)? {
                RunState::Finished(_) => estimate.finished += 1,
                RunState::Failed(_) if !options.retry_failed => estimate.failed += 1,
                _ if left == 0 => {}
                _ => {
                    left -= 1;
                    estimate.add(&run.settings, &rows, &data, rate);
                }
            }
        }
        experiments.push(estimate);
    }
    Ok(DryRun { experiments })
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

    /// Counts a run that is to be done.
    fn add(&mut self, settings: &RunSettings, rows: &Rows, data: &DataSets, rate: Option<f64>) {
        self.to_do += 1;
        let measured = measured_seconds(settings, rows);
        self.measured |= measured.is_some();
        let seconds = measured.or_else(|| {
            let images = match &settings.data {
                DataSource::Synthetic(synthetic) => synthetic.val,
                DataSource::Files => data.get(settings)?.dataset.samples(Split::Val).len(),
            };
            Some((cost::training(settings) + cost::evaluation(settings, images)) / rate?)
        });
        self.seconds = self.seconds.zip(seconds).map(|(sum, more)| sum + more);
    }
}

/// Time of a run by those of the same experiment, network, crop and batch that have finished here.
fn measured_seconds(settings: &RunSettings, rows: &Rows) -> Option<f64> {
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
        seconds += per_iteration * settings.train.iterations as f64 + result.eval_seconds;
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
        let seconds = self.experiments.iter().map(|e| e.seconds).sum::<Option<f64>>();
        let total = format!("{runs} runs: {finished} finished, {failed} failed, {} to do now", self.to_do());
        match (self.to_do(), seconds) {
            (0, _) => writeln!(f, "{total}"),
            (_, Some(_)) => writeln!(f, "{total}; {}, an estimate", about(seconds)),
            (_, None) => writeln!(f, "{total}; time unknown on this device until a run has finished (--limit 1)"),
        }
    }
}
