//! How far a difference between rates can be trusted: over seeds and over images.
//!
//! Pure functions of numbers and counts; `docs/results.md` has the formulas.

mod bootstrap;
mod difference;
mod draws;
mod holm;
mod interval;
mod moments;
mod paired;

pub use bootstrap::{PairedBootstrap, replicates};
pub use difference::Difference;
pub use holm::holm;
pub use interval::{CONFIDENCE, Interval, mean_interval};
pub use moments::{deviation, mean};
pub use paired::{effect_size, paired_p};

/// A difference is called one where its p-value, corrected for the number of comparisons, is below this.
pub const SIGNIFICANCE: f64 = 0.05;
