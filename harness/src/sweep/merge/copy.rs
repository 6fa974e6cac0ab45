//! Folders that are there whole or not at all, all of them or none.

use crate::results::run_dir::RunDir;
use crate::support::atomic_file;
use crate::support::lookup;
use anyhow::{Context, Result, ensure};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The copies of folders on their way into an output directory whose lock is held: each is copied
/// to a place of its own and synced; when all are there, they are renamed together.
pub(super) struct Copies {
    /// The folder that copies are made in: not so deep that one could be taken for a run.
    staging: PathBuf,
    staged: Vec<StagedCopy>,
}

/// A copy that is whole, and where it is to be.
struct StagedCopy {
    copy: PathBuf,
    to: PathBuf,
    /// Whether it takes the place of an unfinished run.
    replaces: bool,
}

/// A rename that can be taken back.
struct Renamed {
    from: PathBuf,
    to: PathBuf,
}

impl Copies {
    /// Removes what a copy that was killed has left.
    pub fn begin(out: &Path) -> Result<Self> {
        let copies = Copies { staging: out.join(".merge.tmp"), staged: Vec::new() };
        copies.remove()?;
        fs::create_dir(&copies.staging).with_context(|| format!("cannot create {}", copies.staging.display()))?;
        Ok(copies)
    }

    /// Copies a run that is to be where there is none, or an unfinished one that it replaces.
    pub fn run(&mut self, from: &RunDir, to: &Path, replaces: bool) -> Result<()> {
        self.stage(from.path(), to, replaces)
    }

    /// Copies any folder that is to be where there is none, once.
    pub fn folder(&mut self, from: &Path, to: &Path) -> Result<()> {
        if self.staged.iter().any(|staged| staged.to == to) { Ok(()) } else { self.stage(from, to, false) }
    }

    fn stage(&mut self, from: &Path, to: &Path, replaces: bool) -> Result<()> {
        let copy = self.staging.join(self.staged.len().to_string());
        copy_folder(from, &copy)?;
        self.staged.push(StagedCopy { copy, to: to.to_owned(), replaces });
        Ok(())
    }

    /// Renames every copy to its place; where one cannot be, those before it are taken back.
    ///
    /// # Errors
    /// The first that cannot be renamed; names both places.
    pub fn publish(self) -> Result<()> {
        let mut renamed = Vec::new();
        let published = self.staged.iter().try_for_each(|staged| self.publish_one(staged, &mut renamed));
        if published.is_err() {
            for Renamed { from, to } in renamed.iter().rev() {
                // The first error is the one to report.
                let _ = fs::rename(to, from);
            }
        }
        published
    }

    fn publish_one(&self, StagedCopy { copy, to, replaces }: &StagedCopy, renamed: &mut Vec<Renamed>) -> Result<()> {
        let parent = to.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        if *replaces {
            let finished = lookup::is_there(&RunDir::at(to).result_json())?;
            ensure!(!finished, "{} has ended meanwhile: merge again", to.display());
            // What is moved away is in the source too, and further there: a kill between the two
            // loses nothing.
            let aside = copy.with_extension("old");
            rename(to, &aside, renamed)?;
        }
        ensure!(!lookup::is_there(to)?, "{} is there meanwhile: merge again", to.display());
        rename(copy, to, renamed)?;
        atomic_file::sync_folder(parent);
        Ok(())
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

fn rename(from: &Path, to: &Path, renamed: &mut Vec<Renamed>) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot move {} to {}", from.display(), to.display()))?;
    renamed.push(Renamed { from: from.to_owned(), to: to.to_owned() });
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to).with_context(|| format!("cannot create {}", to.display()))?;
    let context = || format!("cannot list {}", from.display());
    for entry in fs::read_dir(from).with_context(context)? {
        let entry = entry.with_context(context)?;
        let kind = entry.file_type().with_context(context)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&from, &to)?;
        } else if atomic_file::temporary_process(&entry.file_name().to_string_lossy()).is_none() {
            // Not what a program that was killed has not come to rename.
            ensure!(kind.is_file(), "{} is no plain file: move it away", from.display());
            copy_file(&from, &to)?;
        }
    }
    atomic_file::sync_folder(to);
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "it was written by this very call")]
    let copied = fs::copy(from, to).and_then(|_| File::open(to)?.sync_all());
    copied.with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_one_cannot_be_published_none_is() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("out");
        let source = place.path().join("source");
        fs::create_dir_all(&source).unwrap();
        fs::create_dir_all(out.join("a/old")).unwrap();
        fs::write(source.join("run.toml"), "new").unwrap();
        fs::write(out.join("a/old/run.toml"), "old").unwrap();
        let mut copies = Copies::begin(&out).unwrap();
        copies.run(&RunDir::at(&source), &out.join("a/old"), true).unwrap();
        copies.run(&RunDir::at(&source), &out.join("b/new"), false).unwrap();
        copies.run(&RunDir::at(&source), &out.join("c/new"), false).unwrap();
        // Somebody is faster.
        fs::create_dir_all(out.join("c/new")).unwrap();
        let error = copies.publish().unwrap_err().to_string();
        assert!(error.contains("c/new is there meanwhile"), "{error}");
        assert_eq!(fs::read_to_string(out.join("a/old/run.toml")).unwrap(), "old");
        assert!(!out.join("b/new").exists() && !out.join(".merge.tmp").exists());
    }
}
