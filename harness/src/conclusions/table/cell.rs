//! All runs of one experiment and rates: one line of the table.

use super::cell_verdict::CellVerdict;
use super::detection::DetectionCell;
use crate::conclusions::analysis::Contrast;
use crate::conclusions::statistics::Statistic;
use crate::results::rows::Row;
use crate::results::scores::{Metric, Scores, scored};

/// The runs of one experiment with the same rates; they differ in the seed.
#[derive(Clone, Debug)]
pub struct Cell {
    pub rates: Vec<usize>,
    /// Largest rate over feature size.
    pub relative_rate: f64,
    /// Whether all branches but the 1x1 one see padding alone: a dead list.
    pub dead: bool,
    /// Number of runs with scores.
    pub runs: usize,
    pub failed: Vec<FailedSeed>,
    pub miou: Option<Statistic>,
    pub mdice: Option<Statistic>,
    pub aacc: Option<Statistic>,
    /// Sensitivity, specificity and areas under curves, of sets of two classes.
    pub detection: Option<DetectionCell>,
    /// Runs that never predict a class that is in the truth.
    pub collapsed: Vec<CollapsedSeed>,
    /// Mean difference to the baseline over the seeds that both have, by the section's metric;
    /// `None` for the baseline itself and where no seed has a score in both.
    pub difference: Option<f64>,
    /// Seeds that the difference is over.
    pub compared_seeds: usize,
    /// Contrast with the baseline, for other seeds and other subjects; `None` where the verdict
    /// says why.
    pub contrast: Option<Contrast>,
    pub verdict: CellVerdict,
    /// Whether the cell has the highest mean of the section.
    pub best: bool,
    /// Whether the cell wins: the highest mean, and better than the baseline; or the baseline,
    /// where all others are worse.
    pub winner: bool,
}

/// A run whose loss ceased to be a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedSeed {
    pub seed: u64,
    /// Counted from 0.
    pub iteration: u64,
    pub reason: String,
}

/// A run that never predicts a class that is in the truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollapsedSeed {
    pub seed: u64,
    /// Names of the classes.
    pub classes: Vec<String>,
}

impl Cell {
    /// Sums up the runs of one rates setting; `rows` holds at least one.
    pub(super) fn new(rows: &[&Row]) -> Self {
        let scores: Vec<&Scores> = rows.iter().filter_map(|row| row.result()).map(|r| &r.scores).collect();
        let statistic = |pick: fn(&Scores) -> f64| {
            Statistic::of(&scores.iter().map(|s| pick(s)).filter(|v| !v.is_nan()).collect::<Vec<_>>())
        };
        let failed = rows.iter().filter_map(|row| row.failure()).map(|failure| FailedSeed {
            seed: failure.settings.seed,
            iteration: failure.iteration,
            reason: failure.reason.clone(),
        });
        Cell {
            rates: rows[0].settings().rates.clone(),
            relative_rate: rows[0].settings().relative_rate(),
            dead: rows[0].settings().sees_no_context(),
            runs: scores.len(),
            failed: failed.collect(),
            miou: statistic(|s| s.miou),
            mdice: statistic(|s| s.mdice),
            aacc: statistic(|s| s.aacc),
            detection: DetectionCell::of(rows),
            collapsed: rows.iter().filter_map(|row| collapsed(row)).collect(),
            difference: None,
            compared_seeds: 0,
            contrast: None,
            verdict: CellVerdict::Baseline,
            best: false,
            winner: false,
        }
    }

    /// The score of a metric, where a run has one.
    pub fn score(&self, metric: Metric) -> Option<Statistic> {
        metric.of(self)
    }
}

fn collapsed(row: &Row) -> Option<CollapsedSeed> {
    let classes = row.result()?.never_predicted();
    (!classes.is_empty()).then(|| CollapsedSeed { seed: row.settings().seed, classes })
}

scored!(Cell, Option<Statistic>);
