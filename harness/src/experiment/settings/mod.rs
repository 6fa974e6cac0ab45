//! Everything that decides the result of one run, and the run's id.

mod data_source;
mod id;
mod impossible;
mod infer;
mod init;
mod key_type;
mod model;
mod run_settings;
mod setting;
mod train;

pub use data_source::DataSource;
pub use id::{MODEL_VERSION, run_id, run_id_of_version, short_hash};
pub use impossible::{Checked, Impossible};
pub(crate) use impossible::{check_sides, ensure};
pub use infer::{InferMode, InferSpec, one_ratio};
pub use init::{InitSpec, Part, checksum};
pub use key_type::KeyType;
pub use model::{ModelKind, ModelSpec};
pub use run_settings::{RunSettings, join_rates};
pub use setting::{GivenBy, NumberRange, Setting};
pub use train::TrainSpec;

/// Every setting that a spec may give the network, training, inference and initial weights: key,
/// default, range and what it is.
pub fn reference() -> Vec<Setting> {
    let tables = [ModelSpec::settings(), TrainSpec::settings(), InferSpec::settings(), InitSpec::settings()];
    tables.into_iter().flatten().filter(|setting| setting.given_by != Some(GivenBy::File)).collect()
}

#[cfg(test)]
pub(crate) mod tests;
