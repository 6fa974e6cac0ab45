//! The result table: per experiment one line per rates, over seeds, next to the published value.

mod answer;
mod cell;
mod cell_verdict;
mod detection;
mod markdown;
mod missing;
mod published;
mod record;
mod section;

pub use cell::{Cell, CollapsedSeed, FailedSeed};
pub use cell_verdict::CellVerdict;
pub use detection::DetectionCell;
pub use published::PublishedComparison;
pub use record::CellRecord;
pub use section::{ContextWorth, Section, Table};

use crate::support::atomic_file;
use crate::support::printable::printable_lines;
use anyhow::Result;
use std::path::Path;

/// The largest difference, a fraction, that is called equal unless an option says otherwise.
pub const MARGIN: f64 = 0.005;

impl Table {
    /// Writes `table.md` and `table.csv`.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn write(&self, out: &Path) -> Result<()> {
        atomic_file::write(&out.join("table.md"), printable_lines(&self.markdown()))?;
        atomic_file::write(&out.join("table.csv"), self.csv()?)
    }
}

#[cfg(test)]
mod tests;
