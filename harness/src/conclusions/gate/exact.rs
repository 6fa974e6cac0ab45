//! Deterministic runs can be asked for more than not to be worse: for the same bits.

use super::RecordedRun;
use serde::Serialize;

/// How many runs are those of the reference again, bit for bit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exactness {
    /// Runs that have to equal one of the reference: the same run id, on the CPU backend, with the
    /// same vector instructions.
    pub comparable: usize,
    pub equal: usize,
    /// Seeds of those that do not.
    pub changed_seeds: Vec<u64>,
}

impl Exactness {
    pub fn of(reference: &[RecordedRun], new: &[RecordedRun]) -> Self {
        let mut found = Exactness::default();
        for run in new {
            let Some(same) = reference.iter().find(|recorded| run.has_to_equal(recorded)) else { continue };
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
