//! Batches of the loader, as fast as it makes them.

use super::clock::{Clock, Times};
use super::options::SpeedOptions;
use crate::experiment::settings::{DataSource, RunSettings};
use crate::run::train::batches;
use anyhow::{Result, ensure};
use atrous_data::{BatchLoader, Split};
use std::sync::Arc;

/// Times the waits for batches. The warm-up covers the first epoch at least, in which images are
/// decoded.
pub(super) fn times(settings: &RunSettings, options: &SpeedOptions, mut clock: Clock) -> Result<Times> {
    ensure!(
        settings.data == DataSource::Files,
        "{}: its images are drawn: name an experiment whose data are files",
        settings.experiment
    );
    let dataset = Arc::new(options.data.open(settings.dataset)?);
    let epoch = dataset.samples(Split::Train).len().div_ceil(settings.train.batch) as u64;
    // A thread is at most two batches ahead: those were not made in the time that is measured.
    let ahead = 2 * options.threads as u64;
    clock.lengthen_warmup(epoch + ahead);
    let source = Arc::new(batches(settings, dataset, options.run));
    let mut loader = BatchLoader::new(source, 0..u64::MAX, options.threads);
    clock.time(|_| loader.next().expect("batches without end").map(drop).map_err(Into::into))
}
