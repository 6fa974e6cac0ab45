//! The spec file as it is written: optional keys are optional, unknown ones are errors.

use super::error::SpecError;
use super::locate;
use crate::experiment::Answer;
use crate::experiment::settings::{DataSource, InferMode, ModelKind, Part};
use atrous_data::DatasetKind;
use atrous_models::{Precision, Stem};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpecWire {
    pub experiment: Vec<ExperimentWire>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExperimentWire {
    pub name: String,
    pub dataset: DatasetKind,
    #[serde(default)]
    pub model: ModelWire,
    pub init: Option<InitWire>,
    pub crop: Option<[usize; 2]>,
    pub resize: Option<[usize; 2]>,
    pub rates: Vec<Vec<usize>>,
    pub baseline: Vec<usize>,
    pub seeds: Vec<u64>,
    #[serde(default)]
    pub train: TrainWire,
    pub infer: Option<InferWire>,
    #[serde(default)]
    pub data: DataSource,
    pub expect: Option<Answer>,
}

/// The keys of an experiment: an override's first word is one of these, or an experiment's name.
pub(super) const EXPERIMENT_KEYS: [&str; 13] = [
    "name", "dataset", "model", "init", "crop", "resize", "rates", "baseline", "seeds", "train", "infer", "data",
    "expect",
];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelWire {
    pub kind: Option<ModelKind>,
    pub base_channels: Option<usize>,
    pub aspp_channels: Option<usize>,
    pub auxiliary_channels: Option<usize>,
    pub stem: Option<Stem>,
    pub align_corners: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InitWire {
    pub weights: String,
    #[serde(default)]
    pub part: Part,
    #[serde(default)]
    pub allow_missing: Vec<String>,
    #[serde(default)]
    pub allow_superfluous: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrainWire {
    pub iterations: Option<u64>,
    pub batch: Option<usize>,
    pub lr: Option<f64>,
    pub momentum: Option<f64>,
    pub weight_decay: Option<f64>,
    pub poly_power: Option<f64>,
    pub lr_min: Option<f64>,
    pub auxiliary_weight: Option<f64>,
    pub dice_weight: Option<f64>,
    pub dropout: Option<f64>,
    pub ratio: Option<[f32; 2]>,
    pub photometric: Option<bool>,
    pub precision: Option<Precision>,
    pub eval_every: Option<u64>,
    pub checkpoint_every: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InferWire {
    pub mode: InferMode,
    pub window: Option<[usize; 2]>,
    pub stride: Option<[usize; 2]>,
    pub ratios: Option<Vec<f64>>,
    #[serde(default)]
    pub flip: bool,
}

/// Reads a spec; errors name line and key.
pub(super) fn parse(file: &str, text: &str) -> Result<SpecWire, SpecError> {
    toml::from_str(text).map_err(|error| locate::toml_error(file, text, &error))
}

/// The same text as a table, which overrides change.
pub(super) fn table(file: &str, text: &str) -> Result<toml::Table, SpecError> {
    toml::from_str(text).map_err(|error| locate::toml_error(file, text, &error))
}

/// serde's words for an error, in ours and on one line.
pub(super) fn plain(message: &str) -> String {
    let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
    words
        .replace("unknown field", "unknown key")
        .replace("missing field", "missing key")
        .replace("unknown variant", "unknown value")
}
