//! Files and folders that are either whole or not there.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{DataError, Result};
use crate::lookup;

/// Writes a file under a temporary name in the same folder, syncs and renames it.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = beside(path);
    let written = File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What is left of a failed write is of no use; the first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(DataError::write(path))
}

/// Makes a hidden name in the same folder that no other writer uses.
fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".{name}.partial-{}-{count}", std::process::id()))
}

/// A folder that is written beside its final place and renamed when it is complete; removed
/// otherwise.
pub(crate) struct PendingFolder {
    temporary: PathBuf,
    place: PathBuf,
}

impl PendingFolder {
    /// Starts a folder that will appear at `place`; an error if something is there already.
    pub fn create(place: &Path) -> Result<Self> {
        if lookup::is_there(place)? && fs::read_dir(place).map_err(DataError::write(place))?.next().is_some() {
            return Err(DataError::OutputExists { path: place.to_owned() });
        }
        let temporary = beside(place);
        fs::create_dir_all(&temporary).map_err(DataError::write(place))?;
        Ok(Self { temporary, place: place.to_owned() })
    }

    /// The path to write a file to until the folder is published. The folders above it are made.
    pub fn file(&self, relative: &str) -> Result<PathBuf> {
        let path = self.temporary.join(relative);
        let folder = path.parent().unwrap_or(&self.temporary);
        fs::create_dir_all(folder).map_err(DataError::write(folder))?;
        Ok(path)
    }

    /// Moves the complete folder to its place.
    pub fn publish(self) -> Result<()> {
        fs::rename(&self.temporary, &self.place).map_err(DataError::write(&self.place))
    }
}

impl Drop for PendingFolder {
    fn drop(&mut self) {
        // After `publish` there is nothing left to remove.
        let _ = fs::remove_dir_all(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("set");
        let pending = PendingFolder::create(&place).unwrap();
        write_atomic(&pending.file("a/b.txt").unwrap(), b"x").unwrap();
        assert!(!place.exists());
        drop(pending);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);

        let pending = PendingFolder::create(&place).unwrap();
        write_atomic(&pending.file("a/b.txt").unwrap(), b"x").unwrap();
        pending.publish().unwrap();
        assert_eq!(fs::read(place.join("a/b.txt")).unwrap(), b"x");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        assert!(matches!(PendingFolder::create(&place), Err(DataError::OutputExists { .. })));
    }

    #[test]
    fn a_failed_write_names_the_file() {
        let message = write_atomic(Path::new("/nowhere/at/all.png"), b"x").unwrap_err().to_string();
        assert!(message.starts_with("/nowhere/at/all.png: cannot be written"), "{message}");
    }
}
