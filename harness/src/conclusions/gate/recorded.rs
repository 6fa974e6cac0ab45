//! A finished run as a reference keeps it.

use crate::experiment::settings::{RunSettings, short_hash};
use crate::results::provenance::Provenance;
use crate::results::result::{RunResult, check_run};
use crate::results::scores::{Metric, nan, scored};
use atrous_models::device::is_cpu;
use serde::{Deserialize, Serialize};

/// What the gate has to know of a run: its scores, and enough to tell whether another run is the
/// same bit for bit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordedRun {
    pub run_id: String,
    pub seed: u64,
    /// Fractions.
    #[serde(with = "nan")]
    pub miou: f64,
    #[serde(with = "nan")]
    pub mdice: f64,
    /// Total loss of the last iteration.
    #[serde(with = "nan")]
    pub final_loss: f64,
    /// Total losses of the first steps, where the run's log was there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_losses: Vec<f64>,
    /// First 16 hex digits of the SHA-256 of the confusion matrix.
    pub confusion: String,
    pub device: String,
    pub adapter: String,
    /// Graphics API and shader language, or the vector instructions of the CPU.
    pub api: String,
    #[serde(flatten)]
    pub provenance: Provenance,
    /// RFC 3339, UTC.
    pub finished: String,
}

scored!(RecordedRun, f64);

impl RecordedRun {
    /// `first_losses` may be empty.
    pub fn of(result: &RunResult, first_losses: &[f64]) -> Self {
        RecordedRun {
            run_id: result.run_id.clone(),
            seed: result.settings.seed,
            miou: result.scores.miou,
            mdice: result.scores.mdice,
            final_loss: result.final_loss,
            first_losses: first_losses.to_vec(),
            confusion: short_hash(&result.confusion),
            device: result.device.clone(),
            adapter: result.adapter.clone(),
            api: result.api.clone(),
            provenance: result.provenance.clone(),
            finished: result.finished.clone(),
        }
    }

    /// Whether it can be of a run with these settings but for the seed.
    ///
    /// # Errors
    /// The key, and why its value cannot be.
    pub fn check(&self, settings: &RunSettings) -> Result<(), String> {
        check_run(&self.run_id, settings)?;
        for metric in Metric::ALL {
            let value = metric.of(self);
            if !(0.0..=1.0).contains(&value) {
                return Err(format!("{} of seed {} must be a fraction, is {value}", metric.name(), self.seed));
            }
        }
        Ok(())
    }

    /// Whether two runs computed the same: every predicted pixel, and the last loss to the last
    /// bit.
    pub fn is_equal(&self, other: &RecordedRun) -> bool {
        self.confusion == other.confusion && self.final_loss.to_bits() == other.final_loss.to_bits()
    }

    /// Whether two runs of the same id have to be equal: both on the CPU backend, whose sums depend
    /// on nothing but the width of the processor's vectors.
    pub fn has_to_equal(&self, other: &RecordedRun) -> bool {
        self.run_id == other.run_id && self.has_bits() && other.has_bits() && self.api == other.api
    }

    /// Whether another run can be asked for the same bits: it was on the CPU backend, and says with
    /// which vector instructions.
    pub fn has_bits(&self) -> bool {
        is_cpu(&self.device) && !self.api.is_empty()
    }
}
