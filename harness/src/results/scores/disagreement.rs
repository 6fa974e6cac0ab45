//! Scores that are written and those that are computed, compared.

use super::Scores;

/// The largest difference of two scores that were computed from the same counts and went through
/// text.
const ROUNDING: f64 = 1e-12;

/// Whether two scores are one, NaN included.
pub fn same(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= ROUNDING
}

impl Scores {
    /// The name of the first score in which written scores differ from these; `None` where none
    /// does.
    pub fn disagreement(&self, written: &Scores) -> Option<&'static str> {
        let equal = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(*a, *b));
        let (classes, overall) = (self.by_class(), self.overall());
        let by_class = || classes.iter().zip(written.by_class());
        let list = by_class().find(|(a, b)| !equal(a.classes, b.classes)).map(|(score, _)| score.title);
        let mean = by_class().find(|(a, b)| !same(a.mean, b.mean)).map(|(score, _)| score.mean_title);
        let whole =
            overall.iter().zip(written.overall()).find(|((_, a), (_, b))| !same(*a, *b)).map(|((name, _), _)| *name);
        list.or(mean).or(whole)
    }
}
