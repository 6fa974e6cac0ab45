//! The choice of the training images where the publisher's layout does not make it.

use std::collections::BTreeSet;
use std::path::Path;

use super::folder::refuse_dangling;
use super::splits::Splits;
use crate::error::{DataError, Result, shown};
use crate::lookup;
use crate::plain_file;
use crate::sample::Sample;

/// A text file in a data set's folder that names the training images, one id per line; all others
/// are for validation. Empty lines and lines that start with `#` are skipped.
pub(crate) const SPLIT_FILE: &str = "atrous-split.txt";

/// Bytes that a split file may have: a hundred times those of the largest set's ids.
const MOST_BYTES: u64 = 1 << 20;

/// Counts the training images among `total`, where `train` of `published` are: the same share,
/// rounded, with at least one image on each side. The published counts are met exactly.
pub(super) fn share(total: usize, train: usize, published: usize) -> usize {
    let rounded = (2 * total * train + published) / (2 * published);
    rounded.clamp(1, total.saturating_sub(1).max(1))
}

/// Splits samples by the split file if there is one, else by `is_train` (index in sorted order,
/// id).
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
    refuse_dangling(&path)?;
    if !lookup::is_there(&path)? {
        return Ok(None);
    }
    let wrong = |line, reason| DataError::SplitFile { path: path.clone(), line, reason };
    let bytes = plain_file::read(&path, MOST_BYTES)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(wrong(1, format!("the file has more than {MOST_BYTES} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        if error.as_bytes().starts_with(&[0xff, 0xfe]) || error.as_bytes().starts_with(&[0xfe, 0xff]) {
            return wrong(1, "it is a text in UTF-16: save it as UTF-8".to_owned());
        }
        wrong(1 + valid.iter().filter(|byte| **byte == b'\n').count(), "it is no UTF-8 text".to_owned())
    })?;
    let known: BTreeSet<&str> = samples.iter().map(|sample| sample.id.as_str()).collect();
    let mut ids = BTreeSet::new();
    // Editors of Windows begin a text with a byte order mark.
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let id = line.trim();
        if id.is_empty() || id.starts_with('#') {
            continue;
        }
        if !known.contains(id) {
            let reason = match id.contains(['/', '\\']) {
                true => format!("`{}` is a path; name an image by its name without extension", shown(id)),
                false => format!("there is no image `{}`", shown(id)),
            };
            return Err(wrong(index + 1, reason));
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
