//! A section in words, as tables and reports say it.

use super::{Section, markdown};
use crate::results::rows::Row;

impl Section {
    /// Whether a run belongs here.
    pub fn holds(&self, row: &Row) -> bool {
        row.data_fingerprint() == self.data_fingerprint && row.settings().protocol() == self.settings.protocol()
    }

    /// Network, schedule, inference, data and device in one line.
    pub fn protocol(&self) -> String {
        markdown::protocol(&self.settings, &self.devices)
    }

    /// What can be said of the best rates, in a few words: `within noise`, `better than the baseline` ...
    pub fn conclusion(&self) -> String {
        markdown::verdict(self)
    }

    /// Sentences on the winner, the published value and failed runs.
    pub fn notes(&self) -> Vec<String> {
        markdown::notes(self)
    }
}
