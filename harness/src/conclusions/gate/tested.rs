//! What a check is asked for, and what a test says of one difference.

use crate::conclusions::format::percent;
use crate::conclusions::statistics::{MeanDifference, detectable_drop};
use crate::results::scores::Metric;
use serde::Serialize;

/// What a comparison ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    InLine,
    /// Too little is known, or what is there cannot be compared.
    NotJudged,
    /// The scores are higher, the first losses are others, or bits are where the same ones were
    /// asked for.
    Changed,
    Worse,
}

/// What is asked for.
#[derive(Clone, Debug, Serialize)]
pub struct CheckOptions {
    pub metric: Metric,
    /// How often unchanged programs may be called worse or changed by their scores.
    pub alpha: f64,
    /// The largest change that does not matter, a fraction.
    pub margin: f64,
    /// A check that would not have found a change of this size, a fraction, does not pass.
    pub must_detect: Option<f64>,
    /// Runs that can be the same bit for bit have to be.
    pub exact: bool,
    /// Only these experiments; all of them where it is empty.
    pub only: Vec<String>,
}

/// A difference, and what a test says of it. Fractions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tested {
    /// New runs minus the reference.
    pub difference: f64,
    /// Bounds of the true difference; both together err with a chance of alpha.
    pub low: f64,
    pub high: f64,
    /// Two-sided.
    pub p: f64,
    /// For the number of comparisons (Holm).
    pub p_corrected: f64,
    /// The smallest true change that the corrected test would have found in four of five such
    /// checks.
    pub detectable_drop: f64,
}

/// Two-sided p-value: the chance of a difference this large or larger, up or down, where the
/// true one is `margin` (a fraction) at most.
pub(super) fn p_changed(difference: &MeanDifference, margin: f64) -> f64 {
    let mirrored = MeanDifference { difference: -difference.difference, ..*difference };
    (2.0 * difference.p_worse(margin).min(mirrored.p_worse(margin))).min(1.0)
}

impl Tested {
    /// `comparisons` is the number of those that are corrected together.
    pub(super) fn new(
        difference: &MeanDifference,
        p_corrected: f64,
        comparisons: usize,
        options: &CheckOptions,
    ) -> Self {
        let bounds = difference.bounds(options.alpha / 2.0);
        Tested {
            difference: difference.difference,
            low: bounds.low,
            high: bounds.high,
            p: p_changed(difference, options.margin),
            p_corrected,
            // Holm's procedure tests the smallest p-value at alpha over the number of comparisons,
            // and no other one harder.
            detectable_drop: detectable_drop(difference, options.margin, options.alpha / 2.0 / comparisons as f64),
        }
    }

    pub(super) fn status(&self, options: &CheckOptions) -> (Status, Option<String>) {
        let points = |fraction: f64| format!("{} points", percent(fraction));
        if self.p_corrected < options.alpha {
            let allowed =
                if options.margin > 0.0 { format!(" (allowed: {})", points(options.margin)) } else { String::new() };
            let (status, way) = if self.difference < 0.0 { (Status::Worse, "down") } else { (Status::Changed, "up") };
            let reason = format!(
                "{} is {way} by {}{allowed}, p {:.2e} corrected for the number of comparisons",
                options.metric,
                points(self.difference.abs()),
                self.p_corrected
            );
            return (status, Some(reason));
        }
        match options.must_detect {
            Some(wanted) if self.detectable_drop > wanted => {
                let reason = format!(
                    "would have found a change of {} and not one of {}: it needs more seeds",
                    points(self.detectable_drop),
                    points(wanted)
                );
                (Status::NotJudged, Some(reason))
            }
            _ => (Status::InLine, None),
        }
    }
}
