//! The samples of a data set, found in its folder.

use std::path::Path;

use crate::error::{DataError, Result};
use crate::sample::Sample;
use crate::split::Split;

/// The samples of both splits, each sorted by id.
#[derive(Debug)]
pub(crate) struct Splits {
    pub train: Vec<Sample>,
    pub val: Vec<Sample>,
}

impl Splits {
    /// Refuses splits of which one is empty that is needed; `root` is the data set's folder.
    pub fn filled(self, root: &Path, needed: &[Split]) -> Result<Self> {
        for (split, samples) in [(Split::Train, &self.train), (Split::Val, &self.val)] {
            if samples.is_empty() && needed.contains(&split) {
                return Err(DataError::EmptySplit { path: root.to_owned(), split });
            }
        }
        Ok(self)
    }
}
