//! One self-contained page from a results directory: tables, plots, pictures, provenance.
//!
//! Reading (runs, logs, predictions) comes first, and its outcome is [`Report`]. What is drawn and
//! written then is a function of that.

mod confusion;
mod curves;
mod experiments;
mod field_map;
mod fields;
mod figures;
mod forest;
mod headline;
mod images;
mod material;
mod page;
mod parts;
mod picture;
mod provenance;
mod read;
mod receptive_field;
mod runs_left;
mod scores;
mod written;

pub use material::{
    Curve, Curves, Report, ReportedExperiment, ReportedSweep, ShownField, ShownFields, ShownImage, ShownImages,
    ShownPrediction, ShownRole,
};
pub use page::style;
pub use picture::Picture;
pub use read::{ImageOptions, Sources};
pub use runs_left::RunsLeft;
pub use written::verify_page;

#[cfg(test)]
mod tests;
