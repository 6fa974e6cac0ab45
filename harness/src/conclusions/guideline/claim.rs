//! The claim that the best rates follow from the size of the input, held against measured runs.

use super::curve::PooledCurve;
use super::evidence::{Evidence, Series};
use super::models::{ModelComparison, RateModel};
use super::pooled_runs::{PooledRuns, Slopes};
use super::size_slope::SizeSlope;
use serde::Serialize;

/// What the runs say of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimVerdict {
    /// The best rate grows as the size does.
    Supported,
    /// The best rate does not grow as the size does.
    Contradicted,
    Open,
}

/// The claim, and what it was judged by.
#[derive(Clone, Debug, Serialize)]
pub struct SizeClaim {
    pub verdict: ClaimVerdict,
    /// Why, as half a sentence.
    pub why: String,
    /// Sizes F that were measured, ascending.
    pub sizes: Vec<usize>,
    pub slope: Option<SizeSlope>,
    pub models: Option<ModelComparison>,
    /// One curve in r / F through all runs.
    pub by_size: Option<PooledCurve>,
    /// One curve in r through all runs.
    pub by_objects: Option<PooledCurve>,
}

impl SizeClaim {
    /// Judges the claim by all runs together.
    pub fn of(evidence: &Evidence) -> Self {
        let series: Vec<&Series> = evidence.series.iter().collect();
        let runs = PooledRuns::of(&series);
        let mut sizes: Vec<usize> =
            series.iter().filter(|s| s.live().next().is_some()).map(|s| s.feature_size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let (slope, models) = (SizeSlope::fit(&runs), ModelComparison::of(&runs));
        let (verdict, why) = judged(&runs, &sizes, slope, models.as_ref());
        SizeClaim {
            verdict,
            why,
            slope,
            models,
            by_size: PooledCurve::fit(&runs, 1.0),
            by_objects: PooledCurve::fit(&runs, 0.0),
            sizes,
        }
    }

    /// Whether a size lies within those that were measured.
    pub fn reaches(&self, size: usize) -> bool {
        self.sizes.first().is_some_and(|low| *low <= size) && self.sizes.last().is_some_and(|high| size <= *high)
    }

    /// What the runs say of a size: nothing of one that lies beyond those that were measured.
    pub fn verdict_at(&self, size: usize) -> ClaimVerdict {
        if self.reaches(size) { self.verdict } else { ClaimVerdict::Open }
    }
}

/// The verdict, and why.
fn judged(
    runs: &PooledRuns,
    sizes: &[usize],
    slope: Option<SizeSlope>,
    models: Option<&ModelComparison>,
) -> (ClaimVerdict, String) {
    let open = |why: String| (ClaimVerdict::Open, why);
    match (sizes, slope, models) {
        ([], ..) => open("nothing was measured".into()),
        ([size], ..) => open(format!("F = {size} alone was measured, and one size tells nothing of another")),
        (_, Some(slope), Some(models)) => judged_by_slope(runs, slope, models),
        _ => open("no images were measured at two sizes, so sizes and objects change together".into()),
    }
}

fn judged_by_slope(runs: &PooledRuns, slope: SizeSlope, models: &ModelComparison) -> (ClaimVerdict, String) {
    let open = |why: String| (ClaimVerdict::Open, why);
    let Some(curve) = PooledCurve::with_slopes(runs, slope.slope, Slopes::PerGroup) else {
        return open("there are too few runs for a curve".into());
    };
    if curve.is_contradicted() {
        return open(format!(
            "the experiments contradict each other (p {:.3} for one common curve, whatever its slope)",
            curve.p_contradiction
        ));
    }
    if !curve.is_curved(1) {
        return open(format!(
            "no rate is known to be better than another (p {:.2} for any effect, p {:.2} for a curve that bends downwards)",
            curve.p_effect, curve.p_curvature
        ));
    }
    match (slope.allows_size, slope.allows_objects) {
        (true, false) => (ClaimVerdict::Supported, "the best rate grows with the size".into()),
        (false, true) => (ClaimVerdict::Contradicted, "the best rate stays where it is, whatever the size".into()),
        (false, false) => (ClaimVerdict::Contradicted, "the best rate goes neither with the size nor stays".into()),
        (true, true) => open(format!(
            "the runs allow both, that the size decides and that the objects do ({} fits best)",
            match models.best() {
                RateModel::Flat => "no curve at all",
                RateModel::Size => "one curve in r / F",
                RateModel::Objects => "one curve in r",
            }
        )),
    }
}
