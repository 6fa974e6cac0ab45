//! Mean squares of arms, seeds and subjects.

use crate::conclusions::statistics::mean;

/// Mean squares of interactions with the arms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct MeanSquares {
    /// Arms by seeds.
    pub seeds: f64,
    /// Arms by subjects.
    pub subjects: f64,
    /// Arms by seeds by subjects.
    pub rest: f64,
}

impl MeanSquares {
    /// Computes those of one contrast of arms with the same seeds and subjects, two of each at
    /// least. The contrast is a weight per arm; weights add up to 0, and their squares to 1.
    pub fn of_contrast(values: &[Vec<Vec<f64>>], weights: &[f64]) -> Self {
        let (seeds, subjects) = (values[0].len(), values[0][0].len());
        let of = |s: usize, m: usize| values.iter().zip(weights).map(|(arm, weight)| weight * arm[s][m]).sum::<f64>();
        let contrast: Vec<Vec<f64>> = (0..seeds).map(|s| (0..subjects).map(|m| of(s, m)).collect()).collect();
        let by_seed: Vec<f64> = contrast.iter().map(|seed| mean(seed)).collect();
        let of_subject = |m: usize| mean(&contrast.iter().map(|seed| seed[m]).collect::<Vec<_>>());
        let by_subject: Vec<f64> = (0..subjects).map(of_subject).collect();
        let all = mean(&by_seed);
        let spread = |means: &[f64]| means.iter().map(|own| (own - all).powi(2)).sum::<f64>();
        let rest = |(s, own): (usize, &f64)| {
            contrast[s]
                .iter()
                .zip(&by_subject)
                .map(|(value, subject)| (value - own - subject + all).powi(2))
                .sum::<f64>()
        };
        let [fewer_seeds, fewer_subjects] = [seeds, subjects].map(|count| (count - 1) as f64);
        Self {
            seeds: subjects as f64 * spread(&by_seed) / fewer_seeds,
            subjects: seeds as f64 * spread(&by_subject) / fewer_subjects,
            rest: by_seed.iter().enumerate().map(rest).sum::<f64>() / (fewer_seeds * fewer_subjects),
        }
    }

    /// Computes those of all arms: the mean over as many contrasts as are independent (Helmert).
    pub fn of_arms(values: &[Vec<Vec<f64>>]) -> Self {
        let contrast = |arm: usize| {
            let before = arm as f64;
            let of = |other: usize| match other {
                _ if other < arm => 1.0,
                _ if other == arm => -before,
                _ => 0.0,
            };
            let weights: Vec<f64> =
                (0..values.len()).map(|other| of(other) / (before * (before + 1.0)).sqrt()).collect();
            Self::of_contrast(values, &weights)
        };
        let part = 1.0 / (values.len() - 1) as f64;
        (1..values.len()).map(contrast).fold(Self::default(), |sum, own| sum.combine(own, |sum, own| sum + part * own))
    }

    /// Puts two together, part by part.
    pub fn combine(self, other: Self, by: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            seeds: by(self.seeds, other.seeds),
            subjects: by(self.subjects, other.subjects),
            rest: by(self.rest, other.rest),
        }
    }

    /// Half of the variance of a difference of two arms, times seeds and subjects. What subjects
    /// add is not below 0.
    pub fn of_a_difference(self) -> f64 {
        self.seeds + (self.subjects - self.rest).max(0.0)
    }
}
