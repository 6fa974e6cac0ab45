//! The score of the best of several rates, without the luck of having been chosen.

use super::areas::{self, SubjectAreas};
use crate::conclusions::statistics::mean;
use crate::results::scores::Metric;

/// Most parts that the subjects are split into.
const PARTS: usize = 10;

/// The arm that scores best on the subjects outside of each subject's own part: the mean over
/// seeds. Of equal ones the first. Subject i is in part i mod [`PARTS`].
pub(super) fn choices(arms: &[&[SubjectAreas]], metric: Metric) -> Vec<usize> {
    let subjects = arms[0][0].subjects();
    let parts = subjects.min(PARTS);
    let best_without = |part: usize| {
        let others = || (0..subjects).filter(move |subject| subject % parts != part);
        let of = |arm: &[SubjectAreas]| mean(&arm.iter().map(|run| run.score(metric, others())).collect::<Vec<_>>());
        let scores: Vec<f64> = arms.iter().map(|arm| of(arm)).collect();
        (1..arms.len()).fold(0, |best, arm| if scores[arm] > scores[best] { arm } else { best })
    };
    let by_part: Vec<usize> = (0..parts).map(best_without).collect();
    (0..subjects).map(|subject| by_part[subject % parts]).collect()
}

/// The mean over seeds of the score of the set, each subject predicted by the rates that were
/// chosen without it.
pub(super) fn score_of_choices(arms: &[&[SubjectAreas]], choices: &[usize], metric: Metric) -> f64 {
    let of_seed = |seed: usize| {
        let chosen = choices.iter().enumerate().map(|(subject, &arm)| arms[arm][seed].of(subject));
        areas::score(metric, chosen)
    };
    mean(&(0..arms[0].len()).map(of_seed).collect::<Vec<_>>())
}

/// The score of the best arm, chosen on other subjects than it is scored on.
pub(super) fn score(arms: &[&[SubjectAreas]], metric: Metric) -> f64 {
    score_of_choices(arms, &choices(arms, metric), metric)
}
