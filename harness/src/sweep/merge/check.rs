//! Whether runs of several folders are runs of one sweep.

use super::found::{FoundRun, RunStage};
use crate::experiment::settings::short_hash;
use anyhow::{Result, bail};
use std::collections::HashMap;
use std::hash::Hash;

/// Checks that runs are of one version of the program, of one sweep and of the same data.
///
/// # Errors
/// The first two runs that do not belong together; names a file of both.
pub(super) fn belong_together(found: &[FoundRun]) -> Result<()> {
    against_first(found, |_| (), model_version)?;
    against_first(found, |run| (run.file.settings.dataset, short_hash(&run.file.settings.data)), data_fingerprint)?;
    against_first(found, |run| run.file.settings.experiment.clone(), question)?;
    let ended: Vec<&FoundRun> = found.iter().filter(|run| run.stage.is_end()).collect();
    against_first(ended, |run| run.file.run_id.clone(), end)
}

/// Holds each run against the first one that has the same key.
fn against_first<'f, K: Eq + Hash>(
    runs: impl IntoIterator<Item = &'f FoundRun>,
    key: impl Fn(&FoundRun) -> K,
    check: impl Fn(&FoundRun, &FoundRun) -> Result<()>,
) -> Result<()> {
    let mut first: HashMap<K, &FoundRun> = HashMap::new();
    for run in runs {
        check(first.entry(key(run)).or_insert(run), run)?;
    }
    Ok(())
}

fn model_version(first: &FoundRun, other: &FoundRun) -> Result<()> {
    let (old, new) = (first.file.model_version, other.file.model_version);
    if old != new {
        bail!(
            "{} is of model version {old} and {} of {new}: merge runs of one version of the program",
            first.dir.run_toml().display(),
            other.dir.run_toml().display()
        );
    }
    Ok(())
}

/// Checks that two runs on one data set, of files or drawn in one way, were trained on the same
/// images.
fn data_fingerprint(first: &FoundRun, other: &FoundRun) -> Result<()> {
    let digits = |run: &FoundRun| run.file.data_fingerprint.chars().take(12).collect::<String>();
    if first.file.data_fingerprint != other.file.data_fingerprint {
        let dataset = first.file.settings.dataset;
        bail!(
            "{} and {} were trained on other files of {}: fingerprint {}... and {}...; merge runs on the same data, `atrous inspect \
             {} --verify` checks a machine's",
            first.dir.run_toml().display(),
            other.dir.run_toml().display(),
            dataset.title(),
            digits(first),
            digits(other),
            dataset.name()
        );
    }
    Ok(())
}

/// Checks that two runs of an experiment have one baseline and one expectation.
fn question(first: &FoundRun, other: &FoundRun) -> Result<()> {
    let key = match (&first.file, &other.file) {
        (left, right) if left.baseline != right.baseline => "baseline",
        (left, right) if left.expectation != right.expectation => "expectation",
        _ => return Ok(()),
    };
    bail!(
        "{} and {} are of one experiment and differ in {key}: `atrous sweep SPEC --limit 0 --out DIR` with one spec brings each folder \
         up to date",
        first.dir.run_toml().display(),
        other.dir.run_toml().display()
    )
}

/// Checks that two copies of a run ended in the same way.
fn end(first: &FoundRun, other: &FoundRun) -> Result<()> {
    let differ = match (&first.stage, &other.stage) {
        (RunStage::Finished(left), RunStage::Finished(right)) => {
            let same = left.confusion == right.confusion && left.final_loss.to_bits() == right.final_loss.to_bits();
            (!same).then(|| format!("mIoU {} and {}", left.scores.miou, right.scores.miou))
        }
        (RunStage::Failed(left), RunStage::Failed(right)) => {
            let same = (left.iteration, &left.reason) == (right.iteration, &right.reason);
            (!same).then(|| format!("failed at iteration {} and {}", left.iteration, right.iteration))
        }
        _ => Some("one finished and the other failed".into()),
    };
    let Some(differ) = differ else { return Ok(()) };
    bail!(
        "{} and {} are of the same run and not the same ({differ}): keep one, move the other run directory away",
        first.end_file().display(),
        other.end_file().display()
    )
}
