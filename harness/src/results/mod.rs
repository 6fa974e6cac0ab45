//! What is kept: a run's directory, its result and scores, the rows of a sweep, published values,
//! provenance.

pub mod csv;
pub mod image_counts;
pub mod provenance;
pub mod reference;
pub mod result;
pub mod rows;
pub mod run_dir;
pub mod scores;
pub mod sweep_plan;
