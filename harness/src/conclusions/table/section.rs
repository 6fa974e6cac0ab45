//! Runs that differ in rates and seed alone, cell by cell.

use super::cell::Cell;
use super::cell_verdict::CellVerdict;
use super::published::PublishedComparison;
use crate::conclusions::difference::Difference;
use crate::conclusions::statistics::holm;
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
    /// The metric that decides which rates are best, and is held against the published value.
    pub metric: Metric,
    /// `None` where nothing is published.
    pub comparison: Option<PublishedComparison>,
}

impl Table {
    /// Groups rows into experiments and rates.
    pub fn new(rows: &Rows) -> Self {
        let mut groups: Vec<Vec<&Row>> = Vec::new();
        for row in &rows.0 {
            match groups.iter_mut().find(|group| group[0].same_protocol(row)) {
                Some(group) => group.push(row),
                None => groups.push(vec![row]),
            }
        }
        Table { sections: groups.iter().map(|group| Section::new(group)).collect() }
    }
}

impl Section {
    /// `rows` holds at least one, sorted by rates and seed.
    fn new(rows: &[&Row]) -> Self {
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
        compare(&mut cells, &groups, &rows[0].baseline, metric);
        mark_best(&mut cells, metric);
        let comparison =
            reference::of(settings.dataset).map(|reference| PublishedComparison::new(reference, &settings));
        Section {
            baseline: rows[0].baseline.clone(),
            data_fingerprint: rows[0].data_fingerprint().to_owned(),
            settings,
            devices,
            cells,
            metric,
            comparison,
        }
    }

    /// The cells with the best score; more than one only when they are equal. Whether that is
    /// beyond noise, [`Cell::winner`] says.
    pub fn best(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| cell.best)
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
fn compare(cells: &mut [Cell], groups: &[Vec<&Row>], baseline: &[usize], metric: Metric) {
    let against = groups.iter().find(|group| group[0].settings().rates == baseline);
    for (cell, group) in cells.iter_mut().zip(groups).filter(|(cell, _)| cell.rates != baseline) {
        cell.difference = against.and_then(|baseline| Difference::between(group, baseline, metric));
    }
    let p = |cell: &Cell| cell.difference.and_then(|difference| difference.p());
    let mut corrected = holm(&cells.iter().filter_map(p).collect::<Vec<_>>()).into_iter();
    for cell in cells {
        cell.p_corrected = p(cell).and_then(|_| corrected.next());
        cell.verdict = match cell.rates == baseline {
            true => CellVerdict::Baseline,
            false => CellVerdict::of(cell.difference.as_ref(), cell.p_corrected),
        };
    }
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
