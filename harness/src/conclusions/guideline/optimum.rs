//! The best relative rate of a series, and how sure it is.

use super::evidence::Series;
use super::parabola::Parabola;
use crate::support::split_mix::SplitMix;
use serde::Serialize;

/// Bootstrap samples; the ends of a 95 % interval are then known to about a hundredth of its width.
const SAMPLES: usize = 4000;
/// An interval that covers this much of the measured range, in the logarithm, determines nothing.
const NOTHING: f64 = 0.9;

/// Relative rates from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

/// What a series says about its best relative rate.
#[derive(Clone, Debug, Serialize)]
pub struct Optimum {
    /// Smallest and largest relative rate that was measured; `None` without a run.
    pub measured: Option<Range>,
    pub verdict: OptimumVerdict,
}

/// How far the runs go.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum OptimumVerdict {
    /// Fewer than three relative rates: no parabola.
    TooFewRates { rates: usize },
    /// There are as many runs as the parabola has coefficients: it fits whatever was measured, and
    /// nothing tells noise from effect.
    TooFewRuns { runs: usize },
    /// The parabola opens upwards or peaks elsewhere: the best of the measured range is one of its
    /// ends.
    AtTheEnd { best: f64, interval: Range },
    /// The parabola peaks inside, but the interval covers (nearly) all that was measured.
    Undetermined { best: f64, interval: Range },
    /// The parabola peaks inside.
    Inside { best: f64, interval: Range },
}

impl Optimum {
    pub fn of(series: &Series) -> Self {
        let rates = series.relative_rates();
        let measured = rates.first().zip(rates.last()).map(|(low, high)| Range { low: *low, high: *high });
        let pairs = series.pairs();
        let verdict = match (Parabola::fit(&pairs), measured) {
            (Some(fit), Some(range)) if pairs.len() > 3 => verdict(&fit, range, bootstrap(&pairs, 0)),
            (Some(_), Some(_)) => OptimumVerdict::TooFewRuns { runs: pairs.len() },
            _ => OptimumVerdict::TooFewRates { rates: rates.len() },
        };
        Optimum { measured, verdict }
    }

    /// The best relative rate of the measured range, where a parabola could be fitted.
    pub fn best(&self) -> Option<f64> {
        match self.verdict {
            OptimumVerdict::AtTheEnd { best, .. }
            | OptimumVerdict::Undetermined { best, .. }
            | OptimumVerdict::Inside { best, .. } => Some(best),
            OptimumVerdict::TooFewRates { .. } | OptimumVerdict::TooFewRuns { .. } => None,
        }
    }

    /// 95 % interval of the best relative rate, within the measured range.
    pub fn interval(&self) -> Option<Range> {
        match self.verdict {
            OptimumVerdict::AtTheEnd { interval, .. }
            | OptimumVerdict::Undetermined { interval, .. }
            | OptimumVerdict::Inside { interval, .. } => Some(interval),
            OptimumVerdict::TooFewRates { .. } | OptimumVerdict::TooFewRuns { .. } => None,
        }
    }
}

fn verdict(fit: &Parabola, range: Range, samples: Vec<f64>) -> OptimumVerdict {
    let interval = Range::of(samples);
    let best = fit.best_in(range.low, range.high);
    if !fit.peak().is_some_and(|peak| range.low < peak && peak < range.high) {
        OptimumVerdict::AtTheEnd { best, interval }
    } else if interval.covers(range) {
        OptimumVerdict::Undetermined { best, interval }
    } else {
        OptimumVerdict::Inside { best, interval }
    }
}

impl Range {
    /// The middle 95 % of values. `values` holds at least one.
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        Range { low: at(0.025), high: at(0.975) }
    }

    /// Whether this is (nearly) all of `measured`.
    pub(super) fn covers(&self, measured: Range) -> bool {
        let length = |range: &Range| (range.high / range.low).ln();
        length(self) >= NOTHING * length(&measured)
    }
}

/// Best relative rates of the measured range when the residuals of the fit fall on other runs.
///
/// Residuals are scaled by the square root of n / (n - 3): a parabola through n points leaves too
/// small ones. With seeds as points they hold both the spread over seeds and what is not a parabola
/// about the scores. `pairs` holds more than three, with three relative rates at least.
pub(super) fn bootstrap(pairs: &[(f64, f64)], seed: u64) -> Vec<f64> {
    let Some(fit) = Parabola::fit(pairs) else { return Vec::new() };
    let count = pairs.len() as f64;
    let scale = (count / (count - 3.0)).sqrt();
    let residuals: Vec<f64> = pairs.iter().map(|(rate, score)| scale * (score - fit.at(*rate))).collect();
    let rates = pairs.iter().map(|(rate, _)| *rate);
    let low = rates.clone().fold(f64::INFINITY, f64::min);
    let high = rates.clone().fold(0.0, f64::max);
    let mut draws = SplitMix::new(seed);
    let sample = |_| {
        let drawn: Vec<_> =
            rates.clone().map(|rate| (rate, fit.at(rate) + residuals[draws.draw_below(residuals.len())])).collect();
        Parabola::fit(&drawn).map(|fit| fit.best_in(low, high))
    };
    (0..SAMPLES).filter_map(sample).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::evidence::SeriesPoint;
    use super::*;
    use crate::results::scores::Metric;
    use atrous_data::DatasetKind;

    pub(in super::super) const RATES: [f64; 5] = [0.07, 0.14, 0.28, 0.56, 1.1];

    /// Nearly normal noise of variance 1: the sum of twelve uniform numbers.
    fn noise(draws: &mut SplitMix) -> f64 {
        let grid: Vec<f64> = (0..1001).map(|i| f64::from(i) / 1000.0).collect();
        (0..12).map(|_| grid[draws.draw_below(grid.len())]).sum::<f64>() - 6.0
    }

    /// A parabola with its peak at `best`, three seeds, and noise.
    pub(in super::super) fn series(best: f64, curvature: f64, deviation: f64, seed: u64) -> Series {
        let mut draws = SplitMix::new(1000 + seed);
        let mut points = Vec::new();
        for relative_rate in RATES {
            for seed in 0..3 {
                let score = 0.7 - curvature * (relative_rate / best).ln().powi(2) + deviation * noise(&mut draws);
                points.push(SeriesPoint { rates: String::new(), seed, relative_rate, score });
            }
        }
        let (dataset, metric) = (DatasetKind::STARE, Metric::Mdice);
        Series { experiment: "made-up".into(), dataset, metric, synthetic: false, points, failed: 0 }
    }

    #[test]
    fn intervals_cover_the_known_optimum_nineteen_times_in_twenty() {
        let covered = (0..200).filter(|seed| {
            let interval = Optimum::of(&series(0.3, 0.02, 0.01, *seed)).interval().unwrap();
            interval.low <= 0.3 && 0.3 <= interval.high
        });
        // Of 200 at 95 %: 190, standard deviation 3. The bootstrap is known to be a little too sure
        // of itself.
        let covered = covered.count();
        assert!((178..=199).contains(&covered), "{covered}");
    }

    #[test]
    fn a_clear_optimum_is_found_inside() {
        let optimum = Optimum::of(&series(0.3, 0.02, 0.002, 0));
        let OptimumVerdict::Inside { best, interval } = optimum.verdict else { panic!("{optimum:?}") };
        assert!((best - 0.3).abs() < 0.03 && interval.high - interval.low < 0.1, "{optimum:?}");
        assert_eq!(optimum.measured, Some(Range { low: 0.07, high: 1.1 }));
    }

    #[test]
    fn flat_scores_determine_nothing() {
        let undetermined = |seed| match Optimum::of(&series(0.3, 0.0, 0.01, seed)).verdict {
            OptimumVerdict::Inside { .. } => false,
            OptimumVerdict::Undetermined { interval, .. } | OptimumVerdict::AtTheEnd { interval, .. } => {
                interval.low < 0.08 || interval.high > 1.0
            }
            _ => false,
        };
        let count = (0..100).filter(|seed| undetermined(*seed)).count();
        assert!(count >= 90, "{count}");
    }

    #[test]
    fn a_peak_elsewhere_is_at_the_end() {
        let best = |best, curvature| match Optimum::of(&series(best, curvature, 0.001, 0)).verdict {
            OptimumVerdict::AtTheEnd { best, .. } => best,
            other => panic!("{other:?}"),
        };
        assert_eq!(best(3.0, 0.01), 1.1);
        assert_eq!(best(0.01, 0.01), 0.07);
        // Opens upwards, with the better end on the left.
        assert_eq!(best(0.6, -0.01), 0.07);
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

    #[test]
    fn the_same_runs_have_the_same_interval() {
        let series = series(0.3, 0.02, 0.01, 7);
        assert_eq!(Optimum::of(&series).verdict, Optimum::of(&series).verdict);
    }
}
