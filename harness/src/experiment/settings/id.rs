//! The id of a run.

use super::RunSettings;
use atrous_data::hex;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Raised whenever a change of the network, the loss, the optimiser or the batches changes results,
/// so that runs of different programs never share an id.
pub const MODEL_VERSION: u32 = 4;

/// First 16 hex digits of the SHA-256 of all that decides the result: settings, data and
/// [`MODEL_VERSION`].
///
/// The experiment's name, where the data came from (the fingerprint says what they are) and how
/// often the run is evaluated or checkpointed decide nothing, and are left out.
pub fn run_id(settings: &RunSettings, data_fingerprint: &str) -> String {
    run_id_of_version(MODEL_VERSION, settings, data_fingerprint)
}

/// The id that the program gave the run whose [`MODEL_VERSION`] was this one.
pub fn run_id_of_version(model_version: u32, settings: &RunSettings, data_fingerprint: &str) -> String {
    short_hash(&(model_version, data_fingerprint, settings.deciding()))
}

/// First 16 hex digits of the SHA-256 of a value's JSON.
pub fn short_hash<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_vec(value).expect("settings hold nothing that JSON cannot");
    let digest = Sha256::digest(&json);
    hex(&digest[..8])
}
