//! One file per data set: where its publisher's layout keeps images and masks, and which are for training.

mod chase_db1;
mod cityscapes;
mod control;
mod converted;
mod folder;
mod hrf;
mod isaid;
mod split;
mod stare;

use std::path::Path;

use crate::error::{DataError, Result};
use crate::kind::{DatasetKind, Split};
use crate::sample::Sample;

pub(crate) use isaid::{COLOUR_MASK_SUFFIX, original_pairs};
pub(crate) use split::SPLIT_FILE;

/// The samples of both splits, each sorted by id.
#[derive(Debug)]
pub(crate) struct Splits {
    pub train: Vec<Sample>,
    pub val: Vec<Sample>,
}

/// Finds the samples of a data set in its folder, in whichever of its layouts.
pub(crate) fn find(kind: DatasetKind, root: &Path) -> Result<Splits> {
    let splits = match kind {
        DatasetKind::Stare => stare::find(root),
        DatasetKind::ChaseDb1 => chase_db1::find(root),
        DatasetKind::Hrf => hrf::find(root),
        DatasetKind::Cityscapes => cityscapes::find(root),
        DatasetKind::Isaid => isaid::find(root),
        DatasetKind::Control => control::find(root),
    }?;
    for (split, samples) in [(Split::Train, &splits.train), (Split::Val, &splits.val)] {
        if samples.is_empty() {
            return Err(DataError::EmptySplit { path: root.to_owned(), split });
        }
    }
    Ok(splits)
}
