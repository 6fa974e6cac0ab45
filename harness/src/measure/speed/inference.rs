//! Prediction of whole images, in windows where the protocol says so.

use super::clock::{Clock, Times};
use super::noise::Noise;
use crate::experiment::network;
use crate::experiment::settings::RunSettings;
use crate::run::infer::Inference;
use anyhow::Result;
use atrous_data::RgbImage8;
use atrous_models::ComputeDevice;

/// Times images, each from its 8-bit pixels to a class per pixel. Images have the size that the
/// data set's are fitted into.
pub(super) fn times(settings: &RunSettings, device: &ComputeDevice, clock: Clock) -> Result<Times> {
    let mut network = network::config(settings).init(settings.seed, &device.device);
    let inference = Inference::of(settings);
    let image = image(settings);
    clock.time(|_| {
        inference.predict(&mut network, &device.device, &image, &|_, _| true);
        Ok(())
    })
}

fn image(settings: &RunSettings) -> RgbImage8 {
    let [height, width] = settings.resize;
    let mut noise = Noise::new(settings.seed);
    let data = (0..3 * height * width).map(|_| noise.below(256) as u8).collect();
    RgbImage8 { height, width, data }
}
