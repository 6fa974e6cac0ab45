//! Splits that nobody has made: subjects are dealt out, never images.

use std::collections::BTreeMap;

use super::description::SplitRule;
use crate::datasets::Splits;
use crate::random::{Purpose, Random};
use crate::sample::Sample;

/// Parts samples by a rule that has been checked; an error where there are too few subjects.
pub(super) fn part(rule: &SplitRule, samples: Vec<Sample>) -> Result<Splits, String> {
    let mut subjects: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    for sample in samples {
        subjects.entry(sample.subject.clone()).or_default().push(sample);
    }
    let count = subjects.len();
    let needed = rule.folds.unwrap_or(2).max(2);
    if count < needed {
        return Err(format!("{count} subjects cannot be parted: at least {needed} are needed"));
    }
    let order = Random::new(rule.seed, Purpose::Split, 0, 0).permutation(count);
    let mut rank = vec![0; count];
    order.iter().enumerate().for_each(|(place, subject)| rank[*subject] = place);
    let is_train = |subject: usize| match (rule.folds, rule.train_share) {
        (Some(folds), _) => rank[subject] % folds != rule.fold.unwrap_or(0),
        (None, share) => {
            let train = (share.unwrap_or(0.5) * count as f64).round() as usize;
            rank[subject] < train.clamp(1, count - 1)
        }
    };
    let mut splits = Splits { train: Vec::new(), val: Vec::new() };
    for (index, samples) in subjects.into_values().enumerate() {
        if is_train(index) { &mut splits.train } else { &mut splits.val }.extend(samples);
    }
    Ok(splits)
}
