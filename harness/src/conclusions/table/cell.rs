//! All runs of one experiment and rates: one line of the table.

use super::cell_verdict::CellVerdict;
use crate::conclusions::difference::Difference;
use crate::conclusions::statistics::Statistic;
use crate::results::rows::Row;
use crate::results::scores::{Metric, Scores, scored};

/// The runs of one experiment with the same rates; they differ in the seed.
#[derive(Clone, Debug)]
pub struct Cell {
    pub rates: Vec<usize>,
    /// Largest rate over feature size.
    pub relative_rate: f64,
    /// Number of runs with scores.
    pub runs: usize,
    pub failed: Vec<FailedSeed>,
    pub miou: Option<Statistic>,
    pub mdice: Option<Statistic>,
    pub aacc: Option<Statistic>,
    /// The difference to the baseline, by the section's metric; `None` for the baseline itself and
    /// where no seed has a score in both.
    pub difference: Option<Difference>,
    /// p-value of that difference, corrected for the number of rates compared (Holm).
    pub p_corrected: Option<f64>,
    pub verdict: CellVerdict,
    /// Whether the cell has the highest mean of the section.
    pub best: bool,
    /// Whether the cell is best beyond noise: better than the baseline, or the baseline where all
    /// others are worse.
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
            runs: scores.len(),
            failed: failed.collect(),
            miou: statistic(|s| s.miou),
            mdice: statistic(|s| s.mdice),
            aacc: statistic(|s| s.aacc),
            difference: None,
            p_corrected: None,
            verdict: CellVerdict::Unpaired,
            best: false,
            winner: false,
        }
    }

    /// The score of a metric, where a run has one.
    pub fn score(&self, metric: Metric) -> Option<Statistic> {
        metric.of(self)
    }
}

scored!(Cell, Option<Statistic>);
