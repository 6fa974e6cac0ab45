//! What is at a path, where "nothing" is an answer and an error of the disk is none.

use anyhow::{Context, Error, Result};
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Whether there is anything at the path; a link counts by what it points to.
///
/// # Errors
/// A disk that does not tell; names the path.
pub fn is_there(path: &Path) -> Result<bool> {
    Ok(metadata(path)?.is_some())
}

/// Whether there is a folder at the path.
///
/// # Errors
/// As [`is_there`].
pub fn is_dir(path: &Path) -> Result<bool> {
    Ok(metadata(path)?.is_some_and(|data| data.is_dir()))
}

/// Whether there is a plain file at the path.
///
/// # Errors
/// As [`is_there`].
pub fn is_file(path: &Path) -> Result<bool> {
    Ok(metadata(path)?.is_some_and(|data| data.is_file()))
}

/// The entries of a folder, sorted; `None` where there is no such folder.
///
/// # Errors
/// A folder that cannot be listed to its end; names it.
pub fn entries(folder: &Path) -> Result<Option<Vec<PathBuf>>> {
    let list = || fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>();
    match list() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        listed => {
            let mut found = listed.with_context(|| format!("cannot list {}", folder.display()))?;
            found.sort();
            Ok(Some(found))
        }
    }
}

/// Whether an error is that of a system which refused to read or write something, and not of what
/// is written there.
pub fn is_of_disk(error: &Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|error| error.raw_os_error().is_some() && error.kind() != ErrorKind::NotFound)
}

fn metadata(path: &Path) -> Result<Option<Metadata>> {
    match fs::metadata(path) {
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => Ok(None),
        found => found.map(Some).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_from_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, "").unwrap();
        assert!(is_file(&file).unwrap() && !is_dir(&file).unwrap() && is_dir(folder.path()).unwrap());
        assert!(!is_there(&file.join("b")).unwrap() && !is_there(&folder.path().join("c")).unwrap());
        assert_eq!(entries(folder.path()).unwrap().unwrap(), std::slice::from_ref(&file));
        assert!(entries(&folder.path().join("c")).unwrap().is_none());
        // A name that no file system takes stands for a disk that does not answer.
        let error = is_file(&folder.path().join("x".repeat(300))).unwrap_err();
        assert!(is_of_disk(&error) && format!("{error:#}").starts_with("cannot read "), "{error:#}");
        assert!(!is_of_disk(&Error::msg("damaged")));
    }
}
