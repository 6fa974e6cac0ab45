//! The runs that are to be done now, in their order, and how long they take.

use super::budget::{Budget, FittingSeeds};
use super::clock::RunClock;
use super::forecast::{DueRun, Paces};
use super::pace::{RunPace, RunWork};
use super::probe::StepProbe;
use super::queue::QueueEntry;
use super::run::SweepRun;
use super::watch::{SweepWatch, WatchedRun};
use super::{DataSets, Machine, RunSelection, Schedule, SweepEnd, SweepOptions, Workload, order};
use crate::experiment::spec::{PlannedRun, Spec};
use crate::results::provenance::Provenance;
use crate::results::rows::Rows;
use crate::results::run_dir::RunState;
use crate::support::count::count;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::Result;
use atrous_models::ComputeDevice;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The runs that are to be done now, and what is known of them before the first one.
pub(super) struct Agenda<'p> {
    /// In the order in which they are made.
    pub entries: Vec<QueueEntry<'p>>,
    /// How long each takes depends on this.
    due: Vec<DueRun<'p>>,
    pub schedule: Schedule,
    /// What is known of the other runs.
    pub end: SweepEnd,
}

impl<'p> Agenda<'p> {
    /// Looks at the runs at these places of the plan.
    pub fn of(
        plan: &'p [PlannedRun],
        runs: &[usize],
        data: &DataSets,
        (options, device): (&SweepOptions, &ComputeDevice),
        progress: &Progress,
    ) -> Result<Self> {
        let ordered = order::seeds_first(plan, runs);
        let planned = ordered.iter().map(|run| &plan[*run]);
        let (entries, end) = entries(planned, &options.selection, data, &options.out, progress)?;
        let due: Vec<DueRun> = entries.iter().map(|entry| entry.run.due()).collect::<Result<_>>()?;
        let workloads: Vec<Workload> = due.iter().map(|run| run.workload(options.run)).collect();
        let schedule = Schedule::of(options.selection.jobs, &workloads, Machine::with(device));
        Ok(Agenda { entries, due, schedule, end })
    }

    /// What is about to happen, and about how long it takes, before steps are timed; nothing where
    /// there is nothing to do.
    pub fn opening(
        &self,
        spec: &Spec,
        (options, device): (&SweepOptions, &ComputeDevice),
        stop: &StopFlag,
    ) -> Option<String> {
        let experiments: BTreeSet<&str> = self.due.iter().map(|run| run.settings.experiment.as_str()).collect();
        let (runs, experiments) = (count(self.due.len(), "run"), count(experiments.len(), "experiment"));
        let opening = format!("{}: {runs} to do, of {experiments}, on {}", spec.name, device.name());
        let model = Paces::modelled(&self.due, &self.probe((options, device), stop));
        let rough = model.forecast(&self.due, self.schedule.jobs);
        (!self.due.is_empty()).then(|| format!("{opening}; {rough}; real steps tell more in a moment"))
    }

    /// Finds how long each kind of these runs takes.
    pub fn paces(&self, rows: &Rows, at: (&SweepOptions, &ComputeDevice), stop: &StopFlag) -> Paces {
        Paces::of(&self.due, rows, &self.probe(at, stop))
    }

    fn probe<'a>(&'a self, (options, device): (&SweepOptions, &'a ComputeDevice), stop: &'a StopFlag) -> StepProbe<'a> {
        StepProbe { device, schedule: &self.schedule, options: options.run, stop }
    }

    /// The seeds of the spec that fit into the time there is.
    pub fn fit(&self, budget: Budget, spec: &Spec, paces: &Paces) -> Result<FittingSeeds> {
        let most = spec.experiments.iter().map(|experiment| experiment.seeds.len()).max().unwrap_or(0);
        let rank = |run: &DueRun| {
            let mut of_run = spec.experiments.iter().filter(|experiment| experiment.name == run.settings.experiment);
            of_run.find_map(|experiment| experiment.seeds.iter().position(|seed| *seed == run.settings.seed))
        };
        let ranks: Vec<Option<usize>> = self.due.iter().map(rank).collect();
        budget.fit(most, |seeds| {
            let first = ranks.iter().zip(&self.due).filter(|(rank, _)| rank.is_some_and(|rank| rank < seeds));
            paces.forecast(first.map(|(_, run)| run), self.schedule.jobs).seconds
        })
    }

    /// How many runs there are, how they share the machine, and how long all of them take.
    pub fn forecast_lines(&self, paces: &Paces) -> Vec<String> {
        let forecast = paces.forecast(&self.due, self.schedule.jobs);
        let threads = self.schedule.all_threads();
        let runs = count(self.due.len(), "run");
        let line = (!self.due.is_empty()).then(|| format!("{runs}, {threads}: {forecast}"));
        self.schedule.line().into_iter().chain(line).collect()
    }

    /// What was timed, a line for each kind of run.
    pub fn pace_lines(&self, paces: &Paces) -> Vec<String> {
        let mut told = BTreeMap::new();
        for run in &self.due {
            let Some((RunPace { step, image }, _)) = paces.get(run) else { continue };
            let kind = format!("a step takes {:.1} ms, an image {:.1} ms", 1e3 * step, 1e3 * image);
            told.entry(kind).or_insert_with(Vec::new).push(run.work());
        }
        let line = |(kind, works): (String, Vec<RunWork>)| {
            let RunWork { steps, images } = works[0];
            format!("{kind} ({} of {steps} steps and {images} images)", count(works.len(), "run"))
        };
        told.into_iter().map(line).collect()
    }

    /// A watch over the runs.
    pub fn watch(&self, paces: &Paces, bulletin: PathBuf, progress: &Progress) -> SweepWatch {
        let watched = |run: &DueRun| WatchedRun {
            settings: run.settings.clone(),
            images: run.images,
            clock: RunClock::new(paces.get(run).map(|(pace, _)| pace), run.work(), run.before),
        };
        let ended_before = self.end.finished + self.end.failed;
        SweepWatch::new(self.due.iter().map(watched).collect(), ended_before, self.schedule.jobs, bulletin, progress)
    }
}

/// The runs that are to be done now, and what is known of the others.
fn entries<'p>(
    planned: impl ExactSizeIterator<Item = &'p PlannedRun>,
    selection: &RunSelection,
    data: &DataSets,
    out: &Path,
    progress: &Progress,
) -> Result<(Vec<QueueEntry<'p>>, SweepEnd)> {
    let mut end = SweepEnd { planned: planned.len(), ..SweepEnd::default() };
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    let mut entries = Vec::new();
    for (index, planned) in planned.enumerate() {
        let run = SweepRun::new(planned, data, out)?;
        if selection.discard {
            run.discard_if_damaged(progress)?;
        }
        let retried = match run.dir.state()? {
            RunState::Finished(result) => {
                run.check_id(&result.run_id)?;
                if result.provenance != Provenance::current() {
                    *others.entry(result.provenance.git_commit).or_default() += 1;
                }
                run.write_run_file()?;
                end.finished += 1;
                continue;
            }
            RunState::Failed(failure) if !selection.retry_failed => {
                run.write_run_file()?;
                end.add_failed(failure.cause);
                continue;
            }
            RunState::Failed(failure) => Some(failure.cause),
            RunState::Unfinished => None,
        };
        entries.push(QueueEntry { run, number: index + 1, retried });
    }
    if !others.is_empty() {
        let commits: Vec<String> = others.iter().map(|(commit, runs)| format!("{commit} ({runs})")).collect();
        let own = Provenance::current().git_commit;
        progress.line(format!(
            "{} of the finished runs are of other programs than this one, {own}: {}",
            others.values().sum::<usize>(),
            commits.join(", ")
        ));
    }
    let beyond = entries.split_off(selection.limit.unwrap_or(usize::MAX).min(entries.len()));
    // They keep their error rows.
    beyond.iter().filter_map(|entry| entry.retried).for_each(|cause| end.add_failed(cause));
    Ok((entries, end))
}
