//! Runs that cannot be gone on with, started anew on request.

use super::run::SweepRun;
use crate::results::result::Cause;
use crate::results::rows::{Row, RowEnd};
use crate::run::train::{Checkpoint, Evaluations, Log};
use crate::support::lookup;
use crate::support::progress::Progress;
use anyhow::{Context, Result};
use std::fs;

impl SweepRun<'_> {
    /// Removes the run's directory where a file in it is damaged or of another run, and says which.
    ///
    /// # Errors
    /// A disk that does not let files be read, which is no damage, or a directory that cannot be
    /// removed; names it.
    pub fn discard_if_damaged(&self, progress: &Progress) -> Result<()> {
        let path = self.dir.path();
        if !lookup::is_there(path)? {
            return Ok(());
        }
        // What the spec says stands there again, whatever has become of it.
        self.write_run_file()?;
        match self.examine() {
            Err(error) if !lookup::is_of_disk(&error) => {
                progress.line(format!("discarded, and started anew: {}: {error:#}", self.title()));
                fs::remove_dir_all(path).with_context(|| format!("cannot remove {}", path.display()))
            }
            examined => examined,
        }
    }

    /// Reads everything that the run would end with, or go on from.
    fn examine(&self) -> Result<()> {
        let row = Row::read(&self.dir)?;
        match row.map(|row| row.end) {
            Some(RowEnd::Finished(result)) => return self.check_id(&result.run_id),
            Some(RowEnd::Failed(failure)) => {
                self.check_id(&failure.run_id)?;
                if failure.cause == Cause::Diverged {
                    return Ok(());
                }
            }
            None => {}
        }
        let Some(checkpoint) = Checkpoint::read_if_present(&self.dir.checkpoint())? else { return Ok(()) };
        checkpoint.check_run(self.id())?;
        let Checkpoint { iteration, log, evaluations, .. } = &checkpoint;
        Log::new(self.dir.log_csv()).resume(*iteration, log.as_ref())?;
        Evaluations::new(self.dir.evaluations_csv()).resume(*iteration, evaluations.as_ref())
    }
}
