//! One run is one row: copies, and runs of older model versions beside newer ones, are left out.

use super::row::{Row, RowEnd};
use crate::results::run_dir::RunDir;
use crate::support::count::count;
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::path::Path;

/// Rows of which each is of another run, and what was left out for that.
pub struct OnceEach {
    pub rows: Vec<Row>,
    /// A line for each directory, or group of them, that does not count.
    pub left_out: Vec<String>,
}

impl OnceEach {
    /// Chooses of the rows of a folder: of each run the one in the run's own directory, and of each
    /// experiment those of the newest model version.
    ///
    /// # Errors
    /// Two directories of one run that do not say the same; names both.
    pub fn of(out: &Path, found: Vec<(RunDir, Row)>) -> Result<Self> {
        let mut left_out = Vec::new();
        let rows = without_copies(out, found, &mut left_out)?;
        Ok(OnceEach { rows: of_newest_version(rows, &mut left_out), left_out })
    }
}

fn without_copies(out: &Path, found: Vec<(RunDir, Row)>, left_out: &mut Vec<String>) -> Result<Vec<Row>> {
    let mut runs: BTreeMap<String, Vec<(RunDir, Row)>> = BTreeMap::new();
    for (dir, row) in found {
        // An experiment of another name may share a run's id, and has a row of its own.
        runs.entry(format!("{} {}", row.run_id(), row.settings().experiment)).or_default().push((dir, row));
    }
    let mut rows = Vec::new();
    for mut group in runs.into_values() {
        let own = |(dir, row): &(RunDir, Row)| *dir == RunDir::new(out, row.settings(), row.run_id());
        let (dir, row) = group.remove(group.iter().position(own).unwrap_or(0));
        for (copy, other) in &group {
            if !same_end(&row, other) {
                bail!(
                    "{} and {} are of the same run and not the same: keep one, move the other away",
                    dir.path().display(),
                    copy.path().display()
                );
            }
            left_out.push(format!("{}: a copy of {}", copy.path().display(), dir.path().display()));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Whether two rows of a run say the same of how it ended.
fn same_end(left: &Row, right: &Row) -> bool {
    match (&left.end, &right.end) {
        (RowEnd::Finished(left), RowEnd::Finished(right)) => {
            left.confusion == right.confusion && left.final_loss.to_bits() == right.final_loss.to_bits()
        }
        (RowEnd::Failed(left), RowEnd::Failed(right)) => {
            (left.iteration, &left.reason) == (right.iteration, &right.reason)
        }
        _ => false,
    }
}

fn of_newest_version(rows: Vec<Row>, left_out: &mut Vec<String>) -> Vec<Row> {
    let mut newest: Vec<(usize, u32)> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        match newest.iter_mut().find(|(first, _)| rows[*first].same_protocol(row)) {
            Some((_, version)) => *version = row.model_version.max(*version),
            None => newest.push((index, row.model_version)),
        }
    }
    let version_of = |row: &Row| newest.iter().find(|(first, _)| rows[*first].same_protocol(row)).map(|found| found.1);
    let is_newest: Vec<bool> = rows.iter().map(|row| version_of(row) == Some(row.model_version)).collect();
    let mut counts: BTreeMap<(String, u32), usize> = BTreeMap::new();
    for (row, _) in rows.iter().zip(&is_newest).filter(|(_, newest)| !**newest) {
        *counts.entry((row.settings().experiment.clone(), row.model_version)).or_default() += 1;
    }
    for ((experiment, version), runs) in counts {
        left_out.push(format!(
            "{} of {experiment}: of model version {version}, and others of a newer one",
            count(runs, "run")
        ));
    }
    rows.into_iter().zip(is_newest).filter_map(|(row, newest)| newest.then_some(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::{RunSettings, tests::example};
    use crate::results::rows::testing;

    fn found(out: &str, folder: Option<&str>, row: Row) -> (RunDir, Row) {
        let own = RunDir::new(Path::new(out), row.settings(), row.run_id());
        (folder.map_or(own.clone(), |folder| RunDir::at(own.path().with_file_name(folder))), row)
    }

    fn row(seed: u64, right: u64) -> Row {
        testing::finished(RunSettings { seed, ..example() }, [right, 1, 1, 3])
    }

    #[test]
    fn a_copy_counts_once_and_is_named() {
        let all =
            vec![found("out", Some("a"), row(0, 3)), found("out", None, row(0, 3)), found("out", None, row(1, 3))];
        let OnceEach { rows, left_out } = OnceEach::of(Path::new("out"), all).unwrap();
        assert_eq!(rows.len(), 2);
        assert!(left_out.len() == 1 && left_out[0].starts_with("out/stare/1-12-24-36/a: a copy of "), "{left_out:?}");
        let other = vec![found("out", Some("a"), row(0, 4)), found("out", None, row(0, 3))];
        let error = OnceEach::of(Path::new("out"), other).err().unwrap().to_string();
        assert!(error.contains("of the same run and not the same"), "{error}");
    }

    #[test]
    fn model_versions_are_not_mixed() {
        let older = Row { model_version: 2, ..row(1, 3) };
        let mut another = Row { model_version: 2, ..row(1, 3) };
        if let RowEnd::Finished(result) = &mut another.end {
            (result.settings.experiment, result.run_id) = ("other".into(), "b".into());
        }
        let all = [row(0, 3), older, another].map(|row| found("out", None, row));
        let OnceEach { rows, left_out } = OnceEach::of(Path::new("out"), all.into()).unwrap();
        let mut versions: Vec<u32> = rows.iter().map(|row| row.model_version).collect();
        versions.sort_unstable();
        assert_eq!(versions, [2, crate::experiment::settings::MODEL_VERSION]);
        assert_eq!(left_out, ["1 run of stare: of model version 2, and others of a newer one"]);
    }
}
