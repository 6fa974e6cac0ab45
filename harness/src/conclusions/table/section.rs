//! Runs that differ in rates and seed alone, cell by cell.

use super::cell::Cell;
use super::cell_verdict::CellVerdict;
use super::published::PublishedComparison;
use crate::conclusions::analysis::{Contrast, Missing, SectionAnalysis};
use crate::conclusions::statistics::mean;
use crate::experiment::settings::RunSettings;
use crate::results::reference;
use crate::results::rows::{Row, Rows};
use crate::results::scores::Metric;

/// All experiments of an output directory.
#[derive(Clone, Debug)]
pub struct Table {
    pub sections: Vec<Section>,
}

/// Runs that differ in nothing but rates and seed.
#[derive(Clone, Debug)]
pub struct Section {
    /// Settings of the first run; its rates and seed mean nothing here.
    pub settings: RunSettings,
    pub baseline: Vec<usize>,
    pub data_fingerprint: String,
    /// Devices and adapters of the runs, each once.
    pub devices: Vec<String>,
    /// Cells in ascending order of the rates.
    pub cells: Vec<Cell>,
    /// What the comparisons rest on.
    pub analysis: SectionAnalysis,
    /// The largest difference, a fraction, that is called equal.
    pub margin: f64,
    /// The best score, where the rates are chosen on other subjects than they are scored on; `None`
    /// where nothing can be compared.
    pub cross_fitted: Option<f64>,
    /// What context from the ASPP is worth; `None` without a dead list.
    pub context: Option<ContextWorth>,
    /// The metric that decides which rates are best, and is held against the published value.
    pub metric: Metric,
    /// `None` where nothing is published.
    pub comparison: Option<PublishedComparison>,
}

/// The best rates, chosen on other subjects than they are scored on, minus rates that see no
/// context.
#[derive(Clone, Debug)]
pub struct ContextWorth {
    /// Rates beyond the map.
    pub dead: Vec<usize>,
    pub contrast: Contrast,
}

impl Table {
    /// Groups rows into experiments and rates. `margin` is the largest difference, a fraction, that
    /// is called equal.
    pub fn new(rows: &Rows, margin: f64) -> Self {
        let mut groups: Vec<Vec<&Row>> = Vec::new();
        for row in &rows.0 {
            match groups.iter_mut().find(|group| group[0].same_protocol(row)) {
                Some(group) => group.push(row),
                None => groups.push(vec![row]),
            }
        }
        Table { sections: groups.iter().map(|group| Section::new(group, margin)).collect() }
    }
}

impl Section {
    /// `rows` holds at least one, sorted by rates and seed.
    fn new(rows: &[&Row], margin: f64) -> Self {
        let settings = rows[0].settings().clone();
        let mut groups: Vec<Vec<&Row>> = Vec::new();
        let mut devices: Vec<String> = Vec::new();
        for &row in rows {
            match groups.last_mut().filter(|group| group[0].settings().rates == row.settings().rates) {
                Some(group) => group.push(row),
                None => groups.push(vec![row]),
            }
            let device = row.device();
            if !devices.contains(&device) {
                devices.push(device);
            }
        }
        let metric = reference::metric(settings.dataset);
        let mut cells: Vec<Cell> = groups.iter().map(|rows| Cell::new(rows)).collect();
        let baseline = groups.iter().position(|group| group[0].settings().rates == rows[0].baseline);
        let analysis = SectionAnalysis::new(&groups, baseline, metric);
        compare(&mut cells, &groups, baseline, &analysis, margin);
        mark_best(&mut cells, metric);
        let dead = groups.iter().position(|group| group[0].settings().sees_no_context());
        let live: Vec<usize> = (0..groups.len()).filter(|place| Some(*place) != dead).collect();
        let worth = |dead: usize| {
            let contrast = analysis.best_against(&live, dead)?;
            Some(ContextWorth { dead: cells[dead].rates.clone(), contrast })
        };
        let comparison =
            reference::of(settings.dataset).map(|reference| PublishedComparison::new(reference, &settings));
        Section {
            baseline: rows[0].baseline.clone(),
            data_fingerprint: rows[0].data_fingerprint().to_owned(),
            cross_fitted: analysis.cross_fitted(&live),
            context: dead.and_then(worth),
            analysis,
            margin,
            settings,
            devices,
            cells,
            metric,
            comparison,
        }
    }

    /// The cells with the best score; more than one only when they are equal. Whether one wins,
    /// [`Cell::winner`] says.
    pub fn best(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| cell.best)
    }

    /// The cells that are held against the baseline.
    pub fn others(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| cell.verdict != CellVerdict::Baseline)
    }

    /// Number of runs that never predict a class that is in the truth.
    pub fn collapsed(&self) -> usize {
        self.cells.iter().map(|cell| cell.collapsed.len()).sum()
    }

    /// Whether a run belongs here.
    pub fn holds(&self, row: &Row) -> bool {
        row.data_fingerprint() == self.data_fingerprint && row.settings().protocol() == self.settings.protocol()
    }

    /// The cell that the others are compared with, where it has runs.
    pub fn baseline_cell(&self) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.verdict == CellVerdict::Baseline)
    }

    /// The most seeds that a cell has.
    pub fn most_seeds(&self) -> usize {
        self.cells.iter().map(|cell| cell.runs).max().unwrap_or(0)
    }
}

/// Holds each cell against the baseline; `groups` are the cells' rows.
fn compare(cells: &mut [Cell], groups: &[Vec<&Row>], baseline: Option<usize>, analysis: &SectionAnalysis, margin: f64) {
    let contrasts = analysis.against_baseline();
    for (place, (cell, contrast)) in cells.iter_mut().zip(contrasts).enumerate().filter(|(p, _)| Some(*p) != baseline) {
        let analysed = contrast.map(|contrast| (contrast.difference, analysis.seeds.len()));
        let plain = || difference(&groups[place], &groups[baseline?], analysis.metric());
        let found = analysed.or_else(plain);
        cell.difference = found.map(|(difference, _)| difference);
        cell.compared_seeds = found.map_or(0, |(_, seeds)| seeds);
        let missing = analysis.missing(place).unwrap_or(Missing::Subjects);
        cell.verdict = CellVerdict::of(contrast.as_ref().ok_or(missing), margin);
        cell.contrast = contrast;
    }
}

/// The mean difference over the seeds that both have, and how many those are.
fn difference(cell: &[&Row], baseline: &[&Row], metric: Metric) -> Option<(f64, usize)> {
    let score = |row: &&&Row| row.result().map(|result| metric.of(&result.scores)).filter(|score| !score.is_nan());
    let pair = |row: &&Row| {
        let same_seed = |other: &&&Row| other.settings().seed == row.settings().seed;
        Some(score(&row)? - baseline.iter().filter(same_seed).find_map(|other| score(&other))?)
    };
    let differences: Vec<f64> = cell.iter().filter_map(pair).collect();
    (!differences.is_empty()).then(|| (mean(&differences), differences.len()))
}

/// Marks the cells with the highest mean, and those of them that win.
fn mark_best(cells: &mut [Cell], metric: Metric) {
    let score = |cell: &Cell| cell.score(metric).map(|statistic| statistic.mean);
    let best = cells.iter().filter_map(score).max_by(f64::total_cmp);
    let mut others = cells.iter().filter(|cell| cell.verdict != CellVerdict::Baseline).peekable();
    let baseline_wins = others.peek().is_some() && others.all(|cell| cell.verdict == CellVerdict::Worse);
    for cell in cells {
        cell.best = best.is_some() && score(cell) == best;
        cell.winner = cell.best
            && match cell.verdict {
                CellVerdict::Baseline => baseline_wins,
                verdict => verdict == CellVerdict::Better,
            };
    }
}
