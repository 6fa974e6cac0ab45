//! `table.csv`: one line per experiment and rates; scores are fractions.

use super::{Section, Statistic, Table};
use crate::rows::{csv_text, number};
use crate::settings::join_rates;
use anyhow::Result;

const COLUMNS: [&str; 25] = [
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
    "runs",
    "failed",
    "miou_mean",
    "miou_sd",
    "mdice_mean",
    "mdice_sd",
    "aacc_mean",
    "aacc_sd",
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
    let mean = |s: Option<Statistic>| number(s.map_or(f64::NAN, |s| s.mean));
    let deviation = |s: Option<Statistic>| number(s.and_then(|s| s.deviation).unwrap_or(f64::NAN));
    let line = |cell: &super::Cell| {
        vec![
            settings.experiment.clone(),
            settings.dataset.name().into(),
            section.data_fingerprint.clone(),
            settings.model.kind.to_string(),
            settings.model.base_channels.to_string(),
            settings.model.aspp_channels.to_string(),
            settings.train.iterations.to_string(),
            join_rates(&cell.rates),
            settings.feature_size().to_string(),
            cell.relative_rate.to_string(),
            (cell.rates == section.baseline).to_string(),
            cell.best.to_string(),
            cell.runs.to_string(),
            cell.failed.len().to_string(),
            mean(cell.miou),
            deviation(cell.miou),
            mean(cell.mdice),
            deviation(cell.mdice),
            mean(cell.aacc),
            deviation(cell.aacc),
            section.metric.to_string(),
            number(comparison.map_or(f64::NAN, |comparison| comparison.reference.value_fraction)),
            number(comparison.and_then(|comparison| comparison.difference(cell)).unwrap_or(f64::NAN)),
            comparison.and_then(|comparison| comparison.obstacle.clone()).unwrap_or_default(),
            comparison.map_or_else(String::new, |comparison| comparison.reference.source.clone()),
        ]
    };
    section.cells.iter().map(line).collect()
}
