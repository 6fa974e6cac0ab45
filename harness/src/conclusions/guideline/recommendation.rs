//! Rates to use on a map, and what they rest on.

use super::claim::{ClaimVerdict, SizeClaim};
use super::curve::{PooledCurve, Range};
use super::evidence::{Evidence, Series};
use super::pooled_runs::PooledRuns;
use super::rule::{largest_whole_rate, spaced_rates};
use serde::Serialize;
use std::collections::HashSet;

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

/// The best relative rate for a map, from the runs of several series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pooled {
    /// Largest rate over F.
    pub best: f64,
    /// 95 %, over the noise of the runs; which data sets were measured is not part of it.
    pub interval: Range,
    /// What it was found by.
    pub reach: Reach,
    /// Series that it rests on.
    pub series: usize,
    pub datasets: usize,
    /// Finished runs of those series.
    pub runs: usize,
    /// Fewest seeds of a series.
    pub seeds: usize,
}

/// For which maps a measured optimum holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// For the sizes that were measured, and those between: the best rate grows with the size.
    BySize,
    /// For the sizes that were measured, and those between: the best rate is the same for all.
    ByObjects,
    /// For this size, which was measured, and no other.
    ThisSize,
}

impl Recommendation {
    /// Recommends rates by the geometric rule, with so many 3x3 branches beside the 1x1 branch.
    pub fn geometric(feature: [usize; 2], branches: usize) -> Self {
        Self::of(largest_whole_rate(feature), feature, branches, Basis::Geometry { why: None })
    }

    /// Recommends rates from measured scores where they determine an optimum for this map, else by
    /// the geometric rule.
    pub fn from_evidence(feature: [usize; 2], branches: usize, evidence: &Evidence, claim: &SizeClaim) -> Self {
        let side = feature[0].min(feature[1]);
        match Pooled::at(side, evidence, claim) {
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
    /// The optimum for a map whose shorter side is `size`.
    ///
    /// # Errors
    /// Why the runs determine none.
    pub fn at(size: usize, evidence: &Evidence, claim: &SizeClaim) -> Result<Self, String> {
        if !claim.reaches(size) {
            return Err(match (claim.sizes.first(), claim.sizes.last()) {
                (Some(low), Some(high)) if low < high => {
                    format!("F = {size} lies beyond the sizes that were measured, {low} to {high}")
                }
                (Some(only), _) => format!("F = {size} was not measured, only F = {only}"),
                _ => "no run has a score".into(),
            });
        }
        let whole = |curve: Option<PooledCurve>, scale: f64, reach: Reach| {
            let curve = curve.filter(|curve| curve.optimum(1).is_ok())?;
            Some(Self::of(&curve, scale, reach, evidence.series.iter()))
        };
        let objects = claim.slope.is_some_and(|slope| slope.allows_objects);
        let by_claim = match claim.verdict {
            ClaimVerdict::Supported => whole(claim.by_size, 1.0, Reach::BySize),
            ClaimVerdict::Contradicted if objects => whole(claim.by_objects, size as f64, Reach::ByObjects),
            _ => None,
        };
        by_claim.map_or_else(|| Self::of_size(size, claim.sizes.len(), evidence), Ok)
    }

    /// The optimum of the series of one size alone, of so many sizes that were measured.
    fn of_size(size: usize, sizes: usize, evidence: &Evidence) -> Result<Self, String> {
        let own: Vec<&Series> = evidence.series.iter().filter(|series| series.feature_size == size).collect();
        if own.is_empty() {
            return Err(format!(
                "F = {size} was not measured, and what was measured does not say how rates follow from sizes"
            ));
        }
        let curve = PooledCurve::fit(&PooledRuns::of(&own), 1.0).ok_or_else(|| {
            "no experiment has three relative rates and runs enough to tell noise from effect".to_owned()
        })?;
        curve.optimum(sizes)?;
        Ok(Self::of(&curve, 1.0, Reach::ThisSize, own.into_iter()))
    }

    fn of<'a>(curve: &PooledCurve, scale: f64, reach: Reach, series: impl Iterator<Item = &'a Series>) -> Self {
        let series: Vec<&Series> = series.collect();
        let Range { low, high } = curve.interval;
        Pooled {
            best: curve.best / scale,
            interval: Range { low: low / scale, high: high / scale },
            reach,
            series: series.len(),
            datasets: series.iter().map(|series| series.dataset).collect::<HashSet<_>>().len(),
            runs: series.iter().map(|series| series.live().count()).sum(),
            seeds: series.iter().map(|series| series.seeds()).min().unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::made_up::{at_size, series};
    use super::*;
    use atrous_data::DatasetKind;

    fn evidence(parts: &[(DatasetKind, f64, f64)]) -> Evidence {
        let series = parts.iter().enumerate().map(|(seed, (dataset, best, curvature))| Series {
            dataset: *dataset,
            images: format!("{dataset:?}"),
            ..series(*best, *curvature, 0.002, seed as u64)
        });
        Evidence { series: series.collect(), ..Evidence::default() }
    }

    fn recommended(feature: [usize; 2], evidence: &Evidence) -> Recommendation {
        Recommendation::from_evidence(feature, 3, evidence, &SizeClaim::of(evidence))
    }

    #[test]
    fn the_published_map_by_geometry() {
        let found = Recommendation::geometric([64, 128], 3);
        assert_eq!((found.rates, found.relative_rate), (vec![1, 10, 21, 31], 31.0 / 64.0));
    }

    #[test]
    fn evidence_sets_the_largest_rate_of_the_size_that_was_measured() {
        let parts = [DatasetKind::STARE, DatasetKind::CHASE_DB1, DatasetKind::HRF].map(|set| (set, 0.3, 0.02));
        let found = recommended([100, 200], &evidence(&parts));
        let Basis::Evidence { pooled } = found.basis else { panic!("{found:?}") };
        let Range { low, high } = pooled.interval;
        assert!((pooled.best - 0.3).abs() < 0.03 && low < pooled.best && pooled.best < high, "{pooled:?}");
        assert_eq!((pooled.series, pooled.datasets, pooled.runs, pooled.seeds), (3, 3, 45, 3));
        assert_eq!(pooled.reach, Reach::ThisSize);
        let largest = (pooled.best * 100.0).round() as usize;
        assert_eq!(found.rates, spaced_rates(largest, 3));
    }

    fn why(feature: [usize; 2], evidence: &Evidence) -> String {
        match recommended(feature, evidence) {
            Recommendation { rates, basis: Basis::Geometry { why: Some(why) }, .. } => {
                assert_eq!(rates, Recommendation::geometric(feature, 3).rates);
                why
            }
            other => panic!("{other:?}"),
        }
    }

    /// One set that is best at the smallest rate and one at the largest: the middle is the worst
    /// compromise, not the optimum.
    #[test]
    fn sets_that_contradict_each_other_have_no_optimum() {
        let parts = [(DatasetKind::STARE, 0.01, 0.01), (DatasetKind::CHASE_DB1, 8.0, 0.01)];
        assert!(why([100, 100], &evidence(&parts)).contains("contradict each other"));
        let parts = [(DatasetKind::STARE, 0.15, 0.02), (DatasetKind::CHASE_DB1, 0.6, 0.02)];
        assert!(why([100, 100], &evidence(&parts)).contains("contradict each other"));
    }

    /// One size says nothing of another.
    #[test]
    fn sizes_that_were_not_measured_are_refused() {
        let one = evidence(&[(DatasetKind::STARE, 0.3, 0.02)]);
        assert_eq!(why([64, 128], &one), "F = 64 was not measured, only F = 100");
        let series = [32, 64].map(|size| at_size(size, 12.0, 0.02, 0.002, size as u64)).into();
        let two = Evidence { series, ..Evidence::default() };
        assert!(why([128, 128], &two).contains("F = 128 lies beyond the sizes that were measured, 32 to 64"));
    }

    #[test]
    fn the_same_rate_at_all_sizes_is_recommended_for_those_between() {
        let series = [32, 64, 128].map(|size| at_size(size, 16.0, 0.02, 0.002, size as u64)).into();
        let evidence = Evidence { series, ..Evidence::default() };
        let found = recommended([90, 90], &evidence);
        let Basis::Evidence { pooled } = found.basis else { panic!("{found:?}") };
        assert_eq!(pooled.reach, Reach::ByObjects);
        assert!((15..=17).contains(found.rates.last().unwrap()), "{found:?}");
    }

    #[test]
    fn evidence_that_says_nothing_leaves_the_geometric_rule() {
        assert!(why([64, 128], &Evidence::default()).starts_with("no run has a score"));
        let noisy = Evidence { series: vec![series(0.28, 0.0, 0.02, 3)], ..Evidence::default() };
        assert!(why([100, 100], &noisy).contains("do not depend on the rates"), "{}", why([100, 100], &noisy));
        assert!(why([100, 100], &evidence(&[(DatasetKind::STARE, 4.0, 0.01)])).contains("is the end of"));
    }
}
