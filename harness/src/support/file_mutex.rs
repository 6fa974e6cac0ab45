//! A lock that several programs take in turn, for things that they do in one folder one after the
//! other.

use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

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

/// A lock on one file that is read, changed and replaced as a whole, held by one program at a time.
/// It stands in a hidden file beside it, which is gone afterwards.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    path: PathBuf,
}

impl FileLock {
    /// Waits for the lock on a file, which need not be there; its folder has to be.
    ///
    /// # Errors
    /// A file that cannot be made or locked; names it.
    pub fn wait(target: &Path) -> Result<FileLock> {
        let mut name = OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(".lock");
        let path = target.with_file_name(name);
        loop {
            let file = open(&path)?;
            file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
            // Whoever had it before may have removed it: then another one may lock a new one.
            if is_the_same(&file, &path) {
                return Ok(FileLock { file, path });
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // What stays is in nobody's way.
        if cfg!(unix) && is_the_same(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn is_the_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |data: fs::Metadata| (data.dev(), data.ino());
    matches!((fs::metadata(path).map(identity), file.metadata().map(identity)), (Ok(there), Ok(held)) if there == held)
}

#[cfg(not(unix))]
fn is_the_same(_: &File, _: &Path) -> bool {
    true
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
