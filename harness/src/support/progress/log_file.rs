//! A file that every line of the program is appended to, each with its time.

use crate::support::clock;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// An open log, shared by everybody who writes to it.
#[derive(Clone)]
pub(super) struct LogFile {
    path: PathBuf,
    /// `None` once it could not be written.
    file: Arc<Mutex<Option<File>>>,
}

impl LogFile {
    /// Opens a file to append to, which is created where it is missing.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(LogFile { path: path.to_owned(), file: Arc::new(Mutex::new(Some(file))) })
    }

    /// Appends a line. The first that cannot be written is the last: what is said then.
    pub fn write(&self, text: &str) -> Option<String> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let line = format!("{} {text}\n", clock::now());
        let error = file.as_mut()?.write_all(line.as_bytes()).err()?;
        *file = None;
        Some(format!("--log {}: cannot be written any more: {error}", self.path.display()))
    }
}
