//! Files that are read: plain ones, and no more of them than one of their kind has.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::error::{DataError, Result};
use crate::interruption;

/// Opens a file for reading.
///
/// # Errors
/// A pipe, a device or a socket, which may be waited for or read without end; and a file that
/// cannot be opened. Names it.
#[expect(clippy::disallowed_methods, reason = "the one place where files of data are opened")]
pub(crate) fn open(path: &Path) -> Result<File> {
    interruption::check(path)?;
    // Before it is opened: a pipe that nobody writes to would be waited for.
    check(path)?;
    File::open(path).map_err(DataError::read(path))
}

/// Checks that a path is that of a plain file.
///
/// # Errors
/// What is none, and what cannot be looked at; names it.
pub(crate) fn check(path: &Path) -> Result<()> {
    let kind = fs::metadata(path).map_err(DataError::read(path))?;
    if !kind.is_file() {
        let what = if kind.is_dir() { "a folder" } else { "a pipe, a device or a socket" };
        return Err(DataError::unsupported(path, what, "name a plain file, or copy what it gives into one"));
    }
    Ok(())
}

/// Reads the bytes of a file, and one more than `most` where it has more than these.
///
/// # Errors
/// Those of [`open`], and a file that cannot be read.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(DataError::read(path))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_files_are_read_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "abc").unwrap();
        assert_eq!((read(&path, 3).unwrap(), read(&path, 1).unwrap()), (b"abc".to_vec(), b"ab".to_vec()));
        let message = |path: &Path| read(path, 3).unwrap_err().to_string();
        assert!(message(folder.path()).contains("a folder, which is not read; name a plain file"));
        assert!(matches!(read(&folder.path().join("b"), 3), Err(DataError::Read { .. })));
        if cfg!(unix) {
            assert!(message(Path::new("/dev/zero")).contains("/dev/zero: a pipe, a device or a socket"));
        }
    }
}
