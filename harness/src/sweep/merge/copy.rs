//! Folders that are there whole or not at all.

use crate::results::run_dir::RunDir;
use crate::support::atomic_file;
use anyhow::{Context, Result, ensure};
use std::cell::Cell;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The copies of folders on their way into an output directory whose lock is held: each is copied
/// to a place of its own, synced and renamed.
pub(super) struct Copies {
    /// The folder that copies are made in: not so deep that one could be taken for a run.
    staging: PathBuf,
    count: Cell<usize>,
}

impl Copies {
    /// Removes what a copy that was killed has left.
    pub fn begin(out: &Path) -> Result<Self> {
        let copies = Copies { staging: out.join(".merge.tmp"), count: Cell::new(0) };
        copies.remove()?;
        fs::create_dir(&copies.staging).with_context(|| format!("cannot create {}", copies.staging.display()))?;
        Ok(copies)
    }

    /// Copies a run to where there is none, or an unfinished one that it replaces.
    pub fn run(&self, from: &RunDir, to: &Path, replaces: bool) -> Result<()> {
        if replaces {
            let finished = RunDir::at(to).result_json().exists();
            ensure!(!finished, "{} has ended meanwhile: merge again", to.display());
        }
        let copy = self.copy(from.path())?;
        if replaces {
            // What is moved away is in `from` too, and further there: a kill between the two loses
            // nothing.
            rename(to, &self.next())?;
        }
        publish(&copy, to)
    }

    /// Copies any folder to where there is none.
    pub fn folder(&self, from: &Path, to: &Path) -> Result<()> {
        publish(&self.copy(from)?, to)
    }

    fn next(&self) -> PathBuf {
        self.count.set(self.count.get() + 1);
        self.staging.join(self.count.get().to_string())
    }

    fn copy(&self, from: &Path) -> Result<PathBuf> {
        let copy = self.next();
        copy_folder(from, &copy)?;
        Ok(copy)
    }

    fn remove(&self) -> Result<()> {
        match fs::remove_dir_all(&self.staging) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.staging.display()))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        // What stays is in nobody's way, and the next one removes it.
        let _ = self.remove();
    }
}

fn publish(copy: &Path, to: &Path) -> Result<()> {
    let parent = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    ensure!(!to.exists(), "{} is there meanwhile: merge again", to.display());
    rename(copy, to)?;
    atomic_file::sync_folder(parent);
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot move {} to {}", from.display(), to.display()))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to).with_context(|| format!("cannot create {}", to.display()))?;
    let context = || format!("cannot list {}", from.display());
    for entry in fs::read_dir(from).with_context(context)? {
        let entry = entry.with_context(context)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else if atomic_file::temporary_process(&entry.file_name().to_string_lossy()).is_none() {
            // Not what a program that was killed has not come to rename.
            copy_file(&from, &to)?;
        }
    }
    atomic_file::sync_folder(to);
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let copied = fs::copy(from, to).and_then(|_| File::open(to)?.sync_all());
    copied.with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}
