//! One experiment and rates: the recorded runs and the new ones.

use super::tested::{CheckOptions, Status, Tested};
use super::{Exactness, RecordedRun, ReferenceCell};
use crate::conclusions::statistics::{MeanDifference, deviation, mean};
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
    pub difference: Option<MeanDifference>,
}

impl Compared {
    /// New runs of a cell of the reference.
    pub fn new(reference: &ReferenceCell, rows: &[&Row], options: &CheckOptions) -> Self {
        let metric = options.metric;
        let (mut runs, mut failed, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            match &row.end {
                RowEnd::Finished(result) if metric.of(&result.scores).is_nan() => {
                    failed.push((row, "no score".to_owned()))
                }
                RowEnd::Finished(result) => runs.push(RecordedRun::of(result)),
                RowEnd::Failed(failure) if failure.cause == Cause::Device => lost.push(row.settings().seed),
                RowEnd::Failed(failure) => failed.push((row, failure.reason.clone())),
            }
        }
        let mut cell = CellCheck::empty(&reference.settings);
        cell.reference = SeedScores::of(&reference.runs, metric);
        cell.new = SeedScores::of(&runs, metric);
        let difference = MeanDifference::pooled(&scores(&reference.runs, metric), &scores(&runs, metric));
        if let Some(obstacle) = rows.iter().find_map(|row| reference.obstacle(row)) {
            return cell.not_judged(obstacle);
        }
        cell.exact = Exactness::of(&reference.runs, &runs);
        if let Some((row, reason)) = failed.first() {
            let (seed, count) = (row.settings().seed, failed.len());
            cell.status = Status::Worse;
            cell.reason = Some(format!("{count} of {} runs ended with an error, seed {seed}: {reason}", rows.len()));
        } else if let Some(seed) = lost.first() {
            let count = format!("{} of {} runs", lost.len(), rows.len());
            let repeat = "atrous sweep --retry-failed repeats what the change is not to blame for";
            return cell.not_judged(format!("{count} lost the device, seed {seed}: {repeat}"));
        } else if let Some(reason) = too_few(&reference.runs, &runs) {
            return cell.not_judged(reason);
        }
        Compared { cell, difference }
    }

    /// New runs that the reference has nothing of.
    pub fn unknown(settings: &RunSettings) -> Self {
        let reason = "not in the reference: atrous record adds it, --only leaves it out";
        CellCheck::empty(settings).not_judged(reason.into())
    }
}

/// Why so many runs say too little. MLPerf asks for twice as many reference runs as a submission
/// has.
fn too_few(reference: &[RecordedRun], new: &[RecordedRun]) -> Option<String> {
    let (recorded, runs) = (reference.len(), new.len());
    if runs == 0 {
        Some("no run of it has ended: finish the sweep, or leave it out with --only".into())
    } else if recorded < 2 * runs {
        Some(format!(
            "the reference has {recorded} of the {} runs that a check of {runs} needs: atrous record adds runs of other seeds",
            2 * runs
        ))
    } else {
        None
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
            status: Status::InLine,
            reason: None,
        }
    }

    fn not_judged(self, reason: String) -> Compared {
        let cell = CellCheck { status: Status::NotJudged, reason: Some(reason), ..self };
        Compared { cell, difference: None }
    }

    /// Sets what the corrected test says, unless it is decided already.
    pub(super) fn judge(&mut self, tested: Tested, options: &CheckOptions) {
        if self.status == Status::InLine {
            (self.status, self.reason) = tested.status(options);
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
