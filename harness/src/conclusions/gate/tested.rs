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
    /// The runs are not worse by the test, and not the same bit for bit where that was asked for.
    Changed,
    Worse,
}

/// What is asked for.
#[derive(Clone, Debug, Serialize)]
pub struct CheckOptions {
    pub metric: Metric,
    /// How often unchanged programs may be called worse.
    pub alpha: f64,
    /// The largest drop that does not matter, a fraction.
    pub margin: f64,
    /// A check that would not have found a drop of this size, a fraction, does not pass.
    pub must_detect: Option<f64>,
    /// Runs that can be the same bit for bit have to be.
    pub exact: bool,
    /// Only these experiments; all of them where it is empty.
    pub only: Vec<String>,
}

/// A difference, and what a test says of it. Fractions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tested {
    /// Mean of the new runs minus mean of the reference.
    pub difference: f64,
    /// Bounds of the true difference; each errs with a chance of alpha.
    pub low: f64,
    pub high: f64,
    /// One-sided.
    pub p: f64,
    /// For the number of comparisons (Holm).
    pub p_corrected: f64,
    /// The smallest true drop that the corrected test would have found in four of five such checks.
    pub detectable_drop: f64,
}

impl Tested {
    /// `comparisons` is the number of those that are corrected together.
    pub(super) fn new(
        difference: &MeanDifference,
        p_corrected: f64,
        comparisons: usize,
        options: &CheckOptions,
    ) -> Self {
        let bounds = difference.bounds(options.alpha);
        Tested {
            difference: difference.difference,
            low: bounds.low,
            high: bounds.high,
            p: difference.p_worse(options.margin),
            p_corrected,
            // Holm's procedure tests the smallest p-value at alpha over the number of comparisons,
            // and no other one harder.
            detectable_drop: detectable_drop(difference, options.margin, options.alpha / comparisons as f64),
        }
    }

    pub(super) fn status(&self, options: &CheckOptions) -> (Status, Option<String>) {
        let points = |fraction: f64| format!("{} points", percent(fraction));
        if self.p_corrected < options.alpha {
            let allowed =
                if options.margin > 0.0 { format!(" (allowed: {})", points(options.margin)) } else { String::new() };
            let reason = format!(
                "{} is down by {}{allowed}, p {:.2e} corrected for the number of comparisons",
                options.metric,
                points(-self.difference),
                self.p_corrected
            );
            return (Status::Worse, Some(reason));
        }
        match options.must_detect {
            Some(wanted) if self.detectable_drop > wanted => {
                let reason = format!(
                    "would have found a drop of {} and not one of {}: it needs more seeds",
                    points(self.detectable_drop),
                    points(wanted)
                );
                (Status::NotJudged, Some(reason))
            }
            _ => (Status::InLine, None),
        }
    }
}
