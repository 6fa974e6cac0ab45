//! Recorded runs that later ones are held against: a JSON file that is committed with the code.

use super::settings_difference::differences;
use super::{FirstLosses, RecordedRun};
use crate::experiment::settings::{RunSettings, join_rates};
use crate::results::result::write_sealed;
use crate::results::rows::{Row, RowEnd, Rows};
use crate::results::scores::Metric;
use crate::support::checksum;
use crate::support::input_file;
use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The version of the file's form.
const FORMAT: u32 = 1;

/// `results/reference/NAME.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceRuns {
    /// Version of the form of this file.
    pub format: u32,
    /// The [`MODEL_VERSION`](crate::experiment::settings::MODEL_VERSION) of all runs.
    pub model_version: u32,
    /// Cells, ordered by data set, experiment and rates.
    pub cells: Vec<ReferenceCell>,
    /// The checksum that was read with it, which fits; files of before have none.
    #[serde(default, skip_serializing)]
    pub checksum: Option<String>,
}

/// Runs that differ in nothing but the seed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceCell {
    /// Settings of the run that was recorded first; its seed means nothing here.
    pub settings: RunSettings,
    /// SHA-256 of the data set's files, hex.
    pub data_fingerprint: String,
    /// Runs, ordered by seed.
    pub runs: Vec<RecordedRun>,
    /// Holds the same runs on processors with other vector instructions. Their bits alone count, as
    /// each seed is one run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_vectors: Vec<RecordedRun>,
}

/// What [`ReferenceRuns::extend`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension {
    pub added: usize,
    /// Runs that were recorded already, with the same result.
    pub known: usize,
    /// Recorded runs whose first losses were not known before.
    pub completed: usize,
}

impl ReferenceCell {
    /// `stare, rates 1-12-24-36`
    pub fn title(&self) -> String {
        format!("{}, rates {}", self.settings.experiment, join_rates(&self.settings.rates))
    }

    /// Whether a run is of the experiment and the rates of this cell, by name.
    pub fn is_named_like(&self, settings: &RunSettings) -> bool {
        self.settings.experiment == settings.experiment && self.settings.rates == settings.rates
    }

    /// Every recording of a run, on whatever processor.
    pub fn recordings(&self) -> impl Iterator<Item = &RecordedRun> {
        self.runs.iter().chain(&self.other_vectors)
    }

    /// Why a run cannot be compared with those of this cell; `None` where it can.
    pub fn obstacle(&self, row: &Row) -> Option<String> {
        if let Some(first) = differences(row.settings(), &self.settings).first() {
            return Some(format!("other settings: {first}"));
        }
        let digits = |fingerprint: &str| fingerprint.chars().take(12).collect::<String>();
        let (now, before) = (row.data_fingerprint(), &self.data_fingerprint);
        (now != before).then(|| format!("other data: fingerprint {}... and was {}...", digits(now), digits(before)))
    }
}

impl ReferenceRuns {
    /// Without runs.
    pub fn new(model_version: u32) -> Self {
        ReferenceRuns { format: FORMAT, model_version, cells: Vec::new(), checksum: None }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Names the file, and what in it cannot be understood.
    pub fn read(path: &Path) -> Result<Self> {
        let text = input_file::read(path, input_file::REFERENCE_BYTES)
            .with_context(|| format!("cannot read {}", path.display()))?;
        checksum::check(&text).with_context(|| format!("{} cannot be used: record its runs again", path.display()))?;
        let reference: ReferenceRuns =
            serde_json::from_slice(&text).with_context(|| format!("{} is no reference", path.display()))?;
        let ReferenceRuns { format, .. } = reference;
        ensure!(format == FORMAT, "{}: format {format} is not known here, only {FORMAT}", path.display());
        for cell in &reference.cells {
            ensure!(!cell.runs.is_empty(), "{}: {} has no runs", path.display(), cell.title());
            let checked = cell.runs.iter().try_for_each(|run| run.check(&cell.settings));
            checked.map_err(|why| anyhow!("{}: {}: {why}", path.display(), cell.title()))?;
        }
        Ok(reference)
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// Names the file.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_sealed(path, self)
    }

    /// Adds runs, and the first losses of those that were recorded without. None is replaced.
    ///
    /// # Errors
    /// The first run that does not belong to the others (settings, data, model version), that ended
    /// with an error, or that is recorded with another result; the reference is unchanged then.
    pub fn extend(&mut self, rows: &Rows, losses: &FirstLosses) -> Result<Extension> {
        let mut extended = self.clone();
        let mut extension = Extension { added: 0, known: 0, completed: 0 };
        for row in &rows.0 {
            let added = extended.add(row, losses.of(row.run_id())).with_context(|| row.settings().run_name())?;
            extension.added += usize::from(added == Added::Run);
            extension.known += usize::from(added != Added::Run);
            extension.completed += usize::from(added == Added::Losses);
        }
        extended
            .cells
            .sort_by_key(|cell| (cell.settings.dataset, cell.settings.experiment.clone(), cell.settings.rates.clone()));
        *self = extended;
        Ok(extension)
    }

    fn add(&mut self, row: &Row, losses: &[f64]) -> Result<Added> {
        let RowEnd::Finished(result) = &row.end else { bail!("ended with an error: a reference is of finished runs") };
        let version = self.model_version;
        ensure!(
            row.model_version == version,
            "is of model version {}, the reference of {version}: start another reference",
            row.model_version
        );
        let run = RecordedRun::of(result, losses);
        ensure!(!Metric::ALL.iter().any(|metric| metric.of(&run).is_nan()), "has no score");
        let Some(cell) = self.cells.iter_mut().find(|cell| cell.is_named_like(row.settings())) else {
            let (settings, data_fingerprint) = (result.settings.clone(), result.data_fingerprint.clone());
            self.cells.push(ReferenceCell { settings, data_fingerprint, runs: vec![run], other_vectors: vec![] });
            return Ok(Added::Run);
        };
        if let Some(obstacle) = cell.obstacle(row) {
            bail!("{obstacle}: start another reference, or give the experiment another name");
        }
        cell.add(run)
    }
}

/// What a run brought to a reference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Added {
    Run,
    /// The run was recorded already, without the losses of its first steps.
    Losses,
    Nothing,
}

impl ReferenceCell {
    fn add(&mut self, run: RecordedRun) -> Result<Added> {
        let same = |recorded: &&mut RecordedRun| recorded.run_id == run.run_id;
        let elsewhere = self.runs.iter().any(|recorded| {
            recorded.run_id == run.run_id && recorded.has_bits() && run.has_bits() && recorded.api != run.api
        });
        let list = if elsewhere { &mut self.other_vectors } else { &mut self.runs };
        match list.iter_mut().filter(same).find(|recorded| !elsewhere || recorded.api == run.api) {
            Some(recorded) if !recorded.is_equal(&run) => bail!(
                "is recorded with another result (mIoU {} and here {}; {} and here {}): nothing is overwritten; start another \
                 reference",
                recorded.miou,
                run.miou,
                recorded.provenance.git_commit,
                run.provenance.git_commit
            ),
            Some(recorded) if recorded.first_losses.is_empty() && !run.first_losses.is_empty() => {
                recorded.first_losses = run.first_losses;
                Ok(Added::Losses)
            }
            Some(_) => Ok(Added::Nothing),
            None => {
                list.push(run);
                list.sort_by(|a, b| (a.seed, &a.api).cmp(&(b.seed, &b.api)));
                Ok(Added::Run)
            }
        }
    }
}
