//! Run directories of several output directories, put together in one: the shards of a sweep.
//!
//! First everything is read and checked (`found`, `check`), then run directories are copied, each
//! whole or not at all (`copy`), then the tables are written.

mod check;
mod copy;
mod found;
mod plain;

use crate::conclusions::table::MARGIN;
use crate::conclusions::tables::Tables;
use crate::results::run_dir::RunDir;
use crate::results::sweep_plan::SweepPlan;
use crate::support::count::count;
use crate::support::lookup;
use crate::sweep::{Lock, drawn_root};
use anyhow::{Context, Result, bail, ensure};
use copy::Copies;
use found::{FoundRun, RunStage};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// How many runs were put together, and how far they had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Runs copied with a result.
    pub finished: usize,
    /// Runs copied with an error.
    pub failed: usize,
    /// Runs copied with a checkpoint.
    pub unfinished: usize,
    /// Runs that were there already, as far as in any of the folders.
    pub present: usize,
    /// Runs that had not come to a checkpoint, and were left out.
    pub without_checkpoint: usize,
}

/// A run that is to be copied, and where to.
struct PlannedCopy<'f> {
    found: &'f FoundRun,
    target: PathBuf,
    /// Whether it takes the place of one that is unfinished and has not come so far.
    replaces: bool,
}

/// Copies the runs of `folders` into `out`: finished and failed ones, and unfinished ones with a
/// checkpoint, so that a sweep in `out` goes on with them. Of several copies of a run the one that
/// has come furthest is taken. A result or an error that is in `out` is never replaced.
///
/// # Errors
/// Before anything is written: a folder that holds no runs, is given twice, is `out` itself or is
/// in use; runs that cannot be read or do not belong together. After that: what cannot be written.
/// Names the files.
pub fn merge(out: &Path, folders: &[PathBuf]) -> Result<Merged> {
    check_folders(out, folders)?;
    // Where no sweep has ever written there is nobody to wait for, and nothing to be written yet.
    let mut lock = lookup::is_file(&out.join(".lock"))?.then(|| Lock::take(out)).transpose()?;
    let _reading = folders.iter().map(|folder| Lock::take_to_read(folder)).collect::<Result<Vec<_>>>()?;
    [out].into_iter().chain(folders.iter().map(PathBuf::as_path)).try_for_each(plain::check)?;
    let mut found = found::read(out)?;
    for folder in folders {
        let runs = found::read(folder)?;
        ensure!(!runs.is_empty(), "{}: holds no runs; name folders that sweeps wrote (--out)", folder.display());
        found.extend(runs);
    }
    check::belong_together(&found)?;
    let (planned, mut merged) = choose(out, &found)?;
    if lock.is_none() {
        lock = Some(Lock::take(out)?);
    }
    let mut copies = Copies::begin(out)?;
    for PlannedCopy { found, target, replaces } in &planned {
        copies.run(&found.dir, target, *replaces)?;
        copy_drawn(&mut copies, out, found)?;
        match &found.stage {
            RunStage::Finished(_) => merged.finished += 1,
            RunStage::Failed(_) | RunStage::Broken(_) => merged.failed += 1,
            RunStage::Checkpoint(_) | RunStage::Nothing => merged.unfinished += 1,
        }
    }
    copies.publish()?;
    for folder in folders {
        SweepPlan::extend(out, SweepPlan::read(folder)?.into_iter().flat_map(|plan| plan.runs))?;
    }
    Tables::update(out, MARGIN)?;
    drop(lock);
    Ok(merged)
}

/// Checks that the folders are there, each once, and none in another.
fn check_folders(out: &Path, folders: &[PathBuf]) -> Result<()> {
    ensure!(
        lookup::is_dir(out)? || !lookup::is_there(out)?,
        "{} is no folder: choose another one to merge into",
        out.display()
    );
    let mut known: Vec<(PathBuf, &Path)> = vec![(canonical(out)?, out)];
    for folder in folders {
        ensure!(lookup::is_dir(folder)?, "{}: no such folder; name one that a sweep wrote (--out)", folder.display());
        let path = canonical(folder)?;
        let overlap = known.iter().find(|(other, _)| path.starts_with(other) || other.starts_with(&path));
        if let Some((_, other)) = overlap {
            bail!("{} and {}: the same folder, or one in the other; name each once", other.display(), folder.display());
        }
        known.push((path, folder));
    }
    Ok(())
}

/// The path without links, as far as it is there.
fn canonical(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).with_context(|| format!("cannot read {}", path.display()))?;
    for there in path.ancestors() {
        if lookup::is_there(there)? {
            let real = fs::canonicalize(there).with_context(|| format!("cannot read {}", there.display()))?;
            return Ok(real.join(path.strip_prefix(there).unwrap_or(Path::new(""))));
        }
    }
    Ok(path)
}

/// Chooses the copy of each run that is taken.
fn choose<'f>(out: &Path, found: &'f [FoundRun]) -> Result<(Vec<PlannedCopy<'f>>, Merged)> {
    let mut groups: BTreeMap<PathBuf, Vec<&FoundRun>> = BTreeMap::new();
    for run in found {
        let target = RunDir::new(out, &run.file.settings, &run.file.run_id).path().to_owned();
        groups.entry(target).or_default().push(run);
    }
    let (mut planned, mut merged) = (Vec::new(), Merged::default());
    for (target, group) in groups {
        let present = group.iter().find(|run| run.dir.path() == target);
        ensure!(
            present.is_some() || !lookup::is_there(&target)?,
            "{} is no run directory: move it away, it is where a run belongs",
            target.display()
        );
        // The first of those that have come equally far.
        let furthest = group.iter().rev().max_by_key(|run| run.stage.rank()).expect("a group has a run");
        if present.is_some_and(|present| present.stage.rank() == furthest.stage.rank()) {
            merged.present += 1;
        } else if matches!(furthest.stage, RunStage::Nothing) {
            merged.without_checkpoint += 1;
        } else {
            planned.push(PlannedCopy { found: furthest, target, replaces: present.is_some() });
        }
    }
    Ok((planned, merged))
}

/// The images that a run was trained on where a sweep has drawn them: a report shows them.
fn copy_drawn(copies: &mut Copies, out: &Path, run: &FoundRun) -> Result<()> {
    let settings = &run.file.settings;
    match (drawn_root(&run.folder, settings), drawn_root(out, settings)) {
        (Some(from), Some(to)) if lookup::is_dir(&from)? && !lookup::is_there(&to)? => copies.folder(&from, &to),
        _ => Ok(()),
    }
}

/// `15 runs copied: 13 finished, 1 failed, 1 unfinished with a checkpoint; 2 were there already`
impl fmt::Display for Merged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Merged { finished, failed, unfinished, present, without_checkpoint } = self;
        let copied = finished + failed + unfinished;
        write!(
            f,
            "{} copied: {finished} finished, {failed} failed, {unfinished} unfinished with a checkpoint",
            count(copied, "run")
        )?;
        write!(f, "; {present} were there already")?;
        if *without_checkpoint > 0 {
            write!(f, "; {without_checkpoint} without a checkpoint were left out")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
