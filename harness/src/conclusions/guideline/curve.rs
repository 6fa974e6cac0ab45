//! A common parabola through the runs of several series, and where it is highest.

use super::least_squares::LeastSquares;
use super::pooled_runs::{PooledRuns, Slopes};
use crate::conclusions::statistics::SIGNIFICANCE;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, FisherSnedecor, StudentsT};

/// An interval that covers this much of the measured range, in the logarithm, determines nothing.
const NOTHING: f64 = 0.9;

/// From `low` to `high`: relative rates, or rates in cells of the map.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    /// Whether this is (nearly) all of `measured`.
    pub(super) fn covers(&self, measured: Range) -> bool {
        let length = |range: &Range| (range.high / range.low).ln();
        length(self) >= NOTHING * length(&measured)
    }

    /// Whether a value lies in it, ends included.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// A parabola in the logarithm of a rate, with a term per seed of a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PooledCurve {
    /// The rate at which it is highest within what was measured.
    pub best: f64,
    /// 95 % interval of the peak, cut off at what was measured; all of that where the curvature is
    /// not known to be negative.
    pub interval: Range,
    /// Smallest and largest rate that was measured.
    pub measured: Range,
    /// Whether it opens downwards and has its peak inside of what was measured.
    pub peaks_inside: bool,
    /// P-value of the F test against no effect of the rates.
    pub p_effect: f64,
    /// P-value, one-sided, of the t test for a curvature that is negative.
    pub p_curvature: f64,
    /// P-value of the F test for a parabola of each series' own.
    pub p_contradiction: f64,
}

impl PooledCurve {
    /// Fits a curve in ln r - `slope` ln F. `None` with fewer than three rates, or nothing left to
    /// tell noise from effect.
    pub(super) fn fit(runs: &PooledRuns, slope: f64) -> Option<Self> {
        Self::with_slopes(runs, slope, Slopes::Common)
    }

    /// Fits a curve as [`PooledCurve::fit`] does; with slopes per group, `best` and `interval` are
    /// those of the first one.
    pub(super) fn with_slopes(runs: &PooledRuns, slope: f64, slopes: Slopes) -> Option<Self> {
        let x = runs.coordinate(slope);
        let columns = runs.parabola(&x, slopes);
        let fit = LeastSquares::fit(&columns, &runs.scores)?;
        let last = columns.len() - 1;
        let freedom = runs.free().checked_sub(columns.len()).filter(|freedom| *freedom > 0)? as f64;
        let variance = fit.residual / freedom;
        let total: f64 = runs.scores.iter().map(|score| score * score).sum();
        let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
        let (a, b) = (fit.coefficients[0], fit.coefficients[last]);
        let covariance = |i: usize, j: usize| variance * fit.inverse[i][j];
        let statistic = if variance > 0.0 { b / covariance(last, last).sqrt() } else { b * f64::INFINITY };
        let p_curvature = if statistic.is_nan() { 0.5 } else { student.cdf(statistic) };
        let low = x.iter().copied().fold(f64::INFINITY, f64::min);
        let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let peak = -a / (2.0 * b);
        let peaks_inside = b < 0.0 && low < peak && peak < high;
        let height = |x: f64| a * x + b * x * x;
        let better_end = if height(low) >= height(high) { low } else { high };
        let quantile = student.inverse_cdf(1.0 - SIGNIFICANCE / 2.0);
        let interval = if b < 0.0 {
            fieller([a, 2.0 * b], [covariance(0, 0), 2.0 * covariance(0, last), 4.0 * covariance(last, last)], quantile)
        } else {
            None
        };
        let (from, to) = interval.unwrap_or((low, high));
        let range = |from: f64, to: f64| Range { low: from.exp(), high: to.exp() };
        Some(PooledCurve {
            best: if b < 0.0 { peak.clamp(low, high) } else { better_end }.exp(),
            interval: range(from.clamp(low, high), to.clamp(low, high)),
            measured: range(low, high),
            peaks_inside,
            p_effect: p_of_f(total - fit.residual, columns.len(), fit.residual, freedom),
            p_curvature,
            p_contradiction: contradiction(runs, &x, fit.residual, columns.len()),
        })
    }

    /// Whether the rates make a difference, and the curvature is known to be negative; as one of so
    /// many curves that are looked at (Bonferroni).
    pub fn is_curved(&self, curves: usize) -> bool {
        let level = SIGNIFICANCE / curves as f64;
        self.p_effect < level && self.p_curvature < level / 2.0
    }

    /// Whether the series have curves of their own.
    pub fn is_contradicted(&self) -> bool {
        self.p_contradiction < SIGNIFICANCE
    }

    /// Whether it names an optimum, as one of so many curves that are looked at.
    ///
    /// # Errors
    /// Why it does not.
    pub fn optimum(&self, curves: usize) -> Result<(), String> {
        let PooledCurve { best, interval, measured, .. } = self;
        if self.is_contradicted() {
            Err(format!("the experiments contradict each other (p {:.3} for one common curve)", self.p_contradiction))
        } else if self.p_effect >= SIGNIFICANCE {
            Err(format!("the scores do not depend on the rates (F test, p {:.2})", self.p_effect))
        } else if !self.peaks_inside {
            Err(format!(
                "the best that was measured, {best:.2}, is the end of {:.2} to {:.2}",
                measured.low, measured.high
            ))
        } else if !self.is_curved(curves) {
            Err(format!("the curve is not known to bend downwards (p {:.2})", self.p_curvature))
        } else if interval.covers(*measured) {
            Err(format!("the interval {:.2} to {:.2} covers what was measured", interval.low, interval.high))
        } else {
            Ok(())
        }
    }
}

/// Finds where a line `a + c x` is zero: all x at which it is not known to be otherwise (Fieller
/// 1954).
/// `covariance` is var(a), cov(a, c), var(c). `None` where that is no interval, as c may be 0.
fn fieller([a, c]: [f64; 2], [aa, ac, cc]: [f64; 3], quantile: f64) -> Option<(f64, f64)> {
    let square = quantile * quantile;
    let [second, first, zeroth] = [c * c - square * cc, a * c - square * ac, a * a - square * aa];
    let root = (first * first - second * zeroth).max(0.0).sqrt();
    (second > 0.0).then(|| ((-first - root) / second, (-first + root) / second))
}

/// P-value of the F test for `explained` by so many coefficients. 1 where nothing was explained.
pub(super) fn p_of_f(explained: f64, coefficients: usize, residual: f64, freedom: f64) -> f64 {
    if coefficients == 0 || explained <= 0.0 {
        return 1.0;
    }
    if residual <= 0.0 {
        return 0.0;
    }
    let statistic = explained / coefficients as f64 / (residual / freedom);
    FisherSnedecor::new(coefficients as f64, freedom).map_or(1.0, |f| f.sf(statistic))
}

fn contradiction(runs: &PooledRuns, coordinate: &[f64], common: f64, coefficients: usize) -> f64 {
    let (own, of_own) = runs.one_by_one(coordinate);
    let freedom = runs.free().saturating_sub(of_own) as f64;
    let more = of_own.saturating_sub(coefficients);
    if freedom < 1.0 || more == 0 { 1.0 } else { p_of_f(common - own, more, own, freedom) }
}
