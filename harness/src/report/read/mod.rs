//! Reading what a report shows: training curves, predictions and receptive fields of its runs.

mod curves;
mod fields;
mod images;
mod sources;

pub use images::ImageOptions;
pub use sources::Sources;
