//! `table.csv`: one line per experiment and rates; scores are fractions.

use super::{Cell, Section, Statistic, Table};
use crate::conclusions::statistics::Interval;
use crate::experiment::settings::join_rates;
use crate::results::csv::{csv_text, number};
use anyhow::Result;

const COLUMNS: [&str; 43] = [
    "experiment",
    "dataset",
    "data_fingerprint",
    "model",
    "base_channels",
    "aspp_channels",
    "iterations",
    "rates",
    "feature_size",
    "relative_rate",
    "baseline",
    "best",
    "winner",
    "runs",
    "failed",
    "miou_mean",
    "miou_sd",
    "miou_low",
    "miou_high",
    "mdice_mean",
    "mdice_sd",
    "mdice_low",
    "mdice_high",
    "aacc_mean",
    "aacc_sd",
    "aacc_low",
    "aacc_high",
    "compared_seeds",
    "baseline_difference",
    "baseline_difference_low",
    "baseline_difference_high",
    "baseline_difference_images_low",
    "baseline_difference_images_high",
    "p_seeds",
    "p_images",
    "p_corrected",
    "effect_size",
    "verdict",
    "held_against",
    "published",
    "difference",
    "not_comparable",
    "source",
];

pub(super) fn text(table: &Table) -> Result<Vec<u8>> {
    let mut lines = vec![COLUMNS.map(String::from).to_vec()];
    lines.extend(table.sections.iter().flat_map(section_lines));
    csv_text(&lines)
}

fn section_lines(section: &Section) -> Vec<Vec<String>> {
    let settings = &section.settings;
    let comparison = section.comparison.as_ref();
    let line = |cell: &Cell| {
        let mut fields = vec![
            settings.experiment.clone(),
            settings.dataset.name().into(),
            section.data_fingerprint.clone(),
            settings.model.kind.to_string(),
            settings.model.base_channels.to_string(),
            settings.model.aspp_channels.to_string(),
            settings.train.iterations.to_string(),
            join_rates(&cell.rates),
            settings.feature_size().to_string(),
            number(cell.relative_rate),
            (cell.rates == section.baseline).to_string(),
            cell.best.to_string(),
            cell.winner.to_string(),
            cell.runs.to_string(),
            cell.failed.len().to_string(),
        ];
        fields.extend([cell.miou, cell.mdice, cell.aacc].into_iter().flat_map(statistic_fields));
        fields.extend(difference_fields(cell));
        fields.extend([
            section.metric.to_string(),
            optional(comparison.map(|comparison| comparison.reference.value_fraction)),
            optional(comparison.and_then(|comparison| comparison.difference(cell))),
            comparison.and_then(|comparison| comparison.obstacle.clone()).unwrap_or_default(),
            comparison.map_or_else(String::new, |comparison| comparison.reference.source.clone()),
        ]);
        fields
    };
    section.cells.iter().map(line).collect()
}

/// Mean, deviation, and both ends of the interval.
fn statistic_fields(statistic: Option<Statistic>) -> [String; 4] {
    let [low, high] = ends(statistic.and_then(|s| s.interval));
    [optional(statistic.map(|s| s.mean)), optional(statistic.and_then(|s| s.deviation)), low, high]
}

/// From `compared_seeds` to `verdict`.
fn difference_fields(cell: &Cell) -> Vec<String> {
    let difference = cell.difference;
    let [low, high] = ends(difference.and_then(|d| d.interval));
    let [images_low, images_high] = ends(difference.and_then(|d| d.images));
    vec![
        difference.map_or(0, |d| d.seeds).to_string(),
        optional(difference.map(|d| d.mean)),
        low,
        high,
        images_low,
        images_high,
        optional(difference.and_then(|d| d.p_seeds)),
        optional(difference.and_then(|d| d.p_images)),
        optional(cell.p_corrected),
        optional(difference.and_then(|d| d.effect_size)),
        cell.verdict.to_string(),
    ]
}

fn ends(interval: Option<Interval>) -> [String; 2] {
    [optional(interval.map(|i| i.low)), optional(interval.map(|i| i.high))]
}

fn optional(value: Option<f64>) -> String {
    number(value.unwrap_or(f64::NAN))
}
