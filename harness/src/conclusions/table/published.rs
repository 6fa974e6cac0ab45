//! A result next to the published value.

use super::cell::Cell;
use crate::experiment::settings::RunSettings;
use crate::results::reference::Reference;

/// The published value of a data set, and whether it may be compared.
#[derive(Clone, Debug)]
pub struct PublishedComparison {
    pub reference: Reference,
    /// Why not; `None` where the protocol is the published one.
    pub obstacle: Option<String>,
}

impl PublishedComparison {
    pub(super) fn new(reference: Reference, settings: &RunSettings) -> Self {
        let obstacle = reference.obstacle(settings);
        PublishedComparison { reference, obstacle }
    }

    /// Score here minus published value, as fractions; `None` where they cannot be compared.
    pub fn difference(&self, cell: &Cell) -> Option<f64> {
        let score = cell.score(self.reference.held_against)?;
        self.obstacle.is_none().then_some(score.mean - self.reference.value_fraction)
    }
}
