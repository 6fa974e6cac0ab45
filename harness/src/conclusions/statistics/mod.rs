//! How far a difference between rates can be trusted: over seeds and over images.
//!
//! Pure functions of numbers; `docs/reference/statistics.md` has the formulas.

mod bootstrap;
mod drop;
mod holm;
mod interval;
mod moments;
mod paired;
mod power;
mod statistic;

pub use bootstrap::{PairedBootstrap, multiplicities};
pub use drop::MeanDifference;
pub use holm::holm;
pub use interval::{CONFIDENCE, Interval, mean_interval};
pub use moments::{deviation, mean};
pub use paired::{effect_size, paired_p};
pub use power::{POWER, detectable_drop};
pub use statistic::Statistic;

/// A difference is called one where its p-value, corrected for the number of comparisons, is below
/// this.
pub const SIGNIFICANCE: f64 = 0.05;
