//! The formulas of before.

use crate::conclusions::guideline::{Range, Series};
use crate::conclusions::statistics::{deviation, holm, mean};
use crate::support::split_mix::SplitMix;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Samples of a bootstrap.
const SAMPLES: usize = 300;

/// Coefficients of the parabola through points (ln rate, score), by least squares; the constant
/// first.
fn parabola(points: &[(f64, f64)]) -> [f64; 3] {
    let moment = |power: i32| points.iter().map(|(x, _)| x.powi(power)).sum::<f64>();
    let with_score = |power: i32| points.iter().map(|(x, y)| x.powi(power) * y).sum::<f64>();
    let mut rows = [0, 1, 2].map(|i| [moment(i), moment(i + 1), moment(i + 2), with_score(i)]);
    for pivot in 0..3 {
        let own = rows[pivot].map(|value| value / rows[pivot][pivot]);
        for (index, row) in rows.iter_mut().enumerate() {
            let factor = row[pivot];
            *row = if index == pivot { own } else { std::array::from_fn(|at| row[at] - factor * own[at]) };
        }
    }
    rows.map(|row| row[3])
}

fn at([constant, slope, bend]: [f64; 3], x: f64) -> f64 {
    constant + slope * x + bend * x * x
}

/// The best ln rate of the measured range: the peak, or the better end.
fn best_in(fit: [f64; 3], low: f64, high: f64) -> f64 {
    let peak = -fit[1] / (2.0 * fit[2]);
    match () {
        () if fit[2] < 0.0 => peak.clamp(low, high),
        () if at(fit, low) > at(fit, high) => low,
        () => high,
    }
}

/// What a series said of its best relative rate: the best of the measured range, and bootstrap
/// samples of it. Every run was a point of its own, whatever its seed.
pub struct FormerOptimum {
    pub best: f64,
    pub measured: Range,
    samples: Vec<f64>,
}

impl FormerOptimum {
    pub fn of(series: &Series, seed: u64) -> Self {
        let points: Vec<(f64, f64)> = series.points.iter().map(|p| (p.relative_rate.ln(), p.score)).collect();
        let fit = parabola(&points);
        let (low, high) =
            points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), (x, _)| (l.min(*x), h.max(*x)));
        let count = points.len() as f64;
        let scale = (count / (count - 3.0)).sqrt();
        let residuals: Vec<f64> = points.iter().map(|(x, y)| scale * (y - at(fit, *x))).collect();
        let mut draws = SplitMix::new(seed);
        let mut sample = || {
            let drawn: Vec<(f64, f64)> =
                points.iter().map(|(x, _)| (*x, at(fit, *x) + residuals[draws.draw_below(residuals.len())])).collect();
            best_in(parabola(&drawn), low, high).exp()
        };
        let samples = (0..SAMPLES).map(|_| sample()).collect();
        Self { best: best_in(fit, low, high).exp(), measured: Range { low: low.exp(), high: high.exp() }, samples }
    }

    /// The middle 95 % of the samples.
    pub fn interval(&self) -> Range {
        middle(self.samples.clone())
    }

    /// The median over data sets, where it was called determined: inside of the measured range,
    /// with an interval that is not nearly all of it.
    pub fn named(sets: &[Self]) -> Option<f64> {
        let median = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            let half = values.len() / 2;
            if values.len() % 2 == 1 { values[half] } else { (values[half - 1] * values[half]).sqrt() }
        };
        let best = median(sets.iter().map(|set| set.best).collect());
        let of_sample = |sample: usize| median(sets.iter().map(|set| set.samples[sample]).collect());
        let interval = middle((0..SAMPLES).map(of_sample).collect());
        let measured = sets[0].measured;
        let length = |range: Range| (range.high / range.low).ln();
        let determined = length(interval) < 0.9 * length(measured);
        (determined && best > measured.low * 1.000_001 && best < measured.high / 1.000_001).then_some(best)
    }
}

fn middle(mut values: Vec<f64>) -> Range {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    Range { low: at(0.025), high: at(0.975) }
}

/// Student's distribution.
fn student(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom).unwrap()
}

/// The two-sided p-value of seeds' differences: a t-test of this contrast alone.
pub fn p_by_seeds(differences: &[f64]) -> f64 {
    let count = differences.len() as f64;
    let t = mean(differences) / (deviation(differences).unwrap() / count.sqrt());
    2.0 * student(count - 1.0).cdf(-t.abs())
}

/// The 95 % interval of the mean of seeds' differences, not corrected for other contrasts.
pub fn interval_by_seeds(differences: &[f64]) -> Range {
    let count = differences.len() as f64;
    let reach = student(count - 1.0).inverse_cdf(0.975) * deviation(differences).unwrap() / count.sqrt();
    Range { low: mean(differences) - reach, high: mean(differences) + reach }
}

/// The two-sided p-value of images' differences, each an image of its own: the bootstrap's
/// percentiles.
pub fn p_by_images(differences: &[f64], seed: u64) -> f64 {
    let mut draws = SplitMix::new(seed);
    let count = differences.len();
    let mut below = 0;
    for _ in 0..SAMPLES {
        let sum: f64 = (0..count).map(|_| differences[draws.draw_below(count)]).sum();
        below += usize::from(sum <= 0.0);
    }
    let share = below as f64 / SAMPLES as f64;
    (2.0 * share.min(1.0 - share)).max(1.0 / SAMPLES as f64)
}

/// p-values of several contrasts, corrected.
pub fn corrected(p: &[f64]) -> Vec<f64> {
    holm(p)
}
