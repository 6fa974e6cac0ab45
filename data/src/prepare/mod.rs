//! From upstream downloads to the layout that mmsegmentation's users have on disk, checked file by
//! file.

mod convert;
mod cue;
mod isaid;

pub use convert::convert;
pub use cue::{PlantedCue, plant_cue};
pub use isaid::{TileOptions, isaid};

use crate::split::Split;

/// What was prepared of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrepareReport {
    /// The two splits: training, then validation.
    pub splits: Vec<SplitReport>,
}

/// What was prepared of one split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitReport {
    /// The split that was prepared.
    pub split: Split,
    /// Number of images read.
    pub sources: usize,
    /// Number of images written; it differs from `sources` where images are cut into tiles.
    pub written: usize,
    /// Pixels of each class in the masks that were read.
    pub class_pixels: Vec<u64>,
    /// Pixels labelled 255 in the masks that were read.
    pub ignored_pixels: u64,
    /// Pixels of colours that stand for no class, taken as background (iSAID).
    pub unknown_pixels: u64,
    /// The most frequent colours that stand for no class, at most eight, with their pixels.
    pub unknown_colours: Vec<([u8; 3], u64)>,
}

impl SplitReport {
    fn new(split: Split, classes: usize) -> Self {
        Self {
            split,
            sources: 0,
            written: 0,
            class_pixels: vec![0; classes],
            ignored_pixels: 0,
            unknown_pixels: 0,
            unknown_colours: Vec::new(),
        }
    }
}
