//! `results.csv`: a line per run.

use super::row::Row;
use crate::experiment::settings::{DataSource, InferMode, Part, RunSettings, TrainSpec, join_rates};
use crate::results::csv::{misunderstood, number, or_default, unknown_or_number};
use crate::results::result::RunResult;
use crate::results::scores::{DetectionScores, FieldOfView, Scores, scored};
use anyhow::Result;
use atrous_models::{Precision, Stem};
use serde::{Deserialize, Serialize};

/// A line of `results.csv`: a run that has ended. The fields are the columns, in order.
///
/// Scores are fractions, times seconds, memory bytes. Empty, NaN or `None` is unknown or undefined.
/// Columns that programs of before did not write may be missing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RunRecord {
    pub run_id: String,
    pub experiment: String,
    pub dataset: String,
    pub rates: String,
    pub seed: u64,
    /// `finished` or `failed`
    pub status: String,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub miou: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub mdice: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub macc: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub aacc: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub sensitivity: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub specificity: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub auc_roc: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub auc_pr: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub average_precision: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub fov_miou: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub fov_mdice: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub fov_sensitivity: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub fov_specificity: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub fov_auc_roc: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub fov_auc_pr: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub fov_average_precision: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub final_loss: f64,
    /// Names of classes that are in the truth and never predicted, with `;` between them.
    #[serde(default)]
    pub collapsed: String,
    pub failed_at_iteration: Option<u64>,
    #[serde(default)]
    pub failure: String,
    #[serde(default)]
    pub baseline: String,
    pub feature_size: usize,
    #[serde(serialize_with = "number")]
    pub relative_rate: f64,
    pub model: String,
    pub base_channels: usize,
    pub aspp_channels: usize,
    #[serde(default, deserialize_with = "or_default")]
    pub auxiliary_channels: usize,
    /// `deep` or `plain`; empty for networks without one.
    #[serde(default)]
    pub stem: String,
    #[serde(default, deserialize_with = "or_default")]
    pub align_corners: bool,
    /// Part and checksum, as `backbone 9f0a…`; empty for random weights.
    #[serde(default)]
    pub init: String,
    pub crop_height: usize,
    pub crop_width: usize,
    pub resize_height: usize,
    pub resize_width: usize,
    pub iterations: u64,
    pub batch: usize,
    #[serde(serialize_with = "number")]
    pub lr: f64,
    #[serde(serialize_with = "number")]
    pub momentum: f64,
    #[serde(serialize_with = "number")]
    pub weight_decay: f64,
    #[serde(serialize_with = "number")]
    pub poly_power: f64,
    #[serde(serialize_with = "number")]
    pub lr_min: f64,
    #[serde(serialize_with = "number")]
    pub auxiliary_weight: f64,
    #[serde(serialize_with = "number", default, deserialize_with = "or_default")]
    pub dice_weight: f64,
    #[serde(serialize_with = "number")]
    pub dropout: f64,
    #[serde(serialize_with = "number")]
    pub ratio_low: f32,
    #[serde(serialize_with = "number")]
    pub ratio_high: f32,
    pub photometric: bool,
    #[serde(default)]
    pub precision: String,
    /// `slide` or `whole`
    pub infer_mode: String,
    pub window_height: Option<usize>,
    pub window_width: Option<usize>,
    pub stride_height: Option<usize>,
    pub stride_width: Option<usize>,
    /// `0.5x-1x`: a text also where there is one.
    #[serde(default)]
    pub infer_ratios: String,
    #[serde(default, deserialize_with = "or_default")]
    pub infer_flip: bool,
    /// `files` or `synthetic`
    pub data: String,
    pub data_fingerprint: String,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub train_seconds: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub eval_seconds: f64,
    #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
    pub images_per_second: f64,
    pub jobs: Option<usize>,
    pub peak_memory_bytes: Option<u64>,
    pub device: String,
    #[serde(default)]
    pub adapter: String,
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub git_commit: String,
    #[serde(default)]
    pub burn_version: String,
    #[serde(default)]
    pub finished: String,
}

scored!(RunRecord, f64);

impl RunRecord {
    /// Says what a row holds, column by column.
    pub fn of(row: &Row) -> Self {
        let (settings, result, failure) = (row.settings(), row.result(), row.failure());
        let RunSettings { model, train, infer, .. } = settings;
        let score = |pick: fn(&Scores) -> f64| result.map_or(f64::NAN, |result| pick(&result.scores));
        let detection = result.and_then(|result| result.detection.as_ref());
        let whole = |pick: fn(&DetectionScores) -> f64| detection.map_or(f64::NAN, |found| pick(&found.whole));
        let inside = detection.and_then(|found| found.fov.as_ref());
        let fov = |pick: fn(&FieldOfView) -> f64| inside.map_or(f64::NAN, pick);
        let measured = |pick: fn(&RunResult) -> f64| result.map_or(f64::NAN, pick);
        let side = |sides: Option<[usize; 2]>, axis: usize| sides.map(|sides| sides[axis]);
        let [device, adapter] = row.device_and_adapter().map(str::to_owned);
        RunRecord {
            run_id: row.run_id().into(),
            experiment: settings.experiment.clone(),
            dataset: settings.dataset.name().into(),
            rates: settings.rates_name(),
            seed: settings.seed,
            status: if result.is_some() { "finished" } else { "failed" }.into(),
            miou: score(|scores| scores.miou),
            mdice: score(|scores| scores.mdice),
            macc: score(|scores| scores.macc),
            aacc: score(|scores| scores.aacc),
            sensitivity: whole(|scores| scores.sensitivity),
            specificity: whole(|scores| scores.specificity),
            auc_roc: whole(|scores| scores.auc_roc),
            auc_pr: whole(|scores| scores.auc_pr),
            average_precision: whole(|scores| scores.average_precision),
            fov_miou: fov(|fov| fov.scores.miou),
            fov_mdice: fov(|fov| fov.scores.mdice),
            fov_sensitivity: fov(|fov| fov.detection.sensitivity),
            fov_specificity: fov(|fov| fov.detection.specificity),
            fov_auc_roc: fov(|fov| fov.detection.auc_roc),
            fov_auc_pr: fov(|fov| fov.detection.auc_pr),
            fov_average_precision: fov(|fov| fov.detection.average_precision),
            final_loss: measured(|result| result.final_loss),
            collapsed: result.map_or_else(String::new, |result| result.never_predicted().join(";")),
            failed_at_iteration: failure.map(|failure| failure.iteration),
            failure: failure.map_or_else(String::new, |failure| failure.reason.clone()),
            baseline: join_rates(&row.baseline),
            feature_size: settings.feature_size(),
            relative_rate: settings.relative_rate(),
            model: model.kind.to_string(),
            base_channels: model.base_channels,
            aspp_channels: model.aspp_channels,
            auxiliary_channels: model.auxiliary_channels,
            stem: stem(settings).into(),
            align_corners: model.align_corners,
            init: init(settings),
            crop_height: settings.crop[0],
            crop_width: settings.crop[1],
            resize_height: settings.resize[0],
            resize_width: settings.resize[1],
            iterations: train.iterations,
            batch: train.batch,
            lr: train.lr,
            momentum: train.momentum,
            weight_decay: train.weight_decay,
            poly_power: train.poly_power,
            lr_min: train.lr_min,
            auxiliary_weight: train.auxiliary_weight,
            dice_weight: train.dice_weight,
            dropout: train.dropout,
            ratio_low: train.ratio[0],
            ratio_high: train.ratio[1],
            photometric: train.photometric,
            precision: train.precision.to_string(),
            infer_mode: match infer.mode {
                InferMode::Slide => "slide".into(),
                InferMode::Whole => "whole".into(),
            },
            window_height: side(infer.window, 0),
            window_width: side(infer.window, 1),
            stride_height: side(infer.stride, 0),
            stride_width: side(infer.stride, 1),
            infer_ratios: infer.ratios.iter().map(|ratio| format!("{ratio}x")).collect::<Vec<_>>().join("-"),
            infer_flip: infer.flip,
            data: match settings.data {
                DataSource::Files => "files".into(),
                DataSource::Synthetic(_) => "synthetic".into(),
            },
            data_fingerprint: row.data_fingerprint().into(),
            train_seconds: measured(|result| result.train_seconds),
            eval_seconds: measured(|result| result.eval_seconds),
            images_per_second: measured(|result| result.images_per_second),
            jobs: result.map(|result| result.jobs),
            peak_memory_bytes: result.and_then(|result| result.peak_memory_bytes),
            device,
            adapter,
            version: row.provenance().version.clone(),
            git_commit: row.provenance().git_commit.clone(),
            burn_version: row.provenance().burn_version.clone(),
            finished: row.finished().into(),
        }
    }

    /// Reads the settings of training back; how often it was evaluated and checkpointed a line does
    /// not say.
    ///
    /// # Errors
    /// Names the column that cannot be understood.
    pub(super) fn train(&self) -> Result<TrainSpec> {
        let precision = match self.precision.as_str() {
            "" => Precision::Single,
            text => text.parse().map_err(|_| misunderstood("precision", text))?,
        };
        Ok(TrainSpec {
            iterations: self.iterations,
            batch: self.batch,
            lr: self.lr,
            momentum: self.momentum,
            weight_decay: self.weight_decay,
            poly_power: self.poly_power,
            lr_min: self.lr_min,
            auxiliary_weight: self.auxiliary_weight,
            dice_weight: self.dice_weight,
            dropout: self.dropout,
            ratio: [self.ratio_low, self.ratio_high],
            photometric: self.photometric,
            precision,
            ..TrainSpec::default().deciding()
        })
    }

    /// Sensitivity, specificity and areas under curves: of all pixels, then of those inside the
    /// field of view. NaN where the run has none.
    pub fn detection(&self) -> [f64; 10] {
        [
            self.sensitivity,
            self.specificity,
            self.auc_roc,
            self.auc_pr,
            self.average_precision,
            self.fov_sensitivity,
            self.fov_specificity,
            self.fov_auc_roc,
            self.fov_auc_pr,
            self.fov_average_precision,
        ]
    }

    /// Whether the run has scores.
    pub fn is_finished(&self) -> bool {
        self.status == "finished"
    }

    /// Whether the images were drawn by the program.
    pub fn is_synthetic(&self) -> bool {
        self.data == "synthetic"
    }
}

fn stem(settings: &RunSettings) -> &'static str {
    match (settings.model.kind.is_pretrained(), settings.model.stem) {
        (false, _) => "",
        (true, Stem::Deep) => "deep",
        (true, Stem::Plain) => "plain",
    }
}

/// Names initial weights by their checksum: the file's name says nothing.
fn init(settings: &RunSettings) -> String {
    settings.init.as_ref().map_or_else(String::new, |init| match init.part {
        Part::Network => format!("network {}", init.sha256),
        Part::Backbone => format!("backbone {}", init.sha256),
    })
}
