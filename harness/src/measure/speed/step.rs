//! Training steps on a batch that is ready: no data is read.

use super::clock::{Clock, Times};
use super::noise::Noise;
use crate::experiment::settings::RunSettings;
use crate::run::train::Learner;
use anyhow::{Result, anyhow};
use atrous_data::{Batch, IGNORE_INDEX};
use atrous_models::ComputeDevice;

/// Share of ignored pixels, as one in so many.
const IGNORED_IN: u64 = 10;

/// Times steps: losses of both heads, gradients, update, and the device's answer that it is done.
pub(super) fn times(settings: &RunSettings, device: &ComputeDevice, clock: Clock) -> Result<Times> {
    let mut learner = Learner::new(settings, device.autodiff());
    let batch = batch(settings);
    clock.time(|iteration| {
        // Beyond the last iteration there is no learning rate.
        let iteration = iteration % settings.train.iterations;
        learner.step(settings, Batch { iteration, ..batch.clone() });
        device.device.sync().map_err(|error| anyhow!("{}: {error:?}", device.name()))
    })
}

/// Random pixels, as if normalised, and random labels.
fn batch(settings: &RunSettings) -> Batch {
    let [height, width] = settings.crop;
    let (size, area) = (settings.train.batch, height * width);
    let classes = settings.dataset.class_names().len() as u64;
    let mut noise = Noise::new(settings.seed);
    let images = (0..size * 3 * area).map(|_| 2.0 * noise.signed()).collect();
    let mut label = || if noise.below(IGNORED_IN) == 0 { IGNORE_INDEX } else { noise.below(classes) as u8 };
    let labels = (0..size * area).map(|_| label()).collect();
    Batch { iteration: 0, size, height, width, images, labels, ids: Vec::new() }
}
