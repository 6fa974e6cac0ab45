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

/// What all comparisons of a section with one baseline share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    dunnett: Dunnett,
    /// Standard errors from a difference to the ends of its interval.
    quantile: f64,
    /// Standard errors of the smallest difference that is found with a chance of 80 %.
    shift: f64,
}

impl Family {
    pub fn new(comparisons: usize, freedom: f64) -> Self {
        let dunnett = Dunnett { comparisons, freedom };
        let quantile = dunnett.quantile(CONFIDENCE);
        Self { dunnett, quantile, shift: detectable_shift(freedom, quantile) }
    }

    pub fn contrast(&self, MeanDifference { difference, standard_error, .. }: MeanDifference) -> Contrast {
        let reach = self.quantile * standard_error;
        let t = if difference == 0.0 { 0.0 } else { difference / standard_error };
        Contrast {
            difference,
            interval: Interval { low: difference - reach, high: difference + reach },
            p: self.dunnett.p(t),
            detectable: self.shift * standard_error,
        }
    }
}
