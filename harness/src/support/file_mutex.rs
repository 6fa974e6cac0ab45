//! A lock that several programs take in turn, for things that they do in one folder one after the
//! other.

use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::Path;

/// A lock on something that is soon done, held by one program at a time. Dropped, the next one has
/// it; the system lets go of it however the program ends.
#[derive(Debug)]
pub struct FileMutex {
    _file: File,
}

impl FileMutex {
    /// Waits for the lock on `what` in an output directory, which has to be there.
    ///
    /// # Errors
    /// A file that cannot be made or locked; names it.
    pub fn wait(out: &Path, what: &str) -> Result<FileMutex> {
        let path = out.join(format!(".lock-{what}"));
        let file = open(&path)?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(FileMutex { _file: file })
    }
}

/// Opens a file for locking; makes it where it is missing. Network file systems want shared locks
/// on files that can be read and exclusive ones on files that can be written.
///
/// # Errors
/// Names the file.
pub fn open(path: &Path) -> Result<File> {
    let opened = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    opened.with_context(|| format!("cannot write {}", path.display()))
}
