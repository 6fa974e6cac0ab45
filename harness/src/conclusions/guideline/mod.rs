//! The guideline: how much of a branch is valid on a map, and which rates an input size calls for.

pub mod made_up;

mod branch;
mod claim;
mod curve;
mod evidence;
mod least_squares;
mod models;
mod optimum;
mod pooled_runs;
mod recommendation;
mod rule;
#[cfg(test)]
mod simulation;
mod size_slope;
mod text;
mod written_runs;

pub use branch::{Branch, BranchTap};
pub use claim::{ClaimVerdict, SizeClaim};
pub use curve::{PooledCurve, Range};
pub use evidence::{Evidence, Series, SeriesPoint};
pub use models::{ModelComparison, ModelFit, RateModel};
pub use optimum::{Optimum, OptimumVerdict};
pub use recommendation::{Basis, Pooled, Reach, Recommendation};
pub use rule::{RULE, UNKNOWN, largest_whole_rate, spaced_rates};
pub use size_slope::SizeSlope;
pub use text::{Examination, text};

/// Height and width of the map that the ASPP sees: the input's sides over the output stride,
/// rounded up.
pub fn feature_size(input: [usize; 2], output_stride: usize) -> [usize; 2] {
    input.map(|side| side.div_ceil(output_stride))
}
