//! A cell beside the baseline: better, worse, equal, undetermined, or why nothing is said.

use crate::conclusions::analysis::{Contrast, Missing};
use crate::conclusions::statistics::SIGNIFICANCE;
use std::fmt;

/// What is said of a cell beside the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellVerdict {
    /// The cell is the baseline.
    Baseline,
    /// The interval of the difference lies above 0.
    Better,
    /// The interval of the difference lies below 0.
    Worse,
    /// The interval holds 0 and lies within the margin to both sides.
    Equal,
    /// The interval holds 0, and more than the margin.
    Undetermined,
    /// Too few runs, images or subjects to say anything.
    NotCompared(Missing),
}

impl CellVerdict {
    /// `margin` is the largest difference, a fraction, that is no difference.
    pub fn of(contrast: Result<&Contrast, Missing>, margin: f64) -> Self {
        match contrast {
            Err(missing) => CellVerdict::NotCompared(missing),
            Ok(contrast) if contrast.p < SIGNIFICANCE && contrast.difference > 0.0 => CellVerdict::Better,
            Ok(contrast) if contrast.p < SIGNIFICANCE => CellVerdict::Worse,
            Ok(contrast) if contrast.interval.low > -margin && contrast.interval.high < margin => CellVerdict::Equal,
            Ok(_) => CellVerdict::Undetermined,
        }
    }
}

impl fmt::Display for CellVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CellVerdict::Baseline => "baseline",
            CellVerdict::Better => "better",
            CellVerdict::Worse => "worse",
            CellVerdict::Equal => "equal",
            CellVerdict::Undetermined => "undetermined",
            CellVerdict::NotCompared(Missing::Scores) => "no seed in common",
            CellVerdict::NotCompared(Missing::Images) => "no counts per image",
            CellVerdict::NotCompared(Missing::Seeds) => "fewer than 3 seeds",
            CellVerdict::NotCompared(Missing::Subjects) => "fewer than 4 subjects",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conclusions::statistics::Interval;

    #[test]
    fn each_has_its_condition() {
        let of = |low: f64, high: f64, p: f64| {
            let (difference, detectable) = ((low + high) / 2.0, 0.02);
            CellVerdict::of(Ok(&Contrast { difference, interval: Interval { low, high }, p, detectable }), 0.005)
        };
        assert_eq!(of(0.001, 0.003, 0.049), CellVerdict::Better);
        assert_eq!(of(-0.03, -0.001, 0.049), CellVerdict::Worse);
        assert_eq!(of(-0.001, 0.0049, 0.05), CellVerdict::Equal);
        assert_eq!(of(-0.001, 0.005, 0.05), CellVerdict::Undetermined);
        assert_eq!(of(-0.005, 0.001, 0.05), CellVerdict::Undetermined);
        assert_eq!(CellVerdict::of(Err(Missing::Seeds), 0.005), CellVerdict::NotCompared(Missing::Seeds));
    }

    #[test]
    fn what_is_missing_is_named_with_its_number() {
        use crate::conclusions::analysis::{LEAST_SEEDS, LEAST_SUBJECTS};
        let text = |missing| CellVerdict::NotCompared(missing).to_string();
        assert_eq!(text(Missing::Seeds), format!("fewer than {LEAST_SEEDS} seeds"));
        assert_eq!(text(Missing::Subjects), format!("fewer than {LEAST_SUBJECTS} subjects"));
    }
}
