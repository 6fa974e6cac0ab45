//! All tables of an output directory.

use crate::conclusions::table::Table;
use crate::conclusions::verdict::Verdicts;
use crate::results::rows::Rows;
use crate::support::file_mutex::FileMutex;
use anyhow::Result;
use std::path::Path;

/// What the run directories add up to.
pub struct Tables {
    pub table: Table,
    pub verdicts: Verdicts,
    /// Run directories that do not count, and why.
    pub left_out: Vec<String>,
}

impl Tables {
    /// Reads the run directories and writes `results.csv`, `classes.csv`, `image_scores.csv`,
    /// `table.md`, `table.csv` and, where something is expected, `verdict.md` and `verdict.json`.
    /// `margin` is the largest difference, a fraction, that is called equal.
    ///
    /// # Errors
    /// A file that cannot be read or written; names it.
    pub fn update(out: &Path, margin: f64) -> Result<Self> {
        let _held = FileMutex::wait(out, "tables")?;
        let (rows, left_out) = Rows::read_noting(out)?;
        rows.write(out)?;
        let (table, verdicts) = (Table::new(&rows, margin), Verdicts::new(&rows));
        table.write(out)?;
        verdicts.write(out)?;
        Ok(Tables { table, verdicts, left_out })
    }
}
