//! An endpoint with its interval: for other seeds and other subjects, over both folds.

use crate::design::Endpoint;
use crate::scores::Fold;
use atrous_harness::conclusions::statistics::{
    CONFIDENCE, CrossedLayout, Interval, MeanDifference, SIGNIFICANCE, detectable_drop,
};

/// Differences within this, a fraction, are called equal: half a point.
pub const MARGIN: f64 = 0.005;

/// What an endpoint came to; scores are fractions.
#[derive(Clone, Debug)]
pub struct Estimate {
    pub mean: MeanDifference,
    /// Seeds and subjects of all folds.
    pub seeds: usize,
    pub subjects: usize,
}

/// What is said of an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointVerdict {
    Positive,
    Negative,
    /// Within the margin.
    Equal,
    Undetermined,
}

impl Estimate {
    /// The endpoint of a data set: the mean of its folds, each a crossed layout of its own.
    ///
    /// # Errors
    /// What is missing.
    pub fn of(endpoint: &Endpoint, folds: &[Fold]) -> Result<Self, String> {
        let mut parts = Vec::new();
        let (mut seeds, mut subjects) = (0, 0);
        for fold in folds {
            let values = values(endpoint, fold);
            let count = values.len();
            let layout = (count >= 2).then(|| {
                // The mean of one contrast is its difference from nothing.
                let nothing = vec![vec![0.0; values[0].len()]; count];
                CrossedLayout::new(vec![nothing, values])
            });
            let Some(layout) = layout.flatten() else {
                return Err(format!(
                    "{count} complete {} on one half of the subjects: two are needed",
                    if count == 1 { "seed" } else { "seeds" }
                ));
            };
            let of_fold = layout.difference(1, 0);
            let people = layout.subjects();
            // The plan: degrees of freedom at most those of the smaller factor.
            let most = (count.min(people) - 1) as f64;
            parts.push((1.0, MeanDifference { freedom: of_fold.freedom.min(most), ..of_fold }));
            (seeds, subjects) = (seeds + count, subjects + people);
        }
        let mean = MeanDifference::weighted(&parts).ok_or("no runs")?;
        Ok(Self { mean, seeds, subjects })
    }

    /// The two-sided p-value, not corrected.
    pub fn p(&self) -> f64 {
        let one_sided = MeanDifference { difference: -self.mean.difference.abs(), ..self.mean }.p_worse(0.0);
        (2.0 * one_sided).min(1.0)
    }

    /// The interval that holds all true values of a family of tests together (Bonferroni).
    pub fn interval(&self, tests: usize) -> Interval {
        self.mean.bounds((1.0 - CONFIDENCE) / (2 * tests) as f64)
    }

    /// The verdict by a p-value that is corrected for the family.
    pub fn verdict(&self, corrected: f64, tests: usize) -> EndpointVerdict {
        let within = self.mean.bounds(SIGNIFICANCE / tests as f64);
        match corrected < SIGNIFICANCE {
            true if self.mean.difference > 0.0 => EndpointVerdict::Positive,
            true => EndpointVerdict::Negative,
            false if within.low > -MARGIN && within.high < MARGIN => EndpointVerdict::Equal,
            false => EndpointVerdict::Undetermined,
        }
    }

    /// The smallest true value that the corrected test would have found with a chance of 80 %.
    pub fn detectable(&self, tests: usize) -> f64 {
        detectable_drop(&self.mean, 0.0, SIGNIFICANCE / (2 * tests) as f64)
    }
}

/// The contrast per seed and subject, over the seeds that have all of its cells.
fn values(endpoint: &Endpoint, fold: &Fold) -> Vec<Vec<f64>> {
    let seeds = fold.seeds_of(endpoint.weights.iter().map(|(_, cell)| *cell));
    let of_seed = |seed: &u64| {
        let cells = endpoint.weights.iter().map(|(weight, cell)| (*weight, &fold.scores[cell][seed]));
        let mut sums: Vec<f64> = Vec::new();
        for (weight, scores) in cells {
            sums.resize(scores.len(), 0.0);
            sums.iter_mut().zip(scores.values()).for_each(|(sum, score)| *sum += weight * score);
        }
        sums
    };
    seeds.iter().map(of_seed).collect()
}
