//! One self-contained page from a results directory: tables, plots, pictures, provenance.
//!
//! Reading (runs, logs, predictions) comes first; what is drawn and written then is a function of what was read.

mod confusion;
mod curves;
mod experiment;
mod fields;
mod headline;
mod images;
mod page;
mod parts;
mod picture;
mod provenance;
mod receptive_field;
mod scores;

pub use curves::{Curve, Curves};
pub use experiment::Experiment;
pub use fields::{Field, Fields};
pub use images::{ImageOptions, Images, Role, Shown, ShownPrediction, Sources};
pub use picture::Picture;

use crate::conclusions::guideline::{Evidence, Pooled};
use crate::conclusions::table::Table;
use crate::conclusions::verdict::Verdicts;
use crate::results::rows::Rows;
use crate::support::plot::Figure;
use anyhow::Result;
use std::path::Path;

/// Everything that the page says.
#[derive(Clone, Debug)]
pub struct Report {
    pub experiments: Vec<Experiment>,
    pub evidence: Evidence,
    /// Of the experiments of which something is expected.
    pub verdicts: Verdicts,
    /// Run directories without a result.
    pub unfinished: usize,
}

impl Report {
    /// Of these runs; training curves and pictures are not read yet, and said to be missing.
    ///
    /// # Errors
    /// None that rows of this program can cause.
    pub fn new(rows: &Rows, unfinished: usize) -> Result<Self> {
        let table = Table::new(rows);
        let experiments = table.sections.into_iter().enumerate().map(|(index, section)| {
            let own = rows.0.iter().filter(|row| section.holds(row)).cloned().collect();
            Experiment::new(index, section, own)
        });
        let (evidence, verdicts) = (Evidence::of(rows)?, Verdicts::new(rows));
        Ok(Report { experiments: experiments.collect(), evidence, verdicts, unfinished })
    }

    /// Reads the training curves of all runs below an output directory.
    pub fn read_curves(&mut self, out: &Path) {
        for experiment in &mut self.experiments {
            experiment.curves = Curves::read(out, &experiment.rows);
        }
    }

    /// All plots, in the order of the page.
    pub fn figures(&self) -> Vec<Figure> {
        let mut figures: Vec<Figure> = self.experiments.iter().map(scores::figure).collect();
        figures.extend(scores::all(self));
        figures.extend(self.experiments.iter().flat_map(curves::figures));
        figures
    }

    /// The effective receptive fields of each experiment, one picture each: its name without extension, and its PNG file.
    pub fn pictures(&self) -> impl Iterator<Item = (String, &[u8])> {
        self.experiments.iter().filter_map(|experiment| {
            let grid = experiment.fields.grid.as_deref()?;
            Some((format!("receptive-fields-{}", experiment.slug), grid))
        })
    }

    /// The page, as HTML.
    ///
    /// # Errors
    /// A plot that cannot be drawn.
    pub fn page(&self) -> Result<String> {
        page::page(self)
    }

    /// The best relative rate that the runs determine, if they do.
    fn measured_rate(&self) -> Option<Pooled> {
        Pooled::of(&self.evidence).and_then(Pooled::determined).ok()
    }
}

#[cfg(test)]
mod tests;
