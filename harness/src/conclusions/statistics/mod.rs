//! How far a difference between rates can be trusted: over other seeds and other
//! subjects.
//!
//! Pure functions of numbers; `docs/reference/statistics.md` has the formulas.

mod crossed;
mod drop;
mod dunnett;
mod holm;
mod interval;
mod moments;
mod power;
mod root;
mod statistic;

pub use crossed::CrossedLayout;
pub use drop::MeanDifference;
pub use dunnett::Dunnett;
pub use holm::holm;
pub use interval::{CONFIDENCE, Interval, mean_interval};
pub use moments::{deviation, mean};
pub use power::{POWER, detectable_drop, detectable_shift};
pub use statistic::Statistic;

/// A difference is called one where its p-value, corrected for the number of comparisons, is below
/// this.
pub const SIGNIFICANCE: f64 = 0.05;
