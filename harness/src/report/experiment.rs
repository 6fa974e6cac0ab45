//! One experiment of the report: its line of the table, and what was read beside it.

use super::curves::Curves;
use super::fields::Fields;
use super::images::Images;
use crate::conclusions::table::{Cell, Section};
use crate::results::result::RunResult;
use crate::results::rows::Row;

/// Runs that differ in rates and seed alone.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Of its headings and links: `e1`, `e2` ...
    pub id: String,
    /// Of its files.
    pub slug: String,
    pub section: Section,
    pub rows: Vec<Row>,
    pub curves: Curves,
    pub images: Images,
    pub fields: Fields,
}

impl Experiment {
    pub(super) fn new(index: usize, section: Section, rows: Vec<Row>) -> Self {
        let id = format!("e{}", index + 1);
        let letters = section.settings.experiment.chars();
        let name: String = letters.map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
        // Two protocols may share a name.
        let slug = format!("{}-{name}", index + 1);
        let (curves, images, fields) = (Curves::default(), Images::default(), Fields::default());
        Experiment { id, slug, section, rows, curves, images, fields }
    }

    pub(super) fn name(&self) -> &str {
        &self.section.settings.experiment
    }

    /// `stare (STARE)`
    pub(super) fn title(&self) -> String {
        format!("{} ({})", self.name(), self.section.settings.dataset.title())
    }

    /// The runs of a cell, with their results.
    pub(super) fn finished<'a>(&'a self, rates: &'a [usize]) -> impl Iterator<Item = (&'a Row, &'a RunResult)> {
        let runs = self.rows.iter().filter(move |row| row.settings().rates == rates);
        runs.filter_map(|row| Some((row, row.result()?)))
    }

    /// The scores of a cell's runs, by the metric that decides.
    pub(super) fn scores(&self, rates: &[usize]) -> Vec<f64> {
        let metric = self.section.metric;
        self.finished(rates).map(|(_, result)| metric.of(&result.scores)).filter(|score| !score.is_nan()).collect()
    }

    pub(super) fn mean(&self, cell: &Cell) -> Option<f64> {
        cell.score(self.section.metric).map(|statistic| statistic.mean)
    }

    /// The cell with the lowest mean.
    pub(super) fn worst(&self) -> Option<&Cell> {
        let scored = self.section.cells.iter().filter(|cell| self.mean(cell).is_some());
        scored.min_by(|a, b| self.mean(a).unwrap_or(0.0).total_cmp(&self.mean(b).unwrap_or(0.0)))
    }
}
