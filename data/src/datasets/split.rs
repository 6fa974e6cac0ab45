//! Which images are for training where the publisher's layout does not say so.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::Splits;
use crate::error::{DataError, Result};
use crate::sample::Sample;

/// A text file in a data set's folder that names the training images, one id per line; all others are
/// for validation. Empty lines and lines that start with `#` are skipped.
pub(crate) const SPLIT_FILE: &str = "atrous-split.txt";

/// How many of `total` images are for training when `train` of `published` are: the same share, rounded,
/// with at least one image on each side. The published counts are met exactly.
pub(super) fn share(total: usize, train: usize, published: usize) -> usize {
    let rounded = (2 * total * train + published) / (2 * published);
    rounded.clamp(1, total.saturating_sub(1).max(1))
}

/// Splits samples by the split file if there is one, else by `is_train` (index in sorted order, id).
pub(super) fn split(root: &Path, samples: Vec<Sample>, is_train: impl Fn(usize, &str) -> bool) -> Result<Splits> {
    let listed = read_split_file(root, &samples)?;
    let mut splits = Splits { train: Vec::new(), val: Vec::new() };
    for (index, sample) in samples.into_iter().enumerate() {
        let train = match &listed {
            Some(ids) => ids.contains(&sample.id),
            None => is_train(index, &sample.id),
        };
        if train { &mut splits.train } else { &mut splits.val }.push(sample);
    }
    Ok(splits)
}

fn read_split_file(root: &Path, samples: &[Sample]) -> Result<Option<BTreeSet<String>>> {
    let path = root.join(SPLIT_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(DataError::read(&path))?;
    let known: BTreeSet<&str> = samples.iter().map(|sample| sample.id.as_str()).collect();
    let mut ids = BTreeSet::new();
    for (index, line) in text.lines().enumerate() {
        let id = line.trim();
        if id.is_empty() || id.starts_with('#') {
            continue;
        }
        if !known.contains(id) {
            let reason = format!("there is no image `{id}`");
            return Err(DataError::SplitFile { path, line: index + 1, reason });
        }
        ids.insert(id.to_owned());
    }
    Ok(Some(ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_counts_are_met_and_both_sides_filled() {
        assert_eq!(share(20, 10, 20), 10);
        assert_eq!(share(28, 20, 28), 20);
        assert_eq!(share(15, 5, 15), 5);
        assert_eq!(share(4, 20, 28), 3);
        assert_eq!(share(2, 20, 28), 1);
        assert_eq!(share(1, 5, 15), 1);
    }
}
