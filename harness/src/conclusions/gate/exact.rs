//! Deterministic runs can be asked for more than not to be worse: for the same bits.

use super::{RecordedRun, ReferenceCell};
use serde::Serialize;
use std::collections::BTreeSet;

/// How many runs are those of the reference again, bit for bit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exactness {
    /// Runs that have to equal one of the reference: the same run id, on the CPU backend, with the
    /// same vector instructions.
    pub comparable: usize,
    pub equal: usize,
    /// Seeds of those that do not.
    pub changed_seeds: Vec<u64>,
    /// Vector instructions of runs that were recorded, but with other ones: their bits say nothing.
    pub unrecorded: BTreeSet<String>,
    /// Vector instructions that these runs were recorded with.
    pub recorded: BTreeSet<String>,
}

impl Exactness {
    pub fn of(reference: &ReferenceCell, new: &[RecordedRun]) -> Self {
        let mut found = Exactness::default();
        for run in new {
            let recordings = || reference.recordings().filter(|recorded| recorded.run_id == run.run_id);
            let Some(same) = recordings().find(|recorded| run.has_to_equal(recorded)) else {
                let others: BTreeSet<String> =
                    recordings().filter(|run| run.has_bits()).map(|run| run.api.clone()).collect();
                if run.has_bits() && !others.is_empty() {
                    found.unrecorded.insert(run.api.clone());
                    found.recorded.extend(others);
                }
                continue;
            };
            found.comparable += 1;
            if run.is_equal(same) {
                found.equal += 1;
            } else {
                found.changed_seeds.push(run.seed);
            }
        }
        found
    }
}
