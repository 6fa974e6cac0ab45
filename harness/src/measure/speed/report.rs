//! Measured times, for people and for programs.

use crate::experiment::settings::RunSettings;
use crate::results::provenance::Provenance;
use crate::results::result::write_json;
use anyhow::Result;
use atrous_models::ComputeDevice;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;
use std::time::Instant;

/// The unit that is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A training step.
    Step,
    /// The prediction of an image.
    Inference,
    /// A training batch.
    Loader,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            What::Step => "training step",
            What::Inference => "image",
            What::Loader => "batch",
        })
    }
}

/// One run's times.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TimedCase {
    pub experiment: String,
    pub settings: RunSettings,
    /// Images per unit.
    pub images: usize,
    /// The number of units before the timed ones.
    #[serde(default)]
    pub warmup: u64,
    /// The seconds of each timed unit.
    pub seconds: Vec<f64>,
    /// Resident memory before the network was built, where the system tells.
    pub resting_bytes: Option<u64>,
    /// Largest resident memory since then.
    pub peak_bytes: Option<u64>,
    /// Floating-point operations that the convolutions of a unit ask for, two for each multiply-add
    /// of a tap that sees no padding. `None` for the loader, which has none.
    #[serde(default)]
    pub operations: Option<f64>,
    /// Floating-point operations per second of a plain matrix product, measured after the units.
    #[serde(default)]
    pub product_rate: Option<f64>,
}

/// All that was measured in one go.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SpeedReport {
    /// `atrous 0.1.0`
    pub program: String,
    pub commit: String,
    pub device: String,
    pub adapter: String,
    pub threads: usize,
    pub what: What,
    /// How convolutions were computed on a GPU, and what that was chosen by.
    pub convolutions: String,
    /// Seconds from the start of the command to its last unit.
    #[serde(default)]
    pub process_seconds: f64,
    pub cases: Vec<TimedCase>,
}

impl TimedCase {
    /// A case that is not measured yet.
    pub fn planned(what: What, settings: &RunSettings) -> Self {
        let images = if what == What::Inference { 1 } else { settings.train.batch };
        let (experiment, settings) = (settings.experiment.clone(), settings.clone());
        TimedCase {
            experiment,
            settings,
            images,
            warmup: 0,
            seconds: Vec::new(),
            resting_bytes: None,
            peak_bytes: None,
            operations: None,
            product_rate: None,
        }
    }

    /// Median of the seconds; `None` where nothing was measured.
    pub fn median(&self) -> Option<f64> {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => None,
            length if length % 2 == 1 => Some(sorted[middle]),
            _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
        }
    }

    /// Floating-point operations per second, those of padding not counted; `None` where they are
    /// not known.
    pub fn rate(&self) -> Option<f64> {
        Some(self.operations? / self.median()?)
    }

    /// The experiment and its rates: `unet-w16 1-12-24-36`.
    pub fn name(&self) -> String {
        format!("{} {}", self.experiment, self.settings.rates_name())
    }

    /// One line for people: `unet-w16 1-12-24-36, 128x128, batch 2: 98 ms (97 ms to 99 ms), 20.4
    /// images/s, 119.0 GFLOP/s (54 % of a matrix product), 112 MB more than at rest`
    fn line(&self) -> String {
        let [height, width] = self.settings.crop;
        let mut line = format!("{}, {height}x{width}", self.name());
        if self.images > 1 {
            line += &format!(", batch {}", self.images);
        }
        let Some(median) = self.median() else { return line };
        let least = self.seconds.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.seconds.iter().copied().fold(0.0, f64::max);
        let rate = self.images as f64 / median;
        line += &format!(": {} ({} to {}), {rate:.1} images/s", time(median), time(least), time(most));
        if let Some(rate) = self.rate() {
            line += &format!(", {:.1} GFLOP/s", rate / 1e9);
            let share =
                self.product_rate.map(|product| format!(" ({:.0} % of a matrix product)", 100.0 * rate / product));
            line += &share.unwrap_or_default();
        }
        if let (Some(resting), Some(peak)) = (self.resting_bytes, self.peak_bytes) {
            line += &format!(", {} MB more than at rest", peak.saturating_sub(resting) >> 20);
        }
        line
    }
}

/// Writes seconds with three digits, in the unit that suits.
fn time(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.3} ms", seconds * 1e3) } else { format!("{seconds:.3} s") }
}

impl SpeedReport {
    /// Reports `cases`, which this program has measured on `device` since it `began`.
    pub fn new(what: What, device: &ComputeDevice, began: Instant, cases: Vec<TimedCase>) -> Self {
        let Provenance { version, git_commit, .. } = Provenance::current();
        SpeedReport {
            program: format!("atrous {version}"),
            commit: git_commit,
            device: device.name().to_owned(),
            adapter: device.adapter().to_owned(),
            threads: rayon::current_num_threads(),
            what,
            convolutions: device.convolutions(),
            process_seconds: began.elapsed().as_secs_f64(),
            cases,
        }
    }

    /// Writes JSON, whole or not at all.
    ///
    /// # Errors
    /// Names the file.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_json(path, self)
    }
}

impl fmt::Display for SpeedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {}, {}: median (least to most) per {}", self.program, self.device, self.adapter, self.what)?;
        self.cases.iter().try_for_each(|case| writeln!(f, "  {}", case.line()))?;
        if self.convolutions.is_empty() { Ok(()) } else { writeln!(f, "convolutions: {}", self.convolutions) }
    }
}
