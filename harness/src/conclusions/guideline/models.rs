//! Three models of the scores, compared: which one the runs speak for.

use super::least_squares::LeastSquares;
use super::pooled_runs::{PooledRuns, Slopes};
use serde::Serialize;

/// What the best rate follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RateModel {
    /// Nothing: no rate is better than another.
    Flat,
    /// The size of the map: one curve in r / F.
    Size,
    /// Distances in the images: one curve in r.
    Objects,
}

/// How well a model fits. Each has a term per seed of a series, and those with a curve a best rate
/// per group of images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ModelFit {
    pub model: RateModel,
    /// Bayesian information criterion: smaller is better. Infinite for a curve that opens upwards.
    pub bic: f64,
    /// Mean squared error of scores of seeds that were left out, in square points; `None` with one
    /// seed.
    pub left_out: Option<f64>,
}

/// The three models, from the best to the worst by the criterion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelComparison(pub Vec<ModelFit>);

impl ModelComparison {
    /// `None` where no images were measured at two sizes: two of the models are the same then.
    pub(super) fn of(runs: &PooledRuns) -> Option<Self> {
        if !runs.has_sizes() {
            return None;
        }
        let mut fits: Vec<ModelFit> =
            [RateModel::Flat, RateModel::Size, RateModel::Objects].map(|model| ModelFit::of(runs, model)).into();
        fits.sort_by(|a, b| a.bic.total_cmp(&b.bic));
        Some(ModelComparison(fits))
    }

    /// The model with the smallest criterion. By simulation it errs less often than the error of
    /// left-out seeds: docs/notes/evidence.md.
    pub fn best(&self) -> RateModel {
        self.0.first().map_or(RateModel::Flat, |fit| fit.model)
    }

    /// The model with the smallest error of left-out seeds.
    pub fn best_left_out(&self) -> Option<RateModel> {
        let known = self.0.iter().filter_map(|fit| Some((fit.model, fit.left_out?)));
        known.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(model, _)| model)
    }
}

impl ModelFit {
    fn of(runs: &PooledRuns, model: RateModel) -> Self {
        let columns = match model {
            RateModel::Flat => Vec::new(),
            RateModel::Size => runs.parabola(&runs.coordinate(1.0), Slopes::PerGroup),
            RateModel::Objects => runs.parabola(&runs.coordinate(0.0), Slopes::PerGroup),
        };
        let count = runs.free() as f64;
        let bic = match LeastSquares::fit(&columns, &runs.scores) {
            Some(fit) if fit.coefficients.last().is_none_or(|curvature| *curvature < 0.0) => {
                count * (fit.residual / count).ln() + columns.len() as f64 * count.ln()
            }
            _ => f64::INFINITY,
        };
        let left_out = runs.left_out(&columns).map(|error| 1e4 * error / count);
        ModelFit { model, bic, left_out }
    }
}
