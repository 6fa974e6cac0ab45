//! What the runs that are to be done take here: from finished runs like them, or from real steps.

use super::cost;
use super::footprint::{self, Workload};
use super::pace::{RunPace, RunWork, makespan};
use super::probe::StepProbe;
use super::schedule::Machine;
use crate::experiment::settings::{RunSettings, short_hash};
use crate::results::rows::{Row, Rows};
use crate::run::options::RunOptions;
use crate::support::count::count;
use crate::support::progress::duration;
use atrous_data::Dataset;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Steps are not timed where that would take longer than this, by the cost model, which says too
/// much rather than too little.
const LONGEST_PROBE: Duration = Duration::from_secs(600);

/// Runs that take less than this together, by the cost model, are over before steps are timed.
const SHORTEST: Duration = Duration::from_secs(2);

/// A run that is to be done, as far as its time goes.
pub(super) struct DueRun<'p> {
    pub settings: &'p RunSettings,
    /// Images like those of the run.
    pub dataset: Arc<Dataset>,
    /// Validation images.
    pub images: usize,
    /// Images that it trains on.
    pub trained: usize,
    /// What an earlier program has done of it.
    pub before: RunWork,
}

/// What a time rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ForecastBasis {
    /// Finished runs of the same kind.
    Finished,
    /// Steps and an image that were timed.
    Steps,
    /// Multiply-adds, and how many the processor does.
    Model,
}

/// The paces of all kinds of runs: those that differ in nothing that takes time.
#[derive(Clone, Debug, Default)]
pub(super) struct Paces(BTreeMap<String, Option<(RunPace, ForecastBasis)>>);

impl<'p> DueRun<'p> {
    /// What the run needs of a machine.
    pub fn workload(&self, options: RunOptions) -> Workload<'p> {
        Workload { settings: self.settings, images: self.trained, options }
    }

    /// What runs of one kind have in common: network, crop, batch, images and windows.
    fn kind(&self) -> String {
        let RunSettings { dataset, model, crop, resize, train, infer, data, .. } = self.settings;
        short_hash(&(dataset.name(), data, model, crop, resize, train.batch, train.precision, infer))
    }

    /// All that the run has to do.
    pub fn work(&self) -> RunWork {
        RunWork::of(self.settings, self.images)
    }
}

impl Paces {
    /// Finds the pace of each kind of these runs, by finished runs where there are any.
    pub fn of(runs: &[DueRun], rows: &Rows, probe: &StepProbe) -> Self {
        let mut kinds: BTreeMap<String, Vec<&DueRun>> = BTreeMap::new();
        runs.iter().for_each(|run| kinds.entry(run.kind()).or_default().push(run));
        let pace = |(kind, mut alike): (String, Vec<&DueRun>)| {
            // The middle one stands for all: large rates have less to compute.
            alike.sort_by_key(|run| run.settings.rates.last());
            let run = alike[alike.len() / 2];
            let finished = || Some((finished(run, &kind, rows, probe)?, ForecastBasis::Finished));
            let timed = || Some((probe.pace(run.settings, &run.dataset)?, ForecastBasis::Steps));
            let model = modelled(run, probe);
            let by_model = || model.map(|pace| (pace, ForecastBasis::Model));
            let seconds = |pace: RunPace| alike.iter().map(|run| pace.seconds(run.work())).sum::<f64>();
            let is_short = model.is_some_and(|pace| seconds(pace) < SHORTEST.as_secs_f64());
            let known = finished().or_else(|| if is_short || is_too_much(run, probe) { by_model() } else { timed() });
            (kind, known)
        };
        Paces(kinds.into_iter().map(pace).collect())
    }

    /// The paces by the cost model alone, which takes no time.
    pub fn modelled(runs: &[DueRun], probe: &StepProbe) -> Self {
        let mut paces = BTreeMap::new();
        for run in runs {
            let pace = || modelled(run, probe).map(|pace| (pace, ForecastBasis::Model));
            paces.entry(run.kind()).or_insert_with(pace);
        }
        Paces(paces)
    }

    /// The pace of a run.
    pub fn get(&self, run: &DueRun) -> Option<(RunPace, ForecastBasis)> {
        self.0.get(&run.kind()).copied().flatten()
    }

    /// Seconds that are left of a run.
    pub fn seconds(&self, run: &DueRun) -> Option<f64> {
        let (pace, _) = self.get(run)?;
        Some((pace.seconds(run.work()) - pace.seconds(run.before)).max(0.0))
    }

    /// Says how long these runs take, so many at a time.
    pub fn forecast<'r, 'p: 'r>(
        &self,
        runs: impl IntoIterator<Item = &'r DueRun<'p>> + Clone,
        jobs: usize,
    ) -> Forecast {
        let seconds: Option<Vec<f64>> = runs.clone().into_iter().map(|run| self.seconds(run)).collect();
        let bases = runs.into_iter().filter_map(|run| Some(self.get(run)?.1));
        Forecast { seconds: seconds.map(|all| makespan(all, jobs)), basis: bases.max(), kinds: self.0.len() }
    }
}

/// How long runs take that are to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// `None` where nothing is known.
    pub seconds: Option<f64>,
    /// The weakest that the time rests on; `None` without runs.
    pub basis: Option<ForecastBasis>,
    /// Kinds of runs.
    pub kinds: usize,
}

impl Forecast {
    /// `about 5 min 20 s`, or that it is not known.
    pub fn time(&self) -> String {
        match self.seconds.map(Duration::try_from_secs_f64) {
            None => "time unknown before the first steps".into(),
            Some(seconds) => format!("about {}", duration(seconds.unwrap_or(Duration::MAX))),
        }
    }
}

/// `about 5 min 20 s, from real steps of 5 kinds of run`
impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.time())?;
        match self.basis.filter(|_| self.seconds.is_some()) {
            None => Ok(()),
            Some(ForecastBasis::Finished) => f.write_str(", from finished runs"),
            Some(ForecastBasis::Steps) => write!(f, ", from real steps of {} of run", count(self.kinds, "kind")),
            Some(ForecastBasis::Model) => f.write_str(" by a rough model"),
        }
    }
}

/// The pace of runs of this kind that have finished on this device, as many at a time.
fn finished(run: &DueRun, kind: &str, rows: &Rows, probe: &StepProbe) -> Option<RunPace> {
    let results = rows.0.iter().filter_map(Row::result).filter(|result| {
        let device = result.device == probe.device.name() && result.jobs == probe.schedule.jobs;
        device && DueRun { settings: &result.settings, dataset: run.dataset.clone(), ..*run }.kind() == kind
    });
    let paces: Vec<RunPace> = results
        .map(|result| RunPace {
            step: result.train_seconds / result.settings.train.iterations as f64,
            image: result.eval_seconds / run.images.max(1) as f64,
        })
        .collect();
    RunPace::mean(&paces)
}

/// Whether timing steps of a run would take too long or too much memory.
fn is_too_much(run: &DueRun, probe: &StepProbe) -> bool {
    let schedule = probe.schedule;
    let load = run.workload(probe.options);
    let machine = Machine::with(probe.device);
    if !machine.is_processor() {
        return false;
    }
    // Three steps, and some windows, as long as a step.
    let longest = modelled(run, probe).map_or(0.0, |pace| 4.0 * pace.step);
    let bytes = footprint::bytes(&load, schedule.threads(0)).saturating_mul(schedule.jobs as u64);
    longest > LONGEST_PROBE.as_secs_f64() || bytes > machine.memory
}

/// The pace by the cost model.
fn modelled(run: &DueRun, probe: &StepProbe) -> Option<RunPace> {
    let settings = run.settings;
    let rate = probe.device.info.is_cpu().then(cost::processor_rate)?;
    let seconds = |work: f64| probe.schedule.spread(work / rate, settings);
    let step = seconds(cost::training(settings)) / settings.train.iterations as f64;
    Some(RunPace { step, image: seconds(cost::evaluation(settings, 1)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_time_rests_on_is_said() {
        let of = |seconds, basis| Forecast { seconds, basis, kinds: 2 }.to_string();
        assert_eq!(of(Some(90.0), Some(ForecastBasis::Steps)), "about 1 min 30 s, from real steps of 2 kinds of run");
        assert_eq!(of(Some(9.0), Some(ForecastBasis::Finished)), "about 9 s, from finished runs");
        assert_eq!(of(Some(9.0), Some(ForecastBasis::Model)), "about 9 s by a rough model");
        assert_eq!(of(None, None), "time unknown before the first steps");
    }
}
