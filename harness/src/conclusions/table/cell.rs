//! All runs of one experiment and rates: one line of the table.

use super::Verdict;
use crate::conclusions::difference::Difference;
use crate::conclusions::statistics::{Interval, deviation, mean, mean_interval};
use crate::results::rows::{Row, RowEnd};
use crate::results::scores::Metric;
use crate::results::scores::Scores;

/// The runs of one experiment with the same rates; they differ in the seed.
#[derive(Clone, Debug)]
pub struct Cell {
    pub rates: Vec<usize>,
    /// Largest rate over feature size.
    pub relative_rate: f64,
    /// Runs with scores.
    pub runs: usize,
    pub failed: Vec<FailedSeed>,
    pub miou: Option<Statistic>,
    pub mdice: Option<Statistic>,
    pub aacc: Option<Statistic>,
    /// Minus the baseline, by the section's metric; `None` for the baseline itself and where no seed has a score in both.
    pub difference: Option<Difference>,
    /// p-value of that difference, corrected for the number of rates compared (Holm).
    pub p_corrected: Option<f64>,
    pub verdict: Verdict,
    /// Has the highest mean of the section.
    pub best: bool,
    /// The best, and beyond noise: better than the baseline, or the baseline where all others are worse.
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

/// Mean and spread of a score over seeds, as fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistic {
    pub mean: f64,
    /// Sample standard deviation (n - 1); unknown for a single seed.
    pub deviation: Option<f64>,
    /// 95 % interval of the mean (Student's t); unknown for a single seed.
    pub interval: Option<Interval>,
}

impl Cell {
    /// `rows` holds at least one.
    pub(super) fn new(rows: &[&Row]) -> Self {
        let scores: Vec<&Scores> = rows.iter().filter_map(|row| row.result()).map(|r| &r.scores).collect();
        let statistic = |pick: fn(&Scores) -> f64| {
            Statistic::of(&scores.iter().map(|s| pick(s)).filter(|v| !v.is_nan()).collect::<Vec<_>>())
        };
        let failed = rows.iter().filter_map(|row| match &row.end {
            RowEnd::Finished(_) => None,
            RowEnd::Failed(failure) => Some(FailedSeed {
                seed: failure.settings.seed,
                iteration: failure.iteration,
                reason: failure.reason.clone(),
            }),
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
            verdict: Verdict::Unpaired,
            best: false,
            winner: false,
        }
    }

    /// The score of a metric, where a run has one.
    pub fn score(&self, metric: Metric) -> Option<Statistic> {
        match metric {
            Metric::Miou => self.miou,
            Metric::Mdice => self.mdice,
        }
    }
}

impl Statistic {
    /// `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        (!values.is_empty()).then(|| Statistic {
            mean: mean(values),
            deviation: deviation(values),
            interval: mean_interval(values),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_sample_deviation() {
        let statistic = Statistic::of(&[0.8, 0.9, 0.7]).unwrap();
        assert!((statistic.mean - 0.8).abs() < 1e-15);
        assert!((statistic.deviation.unwrap() - 0.1).abs() < 1e-15);
        assert_eq!(statistic.interval, mean_interval(&[0.8, 0.9, 0.7]));
        assert_eq!(Statistic::of(&[0.5]), Some(Statistic { mean: 0.5, deviation: None, interval: None }));
        assert_eq!(Statistic::of(&[]), None);
    }
}
