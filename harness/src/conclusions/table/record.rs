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
#[serde(default)]
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
    pub collapsed: usize,
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
    pub compared_subjects: usize,
    #[serde(with = "unknown_or_number")]
    pub baseline_difference: f64,
    #[serde(with = "unknown_or_number")]
    pub baseline_difference_low: f64,
    #[serde(with = "unknown_or_number")]
    pub baseline_difference_high: f64,
    #[serde(with = "unknown_or_number")]
    pub p: f64,
    #[serde(with = "unknown_or_number")]
    pub detectable: f64,
    #[serde(with = "unknown_or_number")]
    pub margin: f64,
    pub verdict: String,
    #[serde(with = "unknown_or_number")]
    pub cross_fitted: f64,
    #[serde(with = "unknown_or_number")]
    pub context: f64,
    #[serde(with = "unknown_or_number")]
    pub context_low: f64,
    #[serde(with = "unknown_or_number")]
    pub context_high: f64,
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
        let contrast = cell.contrast.as_ref();
        let [low, high] = ends(contrast.map(|contrast| contrast.interval));
        let (seeds, subjects) = (section.analysis.seeds.len(), section.analysis.subjects);
        let context = section.context.as_ref().filter(|context| context.dead == cell.rates).map(|c| c.contrast);
        let [context_low, context_high] = ends(context.map(|context| context.interval));
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
            collapsed: cell.collapsed.len(),
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
            compared_seeds: contrast.map_or(0, |_| seeds),
            compared_subjects: contrast.map_or(0, |_| subjects),
            baseline_difference: known(cell.difference),
            baseline_difference_low: low,
            baseline_difference_high: high,
            p: known(contrast.map(|contrast| contrast.p)),
            detectable: known(contrast.map(|contrast| contrast.detectable)),
            margin: section.margin,
            verdict: cell.verdict.to_string(),
            cross_fitted: known(section.cross_fitted.filter(|_| cell.best)),
            context: known(context.map(|context| context.difference)),
            context_low,
            context_high,
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
