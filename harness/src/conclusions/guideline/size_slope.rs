//! The slope of ln(best r) on ln(F): 1 where the size of the map decides, 0 where the objects do.

use super::least_squares::LeastSquares;
use super::pooled_runs::{PooledRuns, Slopes};
use crate::conclusions::statistics::SIGNIFICANCE;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, FisherSnedecor};

/// Slopes that are looked at, from minus to plus this.
const FARTHEST: f64 = 3.0;
/// Steps between two whole slopes.
const STEPS: i32 = 20;

/// The slope, with a 95 % interval.
///
/// All runs have one parabola in ln r - slope · ln F, with a best rate for each group of images and
/// a term per seed of a series. Only sizes of the same images are compared. The interval holds the
/// slopes whose squared residuals are not larger than the smallest ones times 1 + F / degrees of
/// freedom (profile likelihood).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SizeSlope {
    pub slope: f64,
    /// `None`: no end up to 3 on that side.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Whether 1 is in the interval.
    pub allows_size: bool,
    /// Whether 0 is in the interval.
    pub allows_objects: bool,
}

impl SizeSlope {
    /// `None` where no images were measured at two sizes, or nothing is left to tell noise from
    /// effect.
    pub(super) fn fit(runs: &PooledRuns) -> Option<Self> {
        if !runs.has_sizes() {
            return None;
        }
        let freedom = runs.free().checked_sub(runs.groups() + 2).filter(|freedom| *freedom > 0)? as f64;
        let residual = |slope: f64| {
            let columns = runs.parabola(&runs.coordinate(slope), Slopes::PerGroup);
            LeastSquares::fit(&columns, &runs.scores).map_or(f64::INFINITY, |fit| fit.residual)
        };
        let steps = (FARTHEST * f64::from(STEPS)) as i32;
        let grid: Vec<(f64, f64)> = (-steps..=steps)
            .map(|step| f64::from(step) / f64::from(STEPS))
            .map(|slope| (slope, residual(slope)))
            .collect();
        let best = grid.iter().enumerate().min_by(|a, b| a.1.1.total_cmp(&b.1.1)).map(|(index, _)| index)?;
        let around = |index: usize| grid[index.min(grid.len() - 1)].0;
        let (slope, least) = smallest(residual, around(best.saturating_sub(1)), around(best + 1));
        if !least.is_finite() {
            return None;
        }
        let quantile = FisherSnedecor::new(1.0, freedom).ok()?.inverse_cdf(1.0 - SIGNIFICANCE);
        let limit = least * (1.0 + quantile / freedom);
        let first = grid.iter().position(|(_, residual)| *residual <= limit).unwrap_or(best);
        let last = grid.iter().rposition(|(_, residual)| *residual <= limit).unwrap_or(best);
        let end = |inside: f64, outside: f64| crossing(residual, limit, inside, outside);
        Some(SizeSlope {
            slope,
            low: (first > 0).then(|| end(slope.min(grid[first].0), grid[first - 1].0.min(slope - 0.05))),
            high: (last + 1 < grid.len()).then(|| end(slope.max(grid[last].0), grid[last + 1].0.max(slope + 0.05))),
            allows_size: residual(1.0) <= limit,
            allows_objects: residual(0.0) <= limit,
        })
    }
}

/// The smallest value of a function between two arguments, by golden sections.
fn smallest(function: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> (f64, f64) {
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    for _ in 0..30 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if function(left) <= function(right) { high = right } else { low = left }
    }
    let middle = (low + high) / 2.0;
    (middle, function(middle))
}

/// Finds where a function goes past a limit, between an argument inside and one outside.
fn crossing(function: impl Fn(f64) -> f64, limit: f64, mut inside: f64, mut outside: f64) -> f64 {
    for _ in 0..30 {
        let middle = (inside + outside) / 2.0;
        if function(middle) <= limit { inside = middle } else { outside = middle }
    }
    inside
}
