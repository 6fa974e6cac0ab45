//! What is at a path, where "nothing" is an answer and an error of the disk is none.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::Path;

use crate::error::{DataError, Result};

/// Whether there is a folder at the path.
pub(crate) fn is_dir(path: &Path) -> Result<bool> {
    Ok(metadata(path)?.is_some_and(|data| data.is_dir()))
}

/// Whether there is a plain file at the path.
pub(crate) fn is_file(path: &Path) -> Result<bool> {
    Ok(metadata(path)?.is_some_and(|data| data.is_file()))
}

/// Whether there is anything at the path.
pub(crate) fn is_there(path: &Path) -> Result<bool> {
    Ok(metadata(path)?.is_some())
}

/// The first of these that is a folder below `root`.
pub(crate) fn first_dir<'a>(root: &Path, names: &[&'a str]) -> Result<Option<&'a str>> {
    for name in names {
        if is_dir(&root.join(name))? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn metadata(path: &Path) -> Result<Option<Metadata>> {
    match fs::metadata(path) {
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => Ok(None),
        found => found.map(Some).map_err(DataError::read(path)),
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
        assert_eq!(first_dir(folder.path(), &["b", "a", "."]).unwrap(), Some("."));
        assert!(first_dir(&folder.path().join("x".repeat(300)), &["b"]).is_err());
        assert!(!is_there(&file.join("b")).unwrap() && !is_there(&folder.path().join("c")).unwrap());
        // A name that no file system takes stands for a disk that does not answer.
        let error = is_file(&folder.path().join("x".repeat(300))).unwrap_err();
        assert!(matches!(error, DataError::Read { .. }), "{error}");
    }
}
