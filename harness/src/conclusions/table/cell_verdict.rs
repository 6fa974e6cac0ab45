//! A cell beside the baseline: better, worse, or not to be told.

use crate::conclusions::difference::Difference;
use crate::conclusions::statistics::SIGNIFICANCE;
use std::fmt;

/// Whether a cell differs from the baseline beyond noise, and if that cannot be told, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellVerdict {
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

impl CellVerdict {
    /// `p` is the corrected p-value of the difference.
    pub(super) fn of(difference: Option<&Difference>, p: Option<f64>) -> Self {
        match (difference, p) {
            (None, _) => CellVerdict::Unpaired,
            (Some(difference), None) if difference.p_seeds.is_none() => CellVerdict::OneSeed,
            (Some(_), None) => CellVerdict::NoImages,
            (Some(_), Some(p)) if p >= SIGNIFICANCE => CellVerdict::WithinNoise,
            (Some(difference), Some(_)) if difference.mean > 0.0 => CellVerdict::Better,
            (Some(_), Some(_)) => CellVerdict::Worse,
        }
    }
}

impl fmt::Display for CellVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CellVerdict::Baseline => "baseline",
            CellVerdict::Better => "better",
            CellVerdict::Worse => "worse",
            CellVerdict::WithinNoise => "within noise",
            CellVerdict::OneSeed => "one seed: cannot tell",
            CellVerdict::NoImages => "no counts per image",
            CellVerdict::Unpaired => "no seed in common",
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
        let of = |mean, p| CellVerdict::of(Some(&difference(mean, Some(0.01))), p);
        assert_eq!(of(0.01, Some(0.049)), CellVerdict::Better);
        assert_eq!(of(-0.01, Some(0.049)), CellVerdict::Worse);
        assert_eq!(of(0.01, Some(0.05)), CellVerdict::WithinNoise);
        assert_eq!(of(0.01, None), CellVerdict::NoImages);
        assert_eq!(CellVerdict::of(Some(&difference(0.01, None)), None), CellVerdict::OneSeed);
        assert_eq!(CellVerdict::of(None, None), CellVerdict::Unpaired);
    }
}
