//! A spec: the experiments of a sweep, as data.
//!
//! Reading goes text -> tables, each experiment's over the spec's `[defaults]` (`written`) ->
//! overrides (`overrides`) -> the protocol of the data set under them (`defaults`) -> checks
//! (`check`) -> [`Experiment`]s -> planned runs.

mod check;
mod defaults;
mod embedded;
mod error;
mod experiment;
pub mod keys;
mod locate;
mod overlay;
mod overrides;
mod planned_run;
pub mod protocol;
mod rates;
mod schema;
mod size;
#[allow(clippy::module_inception)]
mod spec;
mod written;

pub use check::{check_inference, check_name, check_settings};
pub use embedded::{EMBEDDED, EmbeddedSpec};
pub use error::SpecError;
pub use experiment::Experiment;
pub use overrides::Overrides;
pub use planned_run::PlannedRun;
pub use rates::check_rates;
pub use schema::json_schema;
pub use spec::Spec;

#[cfg(test)]
mod tests;
