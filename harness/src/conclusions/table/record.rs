//! `table.csv`: one record per experiment and rates; scores are fractions.

use super::cell::Cell;
use super::section::{Section, Table};
use crate::conclusions::statistics::{Interval, Statistic};
use crate::experiment::settings::join_rates;
use crate::results::csv::{csv_text, unknown_or_number};
use anyhow::Result;
use serde::{Deserialize, Serialize};

/// A line of `table.csv`. The fields are the columns, in order; NaN is an empty field.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CellRecord {
    pub experiment: String,
    pub dataset: String,
    pub data_fingerprint: String,
    pub model: String,
    pub base_channels: usize,
    pub aspp_channels: usize,
    pub iterations: u64,
    pub rates: String,
    pub feature_size: usize,
    #[serde(with = "unknown_or_number")]
    pub relative_rate: f64,
    pub baseline: bool,
    pub best: bool,
    pub winner: bool,
    pub runs: usize,
    pub failed: usize,
    #[serde(with = "unknown_or_number")]
    pub miou_mean: f64,
    #[serde(with = "unknown_or_number")]
    pub miou_sd: f64,
    #[serde(with = "unknown_or_number")]
    pub miou_low: f64,
    #[serde(with = "unknown_or_number")]
    pub miou_high: f64,
    #[serde(with = "unknown_or_number")]
    pub mdice_mean: f64,
    #[serde(with = "unknown_or_number")]
    pub mdice_sd: f64,
    #[serde(with = "unknown_or_number")]
    pub mdice_low: f64,
    #[serde(with = "unknown_or_number")]
    pub mdice_high: f64,
    #[serde(with = "unknown_or_number")]
    pub aacc_mean: f64,
    #[serde(with = "unknown_or_number")]
    pub aacc_sd: f64,
    #[serde(with = "unknown_or_number")]
    pub aacc_low: f64,
    #[serde(with = "unknown_or_number")]
    pub aacc_high: f64,
    pub compared_seeds: usize,
    #[serde(with = "unknown_or_number")]
    pub baseline_difference: f64,
    #[serde(with = "unknown_or_number")]
    pub baseline_difference_low: f64,
    #[serde(with = "unknown_or_number")]
    pub baseline_difference_high: f64,
    #[serde(with = "unknown_or_number")]
    pub baseline_difference_images_low: f64,
    #[serde(with = "unknown_or_number")]
    pub baseline_difference_images_high: f64,
    #[serde(with = "unknown_or_number")]
    pub p_seeds: f64,
    #[serde(with = "unknown_or_number")]
    pub p_images: f64,
    #[serde(with = "unknown_or_number")]
    pub p_corrected: f64,
    #[serde(with = "unknown_or_number")]
    pub effect_size: f64,
    pub verdict: String,
    pub held_against: String,
    #[serde(with = "unknown_or_number")]
    pub published: f64,
    #[serde(with = "unknown_or_number")]
    pub difference: f64,
    pub not_comparable: String,
    pub source: String,
}

impl Table {
    /// The table for programs, scores as fractions.
    ///
    /// # Errors
    /// None that a table can cause.
    pub fn csv(&self) -> Result<String> {
        let records =
            |section: &Section| -> Vec<_> { section.cells.iter().map(|cell| CellRecord::of(section, cell)).collect() };
        Ok(String::from_utf8(csv_text(self.sections.iter().flat_map(records))?)?)
    }
}

impl CellRecord {
    fn of(section: &Section, cell: &Cell) -> Self {
        let (settings, published) = (&section.settings, section.comparison.as_ref());
        let [miou, mdice, aacc] = [cell.miou, cell.mdice, cell.aacc].map(columns);
        let difference = cell.difference.as_ref();
        let [low, high] = ends(difference.and_then(|d| d.interval));
        let [images_low, images_high] = ends(difference.and_then(|d| d.images));
        CellRecord {
            experiment: settings.experiment.clone(),
            dataset: settings.dataset.name().into(),
            data_fingerprint: section.data_fingerprint.clone(),
            model: settings.model.kind.to_string(),
            base_channels: settings.model.base_channels,
            aspp_channels: settings.model.aspp_channels,
            iterations: settings.train.iterations,
            rates: join_rates(&cell.rates),
            feature_size: settings.feature_size(),
            relative_rate: cell.relative_rate,
            baseline: cell.rates == section.baseline,
            best: cell.best,
            winner: cell.winner,
            runs: cell.runs,
            failed: cell.failed.len(),
            miou_mean: miou[0],
            miou_sd: miou[1],
            miou_low: miou[2],
            miou_high: miou[3],
            mdice_mean: mdice[0],
            mdice_sd: mdice[1],
            mdice_low: mdice[2],
            mdice_high: mdice[3],
            aacc_mean: aacc[0],
            aacc_sd: aacc[1],
            aacc_low: aacc[2],
            aacc_high: aacc[3],
            compared_seeds: difference.map_or(0, |d| d.seeds),
            baseline_difference: known(difference.map(|d| d.mean)),
            baseline_difference_low: low,
            baseline_difference_high: high,
            baseline_difference_images_low: images_low,
            baseline_difference_images_high: images_high,
            p_seeds: known(difference.and_then(|d| d.p_seeds)),
            p_images: known(difference.and_then(|d| d.p_images)),
            p_corrected: known(cell.p_corrected),
            effect_size: known(difference.and_then(|d| d.effect_size)),
            verdict: cell.verdict.to_string(),
            held_against: section.metric.to_string(),
            published: known(published.map(|published| published.reference.value_fraction)),
            difference: known(published.and_then(|published| published.difference(cell))),
            not_comparable: published.and_then(|published| published.obstacle.clone()).unwrap_or_default(),
            source: published.map_or_else(String::new, |published| published.reference.source.clone()),
        }
    }
}

/// Mean, deviation, and both ends of the interval.
fn columns(statistic: Option<Statistic>) -> [f64; 4] {
    let [low, high] = ends(statistic.and_then(|s| s.interval));
    [known(statistic.map(|s| s.mean)), known(statistic.and_then(|s| s.deviation)), low, high]
}

fn ends(interval: Option<Interval>) -> [f64; 2] {
    interval.map_or([f64::NAN; 2], |Interval { low, high }| [low, high])
}

fn known(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}
