//! One experiment and rates: the recorded runs and the new ones.

use super::compared_scores::ComparedScores;
use super::tested::{CheckOptions, Status, Tested};
use super::{Exactness, FirstLosses, LossCheck, RecordedRun, ReferenceCell};
use crate::conclusions::statistics::{deviation, mean};
use crate::experiment::settings::{RunSettings, join_rates};
use crate::results::result::Cause;
use crate::results::rows::{Row, RowEnd};
use crate::results::scores::Metric;
use serde::Serialize;

/// The scores of several seeds; fractions.
#[derive(Clone, Debug, Serialize)]
pub struct SeedScores {
    pub seeds: Vec<u64>,
    /// `None` without runs.
    pub mean: Option<f64>,
    /// SeedScores standard deviation; `None` below two runs.
    pub deviation: Option<f64>,
}

/// A cell of the reference, or of the results, and what has become of it.
#[derive(Clone, Debug, Serialize)]
pub struct CellCheck {
    pub experiment: String,
    /// `1-12-24-36`
    pub rates: String,
    pub reference: SeedScores,
    pub new: SeedScores,
    /// `None` where nothing can be compared.
    pub tested: Option<Tested>,
    pub exact: Exactness,
    pub first_losses: LossCheck,
    pub status: Status,
    /// Why it is not in line.
    pub reason: Option<String>,
}

impl SeedScores {
    fn of(runs: &[RecordedRun], metric: Metric) -> Self {
        let scores = scores(runs, metric);
        SeedScores {
            seeds: runs.iter().map(|run| run.seed).collect(),
            mean: (!scores.is_empty()).then(|| mean(&scores)),
            deviation: deviation(&scores),
        }
    }
}

fn scores(runs: &[RecordedRun], metric: Metric) -> Vec<f64> {
    runs.iter().map(|run| metric.of(run)).collect()
}

/// A comparison that is not corrected for the others yet.
pub(super) struct Compared {
    pub cell: CellCheck,
    pub scores: Option<ComparedScores>,
}

impl Compared {
    /// New runs of a cell of the reference.
    pub fn new(reference: &ReferenceCell, rows: &[&Row], losses: &FirstLosses, options: &CheckOptions) -> Self {
        let metric = options.metric;
        let (mut runs, mut failed, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            match &row.end {
                RowEnd::Finished(result) if metric.of(&result.scores).is_nan() => {
                    failed.push((row, "no score".to_owned()))
                }
                RowEnd::Finished(result) => runs.push(RecordedRun::of(result, losses.of(row.run_id()))),
                RowEnd::Failed(failure) if failure.cause == Cause::Device => lost.push(row.settings().seed),
                RowEnd::Failed(failure) => failed.push((row, failure.reason.clone())),
            }
        }
        let mut cell = CellCheck::empty(&reference.settings);
        cell.reference = SeedScores::of(&reference.runs, metric);
        cell.new = SeedScores::of(&runs, metric);
        if let Some(obstacle) = rows.iter().find_map(|row| reference.obstacle(row)) {
            return cell.not_judged(obstacle);
        }
        cell.exact = Exactness::of(reference, &runs);
        cell.first_losses = LossCheck::of(&reference.runs, &runs);
        let compared = ComparedScores::new(&reference.runs, &runs, metric);
        if let Some((row, reason)) = failed.first() {
            let (seed, count) = (row.settings().seed, failed.len());
            cell.status = Status::Worse;
            cell.reason = Some(format!("{count} of {} runs ended with an error, seed {seed}: {reason}", rows.len()));
        } else if let Some(seed) = lost.first() {
            let count = format!("{} of {} runs", lost.len(), rows.len());
            let repeat = "atrous sweep --retry-failed repeats what the change is not to blame for";
            return cell.not_judged(format!("{count} lost the device, seed {seed}: {repeat}"));
        } else if let Err(reason) = compared {
            return cell.not_judged(reason);
        }
        Compared { cell, scores: compared.ok() }
    }

    /// New runs that the reference has nothing of.
    pub fn unknown(settings: &RunSettings) -> Self {
        let reason = "not in the reference: atrous record adds it, --only leaves it out";
        CellCheck::empty(settings).not_judged(reason.into())
    }
}

impl CellCheck {
    fn empty(settings: &RunSettings) -> Self {
        let sample = || SeedScores { seeds: Vec::new(), mean: None, deviation: None };
        CellCheck {
            experiment: settings.experiment.clone(),
            rates: join_rates(&settings.rates),
            reference: sample(),
            new: sample(),
            tested: None,
            exact: Exactness::default(),
            first_losses: LossCheck::default(),
            status: Status::InLine,
            reason: None,
        }
    }

    fn not_judged(self, reason: String) -> Compared {
        let cell = CellCheck { status: Status::NotJudged, reason: Some(reason), ..self };
        Compared { cell, scores: None }
    }

    /// Sets what the corrected test says, unless it is decided already.
    pub(super) fn judge(&mut self, tested: Tested, options: &CheckOptions) {
        if self.status == Status::InLine {
            (self.status, self.reason) = tested.status(options);
        }
        if let Some(reason) = self.first_losses.reason().filter(|_| self.status < Status::Changed) {
            (self.status, self.reason) = (Status::Changed, Some(reason));
        }
        if self.status < Status::Changed && options.exact && !self.exact.changed_seeds.is_empty() {
            let (changed, comparable) = (self.exact.changed_seeds.len(), self.exact.comparable);
            self.status = Status::Changed;
            self.reason = Some(format!(
                "{changed} of {comparable} runs are not those of the reference bit for bit, the first of seed {}",
                self.exact.changed_seeds[0]
            ));
        }
        self.tested = Some(tested);
    }
}
