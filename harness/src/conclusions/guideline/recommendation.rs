//! Rates to use on a map, and what they rest on.

use super::evidence::Evidence;
use super::optimum::{Optimum, Range, bootstrap};
use super::rule::{largest_whole_rate, spaced_rates};
use atrous_data::DatasetKind;
use serde::Serialize;

/// Rates for a map.
#[derive(Clone, Debug, Serialize)]
pub struct Recommendation {
    /// Ascending, beginning with 1.
    pub rates: Vec<usize>,
    /// Largest rate over the map's shorter side.
    pub relative_rate: f64,
    pub basis: Basis,
}

/// What a recommendation rests on.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "basis")]
pub enum Basis {
    /// The geometric rule; `why` says what is wrong with the evidence, where there was some.
    Geometry { why: Option<String> },
    /// Measured scores.
    Evidence { pooled: Pooled },
}

/// The best relative rate over several series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pooled {
    /// Median over data sets of each one's best.
    pub best: f64,
    /// 95 %, over the noise of the runs; which data sets were measured is not part of it.
    pub interval: Range,
    /// From the smallest to the largest relative rate that was measured.
    pub measured: Range,
    /// Series that a parabola could be fitted to.
    pub series: usize,
    pub datasets: usize,
    /// Finished runs of those series.
    pub runs: usize,
    /// Fewest seeds of a series.
    pub seeds: usize,
}

impl Recommendation {
    /// Recommends rates by the geometric rule, with so many 3x3 branches beside the 1x1 branch.
    pub fn geometric(feature: [usize; 2], branches: usize) -> Self {
        Self::of(largest_whole_rate(feature), feature, branches, Basis::Geometry { why: None })
    }

    /// Recommends rates from measured scores where they determine a relative rate, else by the
    /// geometric rule.
    pub fn from_evidence(feature: [usize; 2], branches: usize, evidence: &Evidence) -> Self {
        let side = feature[0].min(feature[1]);
        match Pooled::of(evidence).and_then(Pooled::determined) {
            Ok(pooled) => {
                let largest = (pooled.best * side as f64).round().max(1.0) as usize;
                Self::of(largest, feature, branches, Basis::Evidence { pooled })
            }
            Err(why) => {
                let geometric = Self::geometric(feature, branches);
                Recommendation { basis: Basis::Geometry { why: Some(why) }, ..geometric }
            }
        }
    }

    fn of(largest: usize, feature: [usize; 2], branches: usize, basis: Basis) -> Self {
        let rates = spaced_rates(largest, branches);
        let last = rates.last().copied().unwrap_or(1);
        Recommendation { relative_rate: last as f64 / feature[0].min(feature[1]) as f64, rates, basis }
    }
}

impl Pooled {
    /// Every data set counts once, however many series or runs it has.
    ///
    /// # Errors
    /// Why there is nothing to be pooled.
    pub fn of(evidence: &Evidence) -> Result<Self, String> {
        let fitted: Vec<_> = evidence
            .series
            .iter()
            .map(|series| (series, Optimum::of(series)))
            .filter_map(|(series, optimum)| Some((series, optimum.best()?, optimum.measured?)))
            .collect();
        if fitted.is_empty() {
            return Err("no experiment has three relative rates and more than three runs".into());
        }
        let kinds: Vec<DatasetKind> = fitted.iter().map(|(series, ..)| series.dataset).collect();
        let share = |kind: &DatasetKind| 1.0 / kinds.iter().filter(|other| *other == kind).count() as f64;
        let shares: Vec<f64> = kinds.iter().map(share).collect();
        let samples: Vec<Vec<f64>> =
            fitted.iter().enumerate().map(|(index, (series, ..))| bootstrap(&series.pairs(), index as u64)).collect();
        let repeats = samples.iter().map(Vec::len).min().unwrap_or(0);
        let medians = (0..repeats).map(|i| weighted_median(samples.iter().map(|values| values[i]), &shares));
        let measured = fitted.iter().map(|(_, _, range)| *range);
        Ok(Pooled {
            best: weighted_median(fitted.iter().map(|(_, best, _)| *best), &shares),
            interval: Range::of(medians.collect()),
            measured: measured
                .reduce(|a, b| Range { low: a.low.min(b.low), high: a.high.max(b.high) })
                .unwrap_or(Range { low: 0.0, high: 0.0 }),
            series: fitted.len(),
            datasets: shares.iter().sum::<f64>().round() as usize,
            runs: fitted.iter().map(|(series, ..)| series.points.len()).sum(),
            seeds: fitted.iter().map(|(series, ..)| series.seeds()).min().unwrap_or(0),
        })
    }

    /// Keeps the pooled rate where it says something.
    ///
    /// # Errors
    /// Why it says nothing.
    pub fn determined(self) -> Result<Self, String> {
        let Pooled { best, interval, measured, .. } = self;
        if interval.covers(measured) {
            return Err(format!(
                "the 95 % interval of the best ρ, {:.2} to {:.2}, covers what was measured, {:.2} to {:.2}",
                interval.low, interval.high, measured.low, measured.high
            ));
        }
        if best <= measured.low || best >= measured.high {
            return Err(format!(
                "the best ρ that was measured, {best:.2}, is the end of the range {:.2} to {:.2}: the optimum may lie beyond",
                measured.low, measured.high
            ));
        }
        Ok(self)
    }
}

/// The smallest value with half of the weight at or below it; between two, where half of it is
/// exactly there, their geometric mean.
fn weighted_median(values: impl Iterator<Item = f64>, weights: &[f64]) -> f64 {
    let mut pairs: Vec<(f64, f64)> = values.zip(weights.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = weights.iter().sum::<f64>() / 2.0;
    let mut sum = 0.0;
    for (index, (value, weight)) in pairs.iter().enumerate() {
        sum += weight;
        if sum > half + 1e-9 {
            return *value;
        }
        if let Some((next, _)) = pairs.get(index + 1).filter(|_| (sum - half).abs() <= 1e-9) {
            return (value * next).sqrt();
        }
    }
    pairs.last().map_or(f64::NAN, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::super::optimum::tests::series;
    use super::*;

    fn evidence(parts: &[(DatasetKind, f64, f64)]) -> Evidence {
        let series = parts.iter().enumerate().map(|(seed, (dataset, best, curvature))| super::super::Series {
            dataset: *dataset,
            ..series(*best, *curvature, 0.002, seed as u64)
        });
        Evidence { series: series.collect() }
    }

    #[test]
    fn the_published_map_by_geometry() {
        let found = Recommendation::geometric([64, 128], 3);
        assert_eq!((found.rates, found.relative_rate), (vec![1, 10, 21, 31], 31.0 / 64.0));
    }

    #[test]
    fn evidence_sets_the_largest_rate() {
        let parts =
            [(DatasetKind::STARE, 0.2, 0.02), (DatasetKind::CHASE_DB1, 0.3, 0.02), (DatasetKind::HRF, 0.6, 0.02)];
        let found = Recommendation::from_evidence([100, 200], 3, &evidence(&parts));
        let Basis::Evidence { pooled } = found.basis else { panic!("{found:?}") };
        let Range { low, high } = pooled.interval;
        assert!((pooled.best - 0.3).abs() < 0.03 && low < pooled.best && pooled.best < high, "{pooled:?}");
        assert!(0.25 < low && high < 0.36, "{pooled:?}");
        assert_eq!((pooled.series, pooled.datasets, pooled.runs, pooled.seeds), (3, 3, 45, 3));
        let largest = (pooled.best * 100.0).round() as usize;
        assert_eq!(found.rates, spaced_rates(largest, 3));
    }

    #[test]
    fn a_data_set_with_many_experiments_counts_once() {
        let parts = [
            (DatasetKind::STARE, 0.6, 0.02),
            (DatasetKind::STARE, 0.6, 0.02),
            (DatasetKind::STARE, 0.6, 0.02),
            (DatasetKind::STARE, 0.6, 0.02),
            (DatasetKind::CHASE_DB1, 0.2, 0.02),
            (DatasetKind::HRF, 0.2, 0.02),
        ];
        let pooled = Pooled::of(&evidence(&parts)).unwrap();
        assert!((pooled.best - 0.2).abs() < 0.03 && pooled.datasets == 3, "{pooled:?}");
    }

    #[test]
    fn evidence_that_says_nothing_leaves_the_geometric_rule() {
        let why = |evidence: &Evidence| match Recommendation::from_evidence([64, 128], 3, evidence) {
            Recommendation { rates, basis: Basis::Geometry { why: Some(why) }, .. } => {
                assert_eq!(rates, [1, 10, 21, 31]);
                why
            }
            other => panic!("{other:?}"),
        };
        assert!(why(&Evidence::default()).starts_with("no experiment has three relative rates"));
        let noisy = Evidence { series: vec![series(0.28, 0.0005, 0.02, 3)] };
        assert!(why(&noisy).contains("covers what was measured"), "{}", why(&noisy));
        assert!(why(&evidence(&[(DatasetKind::STARE, 4.0, 0.01)])).contains("the optimum may lie beyond"));
    }

    #[test]
    fn medians() {
        let median = |values: &[f64], weights: &[f64]| weighted_median(values.iter().copied(), weights);
        assert_eq!(median(&[3.0, 1.0, 2.0], &[1.0; 3]), 2.0);
        assert!((median(&[8.0, 2.0], &[1.0; 2]) - 4.0).abs() < 1e-12);
        assert_eq!(median(&[1.0, 2.0, 3.0], &[1.0, 0.1, 0.1]), 1.0);
    }
}
