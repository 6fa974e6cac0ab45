//! How long a training step, an image, or a batch of the loader takes: the units of which a sweep
//! consists.

mod clock;
mod inference;
mod loader;
mod noise;
mod options;
mod page;
mod report;
mod step;
mod work;

pub use options::SpeedOptions;
pub use page::StepPage;
pub use report::{SpeedReport, TimedCase, What};

use self::clock::{Clock, Times};
use self::work::UnitWork;
use crate::experiment::settings::RunSettings;
use crate::results::provenance;
use crate::support::memory;
use crate::support::progress::Progress;
use anyhow::Result;
use atrous_models::ComputeDevice;

/// Measures one run's units. Peak memory is that of this measurement, where the system allows it to
/// be told apart.
///
/// # Errors
/// Data that cannot be read; names the file.
pub fn measure(
    settings: &RunSettings,
    options: &SpeedOptions,
    device: &ComputeDevice,
    progress: &Progress,
) -> Result<TimedCase> {
    memory::release();
    provenance::reset_peak_memory();
    let resting_bytes = provenance::resident_memory_bytes();
    let title = format!("{} {} {}", options.what, settings.experiment, settings.rates_name());
    let clock = Clock::new(options, progress.bar(options.units + options.warmup, title));
    let (images, Times { warmup, seconds }) = match options.what {
        What::Step => (settings.train.batch, step::times(settings, device, clock)?),
        What::Inference => (1, inference::times(settings, device, clock)?),
        What::Loader => (settings.train.batch, loader::times(settings, options, clock)?),
    };
    let peak_bytes = provenance::peak_memory_bytes();
    let work = UnitWork::of_unit(options.what, settings);
    let product_rate = work.map(|_| UnitWork::rate_of_a_matrix_product(device)).transpose()?;
    Ok(TimedCase {
        experiment: settings.experiment.clone(),
        settings: settings.clone(),
        images,
        warmup,
        seconds,
        resting_bytes,
        peak_bytes,
        operations: work.map(|work| work.operations),
        product_rate,
    })
}

#[cfg(test)]
mod tests;
