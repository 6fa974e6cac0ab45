//! The columns of `results.csv`, in order, and what a run has to say in each.

use super::{Row, RowEnd};
use crate::experiment::settings::{DataSource, InferMode, Part, RunSettings, join_rates};
use crate::results::csv::number;
use atrous_models::Stem;

/// Scores are fractions, times seconds, memory bytes. Empty is unknown or undefined.
pub(super) const RUN_COLUMNS: [&str; 61] = [
    "run_id",
    "experiment",
    "dataset",
    "rates",
    "seed",
    "status",
    "miou",
    "mdice",
    "macc",
    "aacc",
    "final_loss",
    "failed_at_iteration",
    "failure",
    "baseline",
    "feature_size",
    "relative_rate",
    "model",
    "base_channels",
    "aspp_channels",
    "auxiliary_channels",
    "stem",
    "align_corners",
    "init",
    "crop_height",
    "crop_width",
    "resize_height",
    "resize_width",
    "iterations",
    "batch",
    "lr",
    "momentum",
    "weight_decay",
    "poly_power",
    "lr_min",
    "auxiliary_weight",
    "dice_weight",
    "dropout",
    "ratio_low",
    "ratio_high",
    "photometric",
    "precision",
    "infer_mode",
    "window_height",
    "window_width",
    "stride_height",
    "stride_width",
    "infer_ratios",
    "infer_flip",
    "data",
    "data_fingerprint",
    "train_seconds",
    "eval_seconds",
    "images_per_second",
    "jobs",
    "peak_memory_bytes",
    "device",
    "adapter",
    "version",
    "git_commit",
    "burn_version",
    "finished",
];

pub(super) fn run_fields(row: &Row) -> Vec<String> {
    let settings = row.settings();
    let mut fields = vec![
        row.run_id().to_owned(),
        settings.experiment.clone(),
        settings.dataset.name().into(),
        settings.rates_name(),
        settings.seed.to_string(),
    ];
    fields.extend(outcome_fields(row));
    fields.extend(setting_fields(settings, &row.baseline));
    fields.push(row.data_fingerprint().to_owned());
    fields.extend(provenance_fields(row));
    fields
}

/// From `status` to `failure`.
fn outcome_fields(row: &Row) -> [String; 8] {
    match &row.end {
        RowEnd::Finished(result) => {
            let scores = &result.scores;
            let [miou, mdice] = [scores.miou, scores.mdice].map(number);
            let [macc, aacc] = [scores.macc, scores.aacc].map(number);
            let loss = number(result.final_loss);
            ["finished".into(), miou, mdice, macc, aacc, loss, String::new(), String::new()]
        }
        RowEnd::Failed(failure) => {
            let empty = String::new;
            let iteration = failure.iteration.to_string();
            ["failed".into(), empty(), empty(), empty(), empty(), empty(), iteration, failure.reason.clone()]
        }
    }
}

/// From `baseline` to `data`.
pub(super) fn setting_fields(settings: &RunSettings, baseline: &[usize]) -> Vec<String> {
    let RunSettings { model, train, infer, .. } = settings;
    let side = |sides: Option<[usize; 2]>, axis: usize| sides.map_or_else(String::new, |s| s[axis].to_string());
    let mode = match infer.mode {
        InferMode::Slide => "slide",
        InferMode::Whole => "whole",
    };
    let data = match settings.data {
        DataSource::Files => "files",
        DataSource::Synthetic(_) => "synthetic",
    };
    let stem = match (model.kind.is_pretrained(), model.stem) {
        (false, _) => "",
        (true, Stem::Deep) => "deep",
        (true, Stem::Plain) => "plain",
    };
    // The file's checksum: its name says nothing.
    let init = settings.init.as_ref().map_or_else(String::new, |init| match init.part {
        Part::Network => format!("network {}", init.sha256),
        Part::Backbone => format!("backbone {}", init.sha256),
    });
    vec![
        join_rates(baseline),
        settings.feature_size().to_string(),
        number(settings.relative_rate()),
        model.kind.to_string(),
        model.base_channels.to_string(),
        model.aspp_channels.to_string(),
        model.auxiliary_channels.to_string(),
        stem.into(),
        model.align_corners.to_string(),
        init,
        settings.crop[0].to_string(),
        settings.crop[1].to_string(),
        settings.resize[0].to_string(),
        settings.resize[1].to_string(),
        train.iterations.to_string(),
        train.batch.to_string(),
        number(train.lr),
        number(train.momentum),
        number(train.weight_decay),
        number(train.poly_power),
        number(train.lr_min),
        number(train.auxiliary_weight),
        number(train.dice_weight),
        number(train.dropout),
        format!("{:?}", train.ratio[0]),
        format!("{:?}", train.ratio[1]),
        train.photometric.to_string(),
        train.precision.to_string(),
        mode.into(),
        side(infer.window, 0),
        side(infer.window, 1),
        side(infer.stride, 0),
        side(infer.stride, 1),
        // A text also where there is one.
        infer.ratios.iter().map(|ratio| format!("{ratio}x")).collect::<Vec<_>>().join("-"),
        infer.flip.to_string(),
        data.into(),
    ]
}

/// From `train_seconds` to `finished`.
fn provenance_fields(row: &Row) -> Vec<String> {
    let (times, device, adapter, provenance, finished) = match &row.end {
        RowEnd::Finished(r) => {
            let memory = r.peak_memory_bytes.map_or_else(String::new, |bytes| bytes.to_string());
            let [train, eval] = [r.train_seconds, r.eval_seconds].map(number);
            let times = [train, eval, number(r.images_per_second), r.jobs.to_string(), memory];
            (times, &r.device, &r.adapter, &r.provenance, &r.finished)
        }
        RowEnd::Failed(f) => ([const { String::new() }; 5], &f.device, &f.adapter, &f.provenance, &f.finished),
    };
    let stamps = [device, adapter, &provenance.version, &provenance.git_commit, &provenance.burn_version, finished];
    times.into_iter().chain(stamps.into_iter().cloned()).collect()
}
