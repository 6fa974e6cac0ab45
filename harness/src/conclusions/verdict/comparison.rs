//! Two rates settings of one experiment side by side.

use crate::conclusions::format::{percent, probability};
use crate::conclusions::statistics::SIGNIFICANCE;
use crate::experiment::settings::join_rates;
use serde::Serialize;

/// Rates against other rates of the same experiment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RatesComparison {
    pub rates: Vec<usize>,
    pub other: Vec<usize>,
    /// Mean over seeds of the score with `rates` minus that with `other`, as a fraction.
    pub difference: f64,
    /// Probability of such a difference by chance, corrected for all comparisons of the experiment.
    pub p: f64,
    /// The smallest true difference that would have been found with a chance of 80 %, a fraction;
    /// where all pairs are compared, by a comparison of this pair alone.
    pub detectable: f64,
}

impl RatesComparison {
    /// Whether it is more than chance.
    pub fn is_significant(&self) -> bool {
        self.p < SIGNIFICANCE
    }

    /// Whether `rates` are better, by more than chance.
    pub fn is_better(&self) -> bool {
        self.difference > 0.0 && self.is_significant()
    }

    /// `1-16 is not better than 1-4 (+0.10 points, p 0.4012)`
    pub(super) fn not_better(&self) -> String {
        let [rates, other] = [&self.rates, &self.other].map(|rates| join_rates(rates));
        let (difference, p) = (100.0 * self.difference, probability(self.p));
        format!("{rates} is not better than {other} ({difference:+.2} points, {p})")
    }

    /// `1-4 is better than 1-16 (+0.10 points, p 0.0003)`, whichever of the two it is.
    pub(super) fn winner(&self) -> String {
        let pair = [&self.rates, &self.other].map(|rates| join_rates(rates));
        let [loser, winner] = if self.difference < 0.0 { pair } else { [pair[1].clone(), pair[0].clone()] };
        let (difference, p) = (percent(self.difference.abs()), probability(self.p));
        format!("{winner} is better than {loser} (+{difference} points, {p})")
    }
}
