//! The result table: per experiment one line per rates, over seeds, next to the published value.

mod cell;
mod cell_verdict;
mod markdown;
mod published;
mod record;
mod section;

pub use cell::{Cell, FailedSeed};
pub use cell_verdict::CellVerdict;
pub use published::PublishedComparison;
pub use record::CellRecord;
pub use section::{Section, Table};

use crate::support::atomic_file;
use crate::support::printable::printable_lines;
use anyhow::Result;
use std::path::Path;

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
