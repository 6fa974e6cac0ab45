//! One sweep per output directory, and a directory that can be written.

use super::leftovers::remove_leftovers;
use crate::atomic_file;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// Held while a sweep writes; the system lets go of it however the program ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
    out: PathBuf,
}

impl Lock {
    /// Creates the output directory where it is missing, locks it, and removes what a sweep that was killed has left half
    /// written.
    ///
    /// # Errors
    /// A directory that cannot be written, or that another sweep is writing; names it.
    pub fn take(out: &Path) -> Result<Lock> {
        let advice = || format!("cannot write to {}: choose another folder with --out", out.display());
        fs::create_dir_all(out).with_context(advice)?;
        let probe = atomic_file::temporary_name(&out.join("probe"));
        fs::write(&probe, []).with_context(advice)?;
        fs::remove_file(&probe).with_context(advice)?;
        let file = File::create(lock_file(out)).with_context(advice)?;
        match file.try_lock() {
            Ok(()) => {
                remove_leftovers(out)?;
                Ok(Lock { file, out: out.to_owned() })
            }
            Err(TryLockError::WouldBlock) => {
                bail!("{} is in use by another sweep: wait for it, or choose another folder with --out", out.display())
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", lock_file(out).display()))
            }
        }
    }

    /// The directory that is locked.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// Whether the directory is still the one that was locked. What is written to another one in its place, or below a path that
    /// is created again, would be a part of the sweep that looks like all of it.
    ///
    /// # Errors
    /// Where it was removed or replaced; names it.
    pub fn check(&self) -> Result<()> {
        let out = self.out.display();
        let advice = "what the sweep had written there is gone; put it back, or start the sweep again";
        ensure!(self.is_in_place(), "{out} was removed or replaced while a sweep was writing to it: {advice}");
        Ok(())
    }

    #[cfg(unix)]
    fn is_in_place(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let identity = |data: fs::Metadata| (data.dev(), data.ino());
        let here = fs::metadata(lock_file(&self.out)).map(identity);
        // The file that is held can be looked at whatever has become of its directory.
        matches!((here, self.file.metadata().map(identity)), (Ok(here), Ok(held)) if here == held)
    }

    #[cfg(not(unix))]
    fn is_in_place(&self) -> bool {
        lock_file(&self.out).exists() && self.file.metadata().is_ok()
    }
}

fn lock_file(out: &Path) -> PathBuf {
    out.join(".lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_sweep_is_refused_until_the_first_ends() {
        let out = tempfile::tempdir().unwrap();
        let first = Lock::take(out.path()).unwrap();
        let error = Lock::take(out.path()).unwrap_err().to_string();
        assert!(error.contains("in use by another sweep") && error.contains("--out"), "{error}");
        first.check().unwrap();
        drop(first);
        Lock::take(out.path()).unwrap();
    }

    #[test]
    fn a_directory_that_was_removed_or_replaced_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let lock = Lock::take(&out).unwrap();
        fs::rename(&out, folder.path().join("moved")).unwrap();
        let error = lock.check().unwrap_err().to_string();
        assert!(error.contains("out was removed or replaced"), "{error}");
        let second = Lock::take(&out).unwrap();
        assert!(lock.check().is_err());
        second.check().unwrap();
        fs::remove_dir_all(&out).unwrap();
        fs::rename(folder.path().join("moved"), &out).unwrap();
        lock.check().unwrap();
    }

    #[test]
    fn a_path_that_cannot_be_a_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = format!("{:#}", Lock::take(&file.join("out")).unwrap_err());
        assert!(error.contains("file/out") && error.contains("--out"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
