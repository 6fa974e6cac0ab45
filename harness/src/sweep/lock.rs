//! One sweep per output directory, and a directory that can be written.

use crate::atomic_file;
use anyhow::{Context, Result, bail};
use std::fs::{self, File, TryLockError};
use std::path::Path;

/// Held while a sweep writes; the system lets go of it however the program ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Creates the output directory where it is missing, and locks it.
    ///
    /// # Errors
    /// A directory that cannot be written, or that another sweep is writing; names it.
    pub fn take(out: &Path) -> Result<Lock> {
        let advice = || format!("cannot write to {}: choose another folder with --out", out.display());
        fs::create_dir_all(out).with_context(advice)?;
        let probe = atomic_file::temporary_name(&out.join("probe"));
        fs::write(&probe, []).with_context(advice)?;
        fs::remove_file(&probe).with_context(advice)?;
        let file = File::create(out.join(".lock")).with_context(advice)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => {
                bail!("{} is in use by another sweep: wait for it, or choose another folder with --out", out.display())
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", out.join(".lock").display()))
            }
        }
    }
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
        drop(first);
        Lock::take(out.path()).unwrap();
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
