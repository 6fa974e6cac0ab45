//! Recorded runs that later ones are held against: a JSON file that is committed with the code.

use super::RecordedRun;
use super::settings_difference::differences;
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
}

/// What [`ReferenceRuns::extend`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension {
    pub added: usize,
    /// Runs that were recorded already, with the same result.
    pub known: usize,
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

    /// Adds runs. None is replaced.
    ///
    /// # Errors
    /// The first run that does not belong to the others (settings, data, model version), that ended
    /// with an error, or that is recorded with another result; the reference is unchanged then.
    pub fn extend(&mut self, rows: &Rows) -> Result<Extension> {
        let mut extended = self.clone();
        let mut extension = Extension { added: 0, known: 0 };
        for row in &rows.0 {
            let added = extended.add(row).with_context(|| row.settings().run_name())?;
            *(if added { &mut extension.added } else { &mut extension.known }) += 1;
        }
        extended
            .cells
            .sort_by_key(|cell| (cell.settings.dataset, cell.settings.experiment.clone(), cell.settings.rates.clone()));
        *self = extended;
        Ok(extension)
    }

    /// Whether the run is new.
    fn add(&mut self, row: &Row) -> Result<bool> {
        let RowEnd::Finished(result) = &row.end else { bail!("ended with an error: a reference is of finished runs") };
        let version = self.model_version;
        ensure!(
            row.model_version == version,
            "is of model version {}, the reference of {version}: start another reference",
            row.model_version
        );
        let run = RecordedRun::of(result);
        ensure!(!Metric::ALL.iter().any(|metric| metric.of(&run).is_nan()), "has no score");
        let Some(cell) = self.cells.iter_mut().find(|cell| cell.is_named_like(row.settings())) else {
            let (settings, data_fingerprint) = (result.settings.clone(), result.data_fingerprint.clone());
            self.cells.push(ReferenceCell { settings, data_fingerprint, runs: vec![run] });
            return Ok(true);
        };
        if let Some(obstacle) = cell.obstacle(row) {
            bail!("{obstacle}: start another reference, or give the experiment another name");
        }
        match cell.runs.iter().find(|recorded| recorded.run_id == run.run_id) {
            Some(recorded) if recorded.is_equal(&run) => Ok(false),
            Some(recorded) => bail!(
                "is recorded with another result (mIoU {} and here {}; {} and here {}): nothing is overwritten; start another \
                 reference",
                recorded.miou,
                run.miou,
                recorded.provenance.git_commit,
                run.provenance.git_commit
            ),
            None => {
                cell.runs.push(run);
                cell.runs.sort_by_key(|run| run.seed);
                Ok(true)
            }
        }
    }
}
