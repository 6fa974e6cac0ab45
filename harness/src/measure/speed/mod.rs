//! How long a training step, an image, or a batch of the loader takes: the units of which a sweep consists.

mod inference;
mod loader;
mod report;
mod step;

pub use report::{Case, Report, What};

use crate::experiment::settings::RunSettings;
use crate::results::provenance;
use crate::support::memory;
use crate::support::progress::{Bar, Progress};
use anyhow::Result;
use atrous_data::ImageLimit;
use atrous_models::ComputeDevice;
use std::path::PathBuf;
use std::time::Instant;

/// What is measured, and how often.
#[derive(Clone, Debug)]
pub struct SpeedOptions {
    pub what: What,
    /// Units that are timed.
    pub units: u64,
    /// Units before them, which are not: caches fill, and a GPU's kernels are compiled.
    pub warmup: u64,
    /// Threads that prepare batches (for [`What::Loader`]).
    pub threads: usize,
    /// Bytes of decoded images that are kept (for [`What::Loader`]).
    pub cache_bytes: usize,
    /// Where data sets are (for [`What::Loader`]).
    pub data_root: PathBuf,
    /// The largest image that is read (for [`What::Loader`]).
    pub image_limit: ImageLimit,
}

/// Measures one run's units. Peak memory is that of this measurement, where the system allows it to be told apart.
///
/// # Errors
/// Data that cannot be read; names the file.
pub fn measure(
    settings: &RunSettings,
    options: &SpeedOptions,
    device: &ComputeDevice,
    progress: &Progress,
) -> Result<Case> {
    memory::release();
    provenance::reset_peak_memory();
    let resting_bytes = provenance::resident_memory_bytes();
    let title = format!("{} {} {}", options.what, settings.experiment, settings.rates_name());
    let clock = Clock::new(options, progress.bar(options.units + options.warmup, title));
    let (images, seconds) = match options.what {
        What::Step => (settings.train.batch, step::seconds(settings, device, clock)?),
        What::Inference => (1, inference::seconds(settings, device, clock)?),
        What::Loader => (settings.train.batch, loader::seconds(settings, options, clock)?),
    };
    let peak_bytes = provenance::peak_memory_bytes();
    Ok(Case {
        experiment: settings.experiment.clone(),
        settings: settings.clone(),
        images,
        seconds,
        resting_bytes,
        peak_bytes,
    })
}

/// Times one unit after the other.
struct Clock {
    warmup: u64,
    units: u64,
    bar: Bar,
}

impl Clock {
    fn new(options: &SpeedOptions, bar: Bar) -> Self {
        Self { warmup: options.warmup, units: options.units, bar }
    }

    fn lengthen_warmup(&mut self, least: u64) {
        self.warmup = self.warmup.max(least);
        self.bar.set_length(self.warmup + self.units);
    }

    /// Seconds of each timed unit. `unit` gets its number, counted from 0 with the warm-up.
    fn time(self, mut unit: impl FnMut(u64) -> Result<()>) -> Result<Vec<f64>> {
        let mut seconds = Vec::with_capacity(self.units as usize);
        for number in 0..self.warmup + self.units {
            let started = Instant::now();
            unit(number)?;
            if number >= self.warmup {
                seconds.push(started.elapsed().as_secs_f64());
            }
            self.bar.set(number + 1);
        }
        self.bar.finish();
        Ok(seconds)
    }
}

/// Numbers that look random and are the same everywhere: SplitMix64 (Steele, Lea, Flood 2014).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, but not including, `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Uniform in -1..1.
    fn signed(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

#[cfg(test)]
mod tests;
