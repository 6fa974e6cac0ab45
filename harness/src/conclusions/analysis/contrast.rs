//! One of several rates beside the baseline.

use crate::conclusions::statistics::{CONFIDENCE, Dunnett, Interval, MeanDifference, detectable_shift};

/// The difference of two arms, for other seeds and other subjects; scores are fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// Score of the first minus that of the second.
    pub difference: f64,
    /// 95 %, simultaneous over all comparisons: it excludes 0 exactly where `p` is below 0.05.
    pub interval: Interval,
    /// Two-sided, corrected for all comparisons.
    pub p: f64,
    /// The smallest true difference that would have been found with a chance of 80 %.
    pub detectable: f64,
}

impl Contrast {
    /// One of so many comparisons with the same baseline.
    pub(super) fn new(estimate: MeanDifference, comparisons: usize) -> Self {
        let MeanDifference { difference, standard_error, freedom } = estimate;
        let dunnett = Dunnett { comparisons, freedom };
        let quantile = dunnett.quantile(CONFIDENCE);
        let reach = quantile * standard_error;
        let t = if difference == 0.0 { 0.0 } else { difference / standard_error };
        Self {
            difference,
            interval: Interval { low: difference - reach, high: difference + reach },
            p: dunnett.p(t),
            detectable: detectable_shift(freedom, quantile) * standard_error,
        }
    }
}
