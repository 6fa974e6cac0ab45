//! Runs as `results.csv` files have them: each once, and no two model versions together.

use super::evidence::{Collected, Evidence, SeriesProtocol, checked_score};
use crate::experiment::settings::{MODEL_VERSION, run_id_of_version};
use crate::results::csv::read_csv;
use crate::results::reference;
use crate::results::rows::RunRecord;
use crate::results::run_dir::RunDir;
use crate::support::count::count;
use crate::support::input_file;
use anyhow::{Context, Result};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Runs as files have them, each once, with the model version that their ids follow from.
#[derive(Default)]
pub(super) struct WrittenRuns {
    runs: Vec<(RunRecord, SeriesProtocol, Option<u32>)>,
    /// Ids of runs: one that is in two files counts once.
    seen: HashSet<String>,
    copies: usize,
}

impl WrittenRuns {
    /// Takes a line of a `results.csv`.
    ///
    /// # Errors
    /// Settings, a score or a rate that cannot be.
    pub fn add(&mut self, run: RunRecord) -> Result<()> {
        if !self.seen.insert(run.run_id.clone()) {
            self.copies += 1;
            return Ok(());
        }
        let (protocol, settings) = (SeriesProtocol::of(&run)?, run.settings()?);
        checked_score(&run, reference::metric(settings.dataset))?;
        let gives = |version: &u32| run_id_of_version(*version, &settings, &run.data_fingerprint) == run.run_id;
        let version = (1..=MODEL_VERSION).rev().find(gives);
        self.runs.push((run, protocol, version));
        Ok(())
    }

    /// The series of the runs that count: of each protocol those of the newest model version.
    ///
    /// # Errors
    /// None that lines which were taken can cause.
    pub fn evidence(self) -> Result<Evidence> {
        let newest = |protocol: &SeriesProtocol| {
            let same = self.runs.iter().filter(|(_, other, _)| other == protocol);
            same.filter_map(|(.., version)| *version).max()
        };
        let mut collected = Collected::default();
        let (mut older, mut unknown) = (BTreeMap::<String, usize>::new(), BTreeMap::<String, usize>::new());
        for (run, protocol, version) in &self.runs {
            // results.csv does not say all that decides the id of weights that were given.
            let (of_newest, untold) = (*version == newest(protocol), version.is_none() && run.init.is_empty());
            let left_out = if untold { Some(&mut unknown) } else { (!of_newest).then_some(&mut older) };
            match left_out {
                Some(counts) => *counts.entry(run.experiment.clone()).or_default() += 1,
                None => collected.add(run)?,
            }
        }
        let mut evidence = collected.evidence;
        let say = |counts: BTreeMap<String, usize>, why: &str| -> Vec<String> {
            counts
                .into_iter()
                .map(|(experiment, runs)| format!("{} of {experiment}: {why}", count(runs, "run")))
                .collect()
        };
        evidence.left_out.extend(say(older, "of an older model version than others"));
        evidence.left_out.extend(say(unknown, "their ids do not follow from their settings"));
        if self.copies > 0 {
            evidence.left_out.push(format!("{} lines of runs that another line has", self.copies));
        }
        let unscored = evidence.series.iter().filter(|series| series.failed > 0);
        let unscored: Vec<String> = unscored
            .map(|series| format!("{} of {}: without a score", count(series.failed, "run"), series.experiment))
            .collect();
        evidence.left_out.extend(unscored);
        Ok(evidence)
    }
}

impl Evidence {
    /// Reads the `results.csv` of each directory: that of a sweep, or a committed one. Of an
    /// experiment, runs of the newest model version count; `left_out` says what does not.
    ///
    /// # Errors
    /// Names the file that is missing or cannot be understood.
    pub fn read(directories: &[impl AsRef<Path>]) -> Result<Self> {
        let mut written = WrittenRuns::default();
        for directory in directories {
            let path = directory.as_ref().join("results.csv");
            let text = input_file::read(&path, input_file::RESULTS_BYTES)
                .with_context(|| format!("cannot read {}: name the folder of a sweep", path.display()))?;
            RunDir::learn_data_sets(directory.as_ref());
            read_csv(&text, |record, _| written.add(record))
                .with_context(|| format!("cannot understand {}", path.display()))?;
        }
        written.evidence()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::{RunSettings, tests::example};
    use crate::results::rows::testing;

    #[test]
    fn model_versions_are_not_mixed_and_what_is_left_out_is_said() {
        let mut runs = WrittenRuns::default();
        for (seed, version) in [(0, 3), (1, 2), (2, 3), (2, 3), (3, 0)] {
            let settings = RunSettings { seed, ..example() };
            let mut record = RunRecord::of(&testing::finished(settings.clone(), [5, 5, 0, 10]));
            record.run_id = match version {
                0 => "0123456789abcdef".into(),
                version => run_id_of_version(version, &settings, &record.data_fingerprint),
            };
            runs.add(record).unwrap();
        }
        let evidence = runs.evidence().unwrap();
        let seeds: Vec<u64> = evidence.series[0].points.iter().map(|point| point.seed).collect();
        assert_eq!((evidence.series.len(), seeds), (1, vec![0, 2]));
        let said = [
            "1 run of stare: of an older model version than others",
            "1 run of stare: their ids do not follow from their settings",
            "1 lines of runs that another line has",
        ];
        assert_eq!(evidence.left_out, said);
    }
}
