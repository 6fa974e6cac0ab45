//! A run that a spec asks for.

use crate::experiment::Expectation;
use crate::experiment::settings::RunSettings;

/// One run of a spec, before the data have been looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRun {
    /// All that decides its result but the data.
    pub settings: RunSettings,
    /// The rates that the experiment is compared with.
    pub baseline: Vec<usize>,
    /// The answer that the experiment is expected to give, where its spec says so.
    pub expectation: Option<Expectation>,
}
