//! One sweep per output directory, or the shards of one, and a directory that can be written.

use super::Shard;
use super::leftovers::remove_leftovers;
use crate::support::atomic_file;
use crate::support::exit::Busy;
use crate::support::file_mutex::{self, FileMutex};
#[cfg(not(unix))]
use crate::support::lookup;
use anyhow::{Context, Result, ensure};
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind::{self, NotFound, PermissionDenied, ReadOnlyFilesystem};
use std::path::{Path, PathBuf};

/// The lock on an output directory, held while a sweep writes; the system lets go of it however the
/// program ends.
#[derive(Debug)]
pub struct Lock {
    /// The lock file `.lock`.
    file: File,
    /// The lock file of the shard, where it is one.
    _shard: Option<File>,
    out: PathBuf,
}

impl Lock {
    /// Creates the output directory where it is missing, locks it for a whole sweep, and removes
    /// what a sweep that was killed has left half written.
    ///
    /// # Errors
    /// A directory that cannot be written, or that another sweep is writing; names it.
    pub fn take(out: &Path) -> Result<Lock> {
        make_writable(out)?;
        let file = file_mutex::open(&lock_file(out))?;
        if !acquired(file.try_lock(), out)? {
            return Err(Busy(format!("{} is in use by another sweep: {ADVICE}", out.display())).into());
        }
        remove_leftovers(out)?;
        Ok(Lock { file, _shard: None, out: out.to_owned() })
    }

    /// Locks the output directory for a shard of the sweep whose plan has this hash: others of its
    /// shards may write as well, a whole sweep and shards of other sweeps may not.
    ///
    /// # Errors
    /// As [`Lock::take`], and where this shard runs already.
    pub fn take_shard(out: &Path, shard: Shard, plan: &str) -> Result<Lock> {
        make_writable(out)?;
        // Two that look for each other at once would both find nobody.
        let _held = FileMutex::wait(out, "shards")?;
        let whole = file_mutex::open(&lock_file(out))?;
        if acquired(whole.try_lock(), out)? {
            // The only one: what is half written is nobody's.
            remove_leftovers(out)?;
            whole.unlock().with_context(|| format!("cannot lock files in {}", out.display()))?;
        }
        if !acquired(whole.try_lock_shared(), out)? {
            return Err(Busy(format!("{} is in use by a sweep that is not split: {ADVICE}", out.display())).into());
        }
        let name = shard_file(shard, plan);
        let own = file_mutex::open(&out.join(&name))?;
        if !acquired(own.try_lock(), out)? {
            return Err(Busy(format!("shard {shard} is running already in {}: {ADVICE}", out.display())).into());
        }
        if let Some(stranger) = other_sweep(out, &name)? {
            return Err(
                Busy(format!("{} is in use by shard {stranger} of another sweep: {ADVICE}", out.display())).into()
            );
        }
        Ok(Lock { file: whole, _shard: Some(own), out: out.to_owned() })
    }

    /// Locks a directory that is to be read, where a sweep has ever written, so that none goes on
    /// meanwhile. Creates nothing.
    ///
    /// # Errors
    /// A directory that a sweep is writing; names it.
    pub fn take_to_read(folder: &Path) -> Result<Option<Lock>> {
        let path = lock_file(folder);
        let file = match fs::OpenOptions::new().read(true).write(true).open(&path) {
            // On a disk that nobody here writes, or where no sweep has ever written.
            Err(error) if [NotFound, PermissionDenied, ReadOnlyFilesystem].contains(&error.kind()) => return Ok(None),
            opened => opened.with_context(|| format!("cannot read {}", path.display()))?,
        };
        if !acquired(file.try_lock(), folder)? {
            return Err(
                Busy(format!("{} is in use by a sweep: wait for it, or stop it for now", folder.display())).into()
            );
        }
        Ok(Some(Lock { file, _shard: None, out: folder.to_owned() }))
    }

    /// The directory that is locked.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// Whether the directory is still the one that was locked. What is written to another one in
    /// its place, or below a path that is created again, would be a part of the sweep that looks
    /// like all of it.
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
        matches!(lookup::is_there(&lock_file(&self.out)), Ok(true)) && self.file.metadata().is_ok()
    }
}

fn lock_file(out: &Path) -> PathBuf {
    out.join(".lock")
}

const ADVICE: &str = "wait for it, or choose another folder with --out";

fn make_writable(out: &Path) -> Result<()> {
    let advice = || format!("cannot write to {}: choose another folder with --out", out.display());
    fs::create_dir_all(out).with_context(advice)?;
    let probe = atomic_file::temporary_name(&out.join("probe"));
    fs::write(&probe, []).with_context(advice)?;
    match fs::remove_file(&probe) {
        // Another shard took it for a leftover: in containers processes have the same numbers.
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).with_context(advice),
        _ => Ok(()),
    }
}

fn acquired(locked: Result<(), TryLockError>, out: &Path) -> Result<bool> {
    match locked {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock files in {}", out.display()))
        }
    }
}

/// The lock file of a shard: `.lock-shard-0-of-3-<hash of the plan>`.
fn shard_file(shard: Shard, plan: &str) -> String {
    format!("{SHARD_FILE}{}-{plan}", shard.file_name())
}

const SHARD_FILE: &str = ".lock-shard-";

/// A shard that is running, of another plan or one of another number of shards: it may have the
/// same runs.
fn other_sweep(out: &Path, own: &str) -> Result<Option<String>> {
    let sweep = |name: &str| name.split_once("-of-").map(|(_, sweep)| sweep.to_owned());
    let context = || format!("cannot list {}", out.display());
    for entry in fs::read_dir(out).with_context(context)? {
        let entry = entry.with_context(context)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(shard) = name.strip_prefix(SHARD_FILE).filter(|_| sweep(&name) != sweep(own)) else { continue };
        if !acquired(file_mutex::open(&entry.path())?.try_lock_shared(), out)? {
            let shard = shard.rsplit_once('-').map_or(shard, |(shard, _)| shard);
            return Ok(Some(shard.replace("-of-", "/")));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(text: &str) -> Shard {
        text.parse().unwrap()
    }

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
    fn shards_of_one_sweep_run_together_and_nobody_else_does() {
        let out = tempfile::tempdir().unwrap();
        let take = |text: &str, plan: &str| Lock::take_shard(out.path(), shard(text), plan);
        let first = take("0/3", "a").unwrap();
        // What one that is alone would remove may be another one's.
        let temporary = atomic_file::temporary_name(&out.path().join("results.csv"));
        fs::write(&temporary, "half").unwrap();
        let second = take("1/3", "a").unwrap();
        second.check().unwrap();
        for (text, plan, reason) in [
            ("1/3", "a", "shard 1/3 is running already"),
            ("0/2", "a", "in use by shard "),
            ("2/3", "b", "/3 of another sweep"),
        ] {
            let error = take(text, plan).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("--out"), "{error}");
        }
        let error = Lock::take(out.path()).unwrap_err().to_string();
        assert!(error.contains("in use by another sweep"), "{error}");
        // Nothing of that was in vain for those that may.
        let third = take("2/3", "a").unwrap();
        drop((first, third));
        assert!(Lock::take(out.path()).is_err() && take("0/2", "b").is_err());
        assert!(temporary.exists());
        drop(second);
        drop(take("0/2", "b").unwrap());
        assert!(!temporary.exists());
        let whole = Lock::take(out.path()).unwrap();
        let error = take("0/3", "a").unwrap_err().to_string();
        assert!(error.contains("a sweep that is not split"), "{error}");
        drop(whole);
        take("0/3", "a").unwrap();
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
        for error in [Lock::take(&file.join("out")), Lock::take_shard(&file.join("out"), shard("0/1"), "a")] {
            let error = format!("{:#}", error.unwrap_err());
            assert!(error.contains("file/out") && error.contains("--out"), "{error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
