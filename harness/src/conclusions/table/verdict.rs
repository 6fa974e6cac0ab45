//! What can be said of a cell beside the baseline.

use crate::conclusions::difference::Difference;
use crate::conclusions::statistics::SIGNIFICANCE;
use std::fmt;

/// Whether a cell differs from the baseline beyond noise, and if that cannot be told, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The cell is the baseline.
    Baseline,
    /// Corrected p below 0.05, and the higher score.
    Better,
    /// Corrected p below 0.05, and the lower score.
    Worse,
    /// Corrected p of 0.05 or more.
    WithinNoise,
    /// One seed in common.
    OneSeed,
    /// Runs that keep no counts per image, or not of the same two images at least.
    NoImages,
    /// No seed with a score in both.
    Unpaired,
}

impl Verdict {
    /// `p` is the corrected p-value of the difference.
    pub(super) fn of(difference: Option<&Difference>, p: Option<f64>) -> Self {
        match (difference, p) {
            (None, _) => Verdict::Unpaired,
            (Some(difference), None) if difference.p_seeds.is_none() => Verdict::OneSeed,
            (Some(_), None) => Verdict::NoImages,
            (Some(_), Some(p)) if p >= SIGNIFICANCE => Verdict::WithinNoise,
            (Some(difference), Some(_)) if difference.mean > 0.0 => Verdict::Better,
            (Some(_), Some(_)) => Verdict::Worse,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Baseline => "baseline",
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::WithinNoise => "within noise",
            Verdict::OneSeed => "one seed: cannot tell",
            Verdict::NoImages => "no counts per image",
            Verdict::Unpaired => "no seed in common",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(mean: f64, p_seeds: Option<f64>) -> Difference {
        Difference { mean, seeds: 3, interval: None, p_seeds, images: None, p_images: None, effect_size: None }
    }

    #[test]
    fn each_has_its_condition() {
        let of = |mean, p| Verdict::of(Some(&difference(mean, Some(0.01))), p);
        assert_eq!(of(0.01, Some(0.049)), Verdict::Better);
        assert_eq!(of(-0.01, Some(0.049)), Verdict::Worse);
        assert_eq!(of(0.01, Some(0.05)), Verdict::WithinNoise);
        assert_eq!(of(0.01, None), Verdict::NoImages);
        assert_eq!(Verdict::of(Some(&difference(0.01, None)), None), Verdict::OneSeed);
        assert_eq!(Verdict::of(None, None), Verdict::Unpaired);
    }
}
