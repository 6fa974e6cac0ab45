//! The best relative rate of a series, and how sure it is.

use super::curve::{PooledCurve, Range};
use super::evidence::Series;
use super::pooled_runs::PooledRuns;
use crate::conclusions::statistics::SIGNIFICANCE;
use serde::Serialize;

/// What a series says about its best relative rate.
#[derive(Clone, Debug, Serialize)]
pub struct Optimum {
    /// Smallest and largest relative rate that was measured, those beyond the map left out; `None`
    /// without a run.
    pub measured: Option<Range>,
    pub verdict: OptimumVerdict,
}

/// How far the runs go.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum OptimumVerdict {
    /// Fewer than three relative rates: no parabola.
    TooFewRates { rates: usize },
    /// A parabola with a term per seed fits whatever was measured, and nothing tells noise from
    /// effect.
    TooFewRuns { runs: usize },
    /// No relative rate is known to be better than another.
    NoEffect { p: f64 },
    /// The rates make a difference, and the best of the measured range is one of its ends.
    AtTheEnd { best: f64, interval: Range },
    /// The parabola peaks inside, but it is not known to bend downwards, or the interval covers
    /// (nearly) all that was measured.
    Undetermined { best: f64, interval: Range },
    /// The parabola peaks inside.
    Inside { best: f64, interval: Range },
}

impl Optimum {
    pub fn of(series: &Series) -> Self {
        let rates = series.relative_rates();
        let measured = rates.first().zip(rates.last()).map(|(low, high)| Range { low: *low, high: *high });
        let verdict = match PooledCurve::fit(&PooledRuns::of(&[series]), 1.0) {
            Some(curve) => verdict(&curve),
            None if rates.len() < 3 => OptimumVerdict::TooFewRates { rates: rates.len() },
            None => OptimumVerdict::TooFewRuns { runs: series.live().count() },
        };
        Optimum { measured, verdict }
    }

    /// 95 % interval of the best relative rate, within the measured range, where there is one.
    pub fn interval(&self) -> Option<Range> {
        match self.verdict {
            OptimumVerdict::AtTheEnd { interval, .. }
            | OptimumVerdict::Undetermined { interval, .. }
            | OptimumVerdict::Inside { interval, .. } => Some(interval),
            OptimumVerdict::TooFewRates { .. }
            | OptimumVerdict::TooFewRuns { .. }
            | OptimumVerdict::NoEffect { .. } => None,
        }
    }
}

fn verdict(curve: &PooledCurve) -> OptimumVerdict {
    let PooledCurve { best, interval, .. } = *curve;
    if curve.p_effect >= SIGNIFICANCE {
        OptimumVerdict::NoEffect { p: curve.p_effect }
    } else if !curve.peaks_inside {
        OptimumVerdict::AtTheEnd { best, interval }
    } else if curve.optimum(1).is_err() {
        OptimumVerdict::Undetermined { best, interval }
    } else {
        OptimumVerdict::Inside { best, interval }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::made_up::{RATES, series};
    use super::*;

    #[test]
    fn a_clear_optimum_is_found_inside() {
        let optimum = Optimum::of(&series(0.3, 0.02, 0.002, 0));
        let OptimumVerdict::Inside { best, interval } = optimum.verdict else { panic!("{optimum:?}") };
        assert!((best - 0.3).abs() < 0.03 && interval.high - interval.low < 0.1, "{optimum:?}");
        assert_eq!(optimum.measured, Some(Range { low: RATES[0], high: RATES[4] }));
    }

    #[test]
    fn flat_scores_determine_nothing() {
        let says_nothing =
            |seed: &u64| !matches!(Optimum::of(&series(0.3, 0.0, 0.01, *seed)).verdict, OptimumVerdict::Inside { .. });
        assert!((0..200).filter(says_nothing).count() >= 190);
    }

    #[test]
    fn a_peak_elsewhere_is_at_the_end() {
        let best = |best, curvature| match Optimum::of(&series(best, curvature, 0.001, 0)).verdict {
            OptimumVerdict::AtTheEnd { best, .. } => best,
            other => panic!("{other:?}"),
        };
        assert!((best(3.0, 0.01) - 1.1).abs() < 1e-9 && (best(0.01, 0.01) - 0.07).abs() < 1e-9);
        // Opens upwards, with the better end on the left.
        assert!((best(0.6, -0.01) - 0.07).abs() < 1e-9);
    }

    #[test]
    fn too_little_is_said_to_be() {
        let mut few = series(0.3, 0.02, 0.01, 0);
        few.points.retain(|point| point.relative_rate < 0.2);
        assert_eq!(Optimum::of(&few).verdict, OptimumVerdict::TooFewRates { rates: 2 });
        let mut single = series(0.3, 0.02, 0.01, 0);
        single.points.retain(|point| point.seed == 0 && point.relative_rate < 0.5);
        assert_eq!(Optimum::of(&single).verdict, OptimumVerdict::TooFewRuns { runs: 3 });
        single.points.clear();
        assert_eq!(Optimum::of(&single).measured, None);
    }

    /// A list whose branches all lie beyond the map sees no context: it is no point of the curve.
    #[test]
    fn dead_lists_are_left_out() {
        let mut with = series(0.3, 0.02, 0.002, 0);
        for seed in 0..3 {
            let dead =
                super::super::SeriesPoint { rates: "1-100-200-300".into(), seed, relative_rate: 3.0, score: 0.9 };
            with.points.push(dead);
        }
        assert_eq!(Optimum::of(&with).verdict, Optimum::of(&series(0.3, 0.02, 0.002, 0)).verdict);
    }
}
