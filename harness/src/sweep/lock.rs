//! One sweep per output directory, or the shards of one, and a directory that can be written.

use super::Shard;
use crate::atomic_file;
use crate::turn::{self, Turn};
use anyhow::{Context, Result, bail};
use std::fs::{self, File, TryLockError};
use std::path::Path;

/// Held while a sweep writes; the system lets go of it however the program ends.
#[derive(Debug)]
pub struct Lock {
    _files: Vec<File>,
}

impl Lock {
    /// Creates the output directory where it is missing, and locks it for a whole sweep.
    ///
    /// # Errors
    /// A directory that cannot be written, or that another sweep is writing; names it.
    pub fn take(out: &Path) -> Result<Lock> {
        make_writable(out)?;
        let file = turn::open(&out.join(".lock"))?;
        if !acquired(file.try_lock(), out)? {
            bail!("{} is in use by another sweep: {ADVICE}", out.display());
        }
        Ok(Lock { _files: vec![file] })
    }

    /// The same for a shard of the sweep whose plan has this hash: others of its shards may write as well, a whole sweep and
    /// shards of other sweeps may not.
    ///
    /// # Errors
    /// As [`Lock::take`], and where this shard runs already.
    pub fn take_shard(out: &Path, shard: Shard, plan: &str) -> Result<Lock> {
        make_writable(out)?;
        // Two that look for each other at once would both find nobody.
        let _turn = Turn::wait(out, "shards")?;
        let whole = turn::open(&out.join(".lock"))?;
        if !acquired(whole.try_lock_shared(), out)? {
            bail!("{} is in use by a sweep that is not split: {ADVICE}", out.display());
        }
        let name = shard_file(shard, plan);
        let own = turn::open(&out.join(&name))?;
        if !acquired(own.try_lock(), out)? {
            bail!("shard {shard} is running already in {}: {ADVICE}", out.display());
        }
        if let Some(stranger) = other_sweep(out, &name)? {
            bail!("{} is in use by shard {stranger} of another sweep: {ADVICE}", out.display());
        }
        Ok(Lock { _files: vec![whole, own] })
    }

    /// Locks a directory that is to be read, where a sweep has ever written, so that none goes on meanwhile. Creates nothing.
    ///
    /// # Errors
    /// A directory that a sweep is writing; names it.
    pub fn take_to_read(folder: &Path) -> Result<Option<Lock>> {
        // One that cannot be opened so is on a disk that nobody here writes.
        let opened = fs::OpenOptions::new().read(true).write(true).open(folder.join(".lock"));
        let Ok(file) = opened else { return Ok(None) };
        if !acquired(file.try_lock(), folder)? {
            bail!("{} is in use by a sweep: wait for it, or stop it for now", folder.display());
        }
        Ok(Some(Lock { _files: vec![file] }))
    }
}

const ADVICE: &str = "wait for it, or choose another folder with --out";

fn make_writable(out: &Path) -> Result<()> {
    let advice = || format!("cannot write to {}: choose another folder with --out", out.display());
    fs::create_dir_all(out).with_context(advice)?;
    let probe = atomic_file::temporary_name(&out.join("probe"));
    fs::write(&probe, []).with_context(advice)?;
    fs::remove_file(&probe).with_context(advice)
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

/// `.lock-shard-0-of-3-<hash of the plan>`
fn shard_file(shard: Shard, plan: &str) -> String {
    format!("{SHARD_FILE}{}-{plan}", shard.file_name())
}

const SHARD_FILE: &str = ".lock-shard-";

/// A shard that is running, of another plan or one of another number of shards: it may have the same runs.
fn other_sweep(out: &Path, own: &str) -> Result<Option<String>> {
    let sweep = |name: &str| name.split_once("-of-").map(|(_, sweep)| sweep.to_owned());
    let context = || format!("cannot list {}", out.display());
    for entry in fs::read_dir(out).with_context(context)? {
        let entry = entry.with_context(context)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(shard) = name.strip_prefix(SHARD_FILE).filter(|_| sweep(&name) != sweep(own)) else { continue };
        if !acquired(turn::open(&entry.path())?.try_lock_shared(), out)? {
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
        drop(first);
        Lock::take(out.path()).unwrap();
    }

    #[test]
    fn shards_of_one_sweep_run_together_and_nobody_else_does() {
        let out = tempfile::tempdir().unwrap();
        let take = |text: &str, plan: &str| Lock::take_shard(out.path(), shard(text), plan);
        let first = take("0/3", "a").unwrap();
        let second = take("1/3", "a").unwrap();
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
        drop(second);
        drop(take("0/2", "b").unwrap());
        let whole = Lock::take(out.path()).unwrap();
        let error = take("0/3", "a").unwrap_err().to_string();
        assert!(error.contains("a sweep that is not split"), "{error}");
        drop(whole);
        take("0/3", "a").unwrap();
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
