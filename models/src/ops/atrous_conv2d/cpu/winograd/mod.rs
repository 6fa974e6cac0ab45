//! Minimal filtering along the columns of a map: four rows of a convolution by three rows of taps
//! from six products instead of twelve.
//!
//! F(4, 3) in one dimension, after *Fast Algorithms for Convolutional Neural Networks* (Lavin, Gray
//! 2016). Whole rows are summed, so the four rows may lie a rate apart: an atrous convolution costs
//! no more than a dense one. Its sums are rounded two to three times as coarsely as plain ones.

mod filtered_rows;
mod filtered_weights;
mod product;
mod row_groups;
mod transform;
mod weight_gradient;

pub(super) use filtered_rows::FilteredRows;
pub(super) use filtered_weights::FilteredWeights;
pub(super) use product::{AT_ONCE, GroupsProduct};
pub(super) use row_groups::{RowGroup, RowGroups};
pub(super) use transform::GROUP_ROWS;
pub(super) use weight_gradient::{ByDots, ByTiles, GroupsGradient};

/// Fewest source channels for which the products that are saved outweigh the sums of rows
/// (docs/notes/performance.md).
pub(super) const LEAST_CHANNELS: usize = 8;
/// The narrowest map whose rows fill vectors.
pub(super) const LEAST_WIDTH: usize = 16;
