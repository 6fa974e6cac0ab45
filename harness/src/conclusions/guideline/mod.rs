//! The guideline: how much of a branch is valid on a map, and which rates an input size calls for.

mod branch;
mod evidence;
mod optimum;
mod parabola;
mod recommendation;
mod rule;
mod text;

pub use branch::{Branch, BranchTap};
pub use evidence::{Evidence, Series, SeriesPoint};
pub use optimum::{Optimum, OptimumVerdict, Range};
pub use parabola::Parabola;
pub use recommendation::{Basis, Pooled, Recommendation};
pub use rule::{RULE, largest_whole_rate, spaced_rates};
pub use text::{Examination, text};

/// Height and width of the map that the ASPP sees: the input's sides over the output stride,
/// rounded up.
pub fn feature_size(input: [usize; 2], output_stride: usize) -> [usize; 2] {
    input.map(|side| side.div_ceil(output_stride))
}
