//! What a data set holds: numbers, checksums, pictures.

mod sheet;
mod statistics;
mod verify;

pub use sheet::{draw_mask, sheet};
pub(crate) use statistics::histogram;
pub use statistics::{SplitStatistics, implausible_masks, statistics};
pub use verify::{FileCheck, FileStatus, PUBLISHED, verify};
