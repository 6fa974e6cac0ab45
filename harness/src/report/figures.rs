//! All plots of a report.

use super::material::Report;
use super::{curves, forest, scores};
use crate::support::plot::Figure;

impl Report {
    /// All plots, in the order of the page.
    pub fn figures(&self) -> Vec<Figure> {
        let of = |experiment| [forest::figure(experiment), scores::figure(experiment)];
        let mut figures: Vec<Figure> = self.experiments.iter().flat_map(of).collect();
        figures.extend(scores::all(self));
        figures.extend(curves::together(self));
        figures.extend(self.experiments.iter().flat_map(curves::figures));
        figures
    }
}
