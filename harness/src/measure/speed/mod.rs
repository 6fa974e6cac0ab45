//! How long a training step, an image, or a batch of the loader takes: the units of which a sweep consists.

mod inference;
mod loader;
mod report;
mod step;

pub use report::{Case, Report, What};

use crate::experiment::settings::RunSettings;
use crate::results::provenance;
use crate::run::options::{DataOptions, RunOptions};
use crate::support::memory;
use crate::support::progress::{Bar, Progress};
use crate::support::split_mix::SplitMix;
use anyhow::Result;
use atrous_models::ComputeDevice;
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
    /// What a run is told (for [`What::Loader`]).
    pub run: RunOptions,
    /// Where data sets are (for [`What::Loader`]).
    pub data: DataOptions,
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

/// Made-up inputs: the same on every machine.
struct Noise(SplitMix);

impl Noise {
    fn new(seed: u64) -> Self {
        Noise(SplitMix::new(seed))
    }

    /// From 0 up to, but not including, `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0.draw() % end
    }

    /// Uniform in -1..1.
    fn signed(&mut self) -> f32 {
        (self.0.draw() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

#[cfg(test)]
mod tests;
