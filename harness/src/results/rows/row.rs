//! One run that has ended.

use crate::experiment::Expectation;
use crate::experiment::settings::RunSettings;
use crate::results::image_counts::{self, ImageCounts};
use crate::results::provenance::Provenance;
use crate::results::result::{RunFailure, RunResult};
use crate::results::run_dir::{RunDir, RunFile, RunState};
use crate::results::scores::Confusion;
use crate::support::input_file;
use anyhow::{Context, Result, ensure};
use std::cmp::Ordering;
use std::path::Path;

/// One run that has ended, with the rates it is compared with.
#[derive(Clone, Debug)]
pub struct Row {
    /// The [`MODEL_VERSION`](crate::experiment::settings::MODEL_VERSION) of the program that ran
    /// it.
    pub model_version: u32,
    pub baseline: Vec<usize>,
    /// What its experiment is expected to show.
    pub expectation: Option<Expectation>,
    pub end: RowEnd,
    /// Pixel counts of each validation image, in the order of the data set; `None` where the run
    /// keeps none.
    pub images: Option<Vec<ImageCounts>>,
}

/// How a run has ended: with scores, or with an error.
#[derive(Clone, Debug)]
pub enum RowEnd {
    Finished(Box<RunResult>),
    Failed(Box<RunFailure>),
}

impl Row {
    /// Reads a run directory; `None` where the run has not ended.
    ///
    /// # Errors
    /// A file that cannot be read, or counts of images that are not those of the result; names it.
    pub fn read(run: &RunDir) -> Result<Option<Self>> {
        let end = match run.state()? {
            RunState::Unfinished => return Ok(None),
            RunState::Finished(result) => RowEnd::Finished(result),
            RunState::Failed(failure) => RowEnd::Failed(failure),
        };
        let images = match &end {
            RowEnd::Finished(result) => read_images(&run.images_csv(), result)?,
            RowEnd::Failed(_) => None,
        };
        let RunFile { model_version, baseline, expectation, .. } = run.read_run_file()?;
        Ok(Some(Row { model_version, baseline, expectation, end, images }))
    }

    pub fn settings(&self) -> &RunSettings {
        match &self.end {
            RowEnd::Finished(result) => &result.settings,
            RowEnd::Failed(failure) => &failure.settings,
        }
    }

    pub fn run_id(&self) -> &str {
        match &self.end {
            RowEnd::Finished(result) => &result.run_id,
            RowEnd::Failed(failure) => &failure.run_id,
        }
    }

    pub fn data_fingerprint(&self) -> &str {
        match &self.end {
            RowEnd::Finished(result) => &result.data_fingerprint,
            RowEnd::Failed(failure) => &failure.data_fingerprint,
        }
    }

    pub fn provenance(&self) -> &Provenance {
        match &self.end {
            RowEnd::Finished(result) => &result.provenance,
            RowEnd::Failed(failure) => &failure.provenance,
        }
    }

    /// When the run ended: RFC 3339, UTC.
    pub fn finished(&self) -> &str {
        match &self.end {
            RowEnd::Finished(result) => &result.finished,
            RowEnd::Failed(failure) => &failure.finished,
        }
    }

    pub fn result(&self) -> Option<&RunResult> {
        match &self.end {
            RowEnd::Finished(result) => Some(result),
            RowEnd::Failed(_) => None,
        }
    }

    pub fn failure(&self) -> Option<&RunFailure> {
        match &self.end {
            RowEnd::Finished(_) => None,
            RowEnd::Failed(failure) => Some(failure),
        }
    }

    /// Whether two runs belong into one section: the same images, and the same settings but for
    /// rates and seed.
    pub fn same_protocol(&self, other: &Row) -> bool {
        self.data_fingerprint() == other.data_fingerprint() && self.settings().protocol() == other.settings().protocol()
    }

    /// The names of the device and of its adapter.
    pub(super) fn device_and_adapter(&self) -> [&str; 2] {
        match &self.end {
            RowEnd::Finished(result) => [&result.device, &result.adapter],
            RowEnd::Failed(failure) => [&failure.device, &failure.adapter],
        }
    }

    /// Device and adapter for people: `flex (CPU)`.
    pub fn device(&self) -> String {
        let [device, adapter] = self.device_and_adapter();
        format!("{device} ({adapter})")
    }

    /// Orders rows by data set, experiment, rates, seed and id.
    pub(super) fn compare(&self, other: &Row) -> Ordering {
        let key = |row: &Row| {
            let settings = row.settings();
            (settings.dataset, settings.experiment.clone(), settings.rates.clone(), settings.seed)
        };
        key(self).cmp(&key(other)).then_with(|| self.run_id().cmp(other.run_id()))
    }
}

/// Reads the counts of each image of a run, which have to be those that its result goes with.
fn read_images(path: &Path, result: &RunResult) -> Result<Option<Vec<ImageCounts>>> {
    let whole = &result.confusion;
    let bytes = input_file::read_if_present(path, input_file::IMAGE_COUNTS_BYTES)
        .with_context(|| format!("cannot read {}", path.display()))?;
    result.seal.check_file(path, bytes.as_deref())?;
    let Some(bytes) = bytes else { return Ok(None) };
    let images = image_counts::parse(path, &bytes, whole.classes)?;
    let mut sum = Confusion::new(whole.classes);
    images.iter().for_each(|image| sum.merge(&image.confusion));
    ensure!(
        sum == *whole,
        "{} does not add up to the counts of result.json: --discard starts its run anew",
        path.display()
    );
    Ok(Some(images))
}
