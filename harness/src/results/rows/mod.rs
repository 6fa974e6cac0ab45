//! `results.csv`, `classes.csv` and `image_scores.csv`: what the run directories hold, one record
//! per run (and class, or image).

mod once;
mod record_settings;
mod row;
mod run_record;
mod score_records;
mod written;

pub use once::OnceEach;
pub use row::{Row, RowEnd};
pub use run_record::RunRecord;
pub use score_records::{ClassRecord, ImageRecord};
#[cfg(test)]
pub(crate) use tests::testing;
pub use written::{WrittenRow, read as read_written};

use crate::results::csv::csv_text;
use crate::results::run_dir::RunDir;
use crate::support::atomic_file;
use crate::support::file_mutex::FileMutex;
use anyhow::{Context, Result};
use std::path::Path;

/// All runs of an output directory that have ended, in an order that depends on nothing but them.
#[derive(Clone, Debug, Default)]
pub struct Rows(pub Vec<Row>);

impl Rows {
    /// Reads the run directories, each run once.
    ///
    /// # Errors
    /// A file that cannot be read, and two directories of one run that do not say the same; names
    /// them.
    pub fn read(out: &Path) -> Result<Self> {
        Ok(Rows::read_noting(out)?.0)
    }

    /// Reads the run directories as [`Rows::read`] does, and says what was left out: copies of a
    /// run, and runs of an older model version beside newer ones.
    ///
    /// # Errors
    /// As [`Rows::read`].
    pub fn read_noting(out: &Path) -> Result<(Self, Vec<String>)> {
        let runs = RunDir::scan(out)?.into_iter();
        let found = runs.filter_map(|run| Some(Row::read(&run).transpose()?.map(|row| (run, row))));
        let OnceEach { mut rows, left_out } = OnceEach::of(out, found.collect::<Result<_>>()?)?;
        rows.sort_by(Row::compare);
        Ok((Rows(rows), left_out))
    }

    /// Reads the run directories, and writes `results.csv`, `classes.csv` and `image_scores.csv`,
    /// as the only one to do so: of several shards that write to one folder, the last to write has
    /// seen what all others had finished when they wrote.
    ///
    /// # Errors
    /// A file that cannot be read or written; names it.
    pub fn update(out: &Path) -> Result<Self> {
        let _held = FileMutex::wait(out, "tables")?;
        let rows = Rows::read(out)?;
        rows.write(out)?;
        Ok(rows)
    }

    /// Writes `results.csv`, `classes.csv` and `image_scores.csv`.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn write(&self, out: &Path) -> Result<()> {
        let files = [
            ("results.csv", self.csv()),
            ("classes.csv", csv_text(self.0.iter().flat_map(ClassRecord::of))),
            ("image_scores.csv", csv_text(self.0.iter().flat_map(ImageRecord::of))),
        ];
        for (name, text) in files {
            atomic_file::write(&out.join(name), text.context(name)?)?;
        }
        Ok(())
    }

    /// The text of `results.csv`.
    ///
    /// # Errors
    /// None that rows can cause.
    pub fn csv(&self) -> Result<Vec<u8>> {
        csv_text(self.0.iter().map(RunRecord::of))
    }
}

#[cfg(test)]
mod tests;
