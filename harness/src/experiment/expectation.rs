//! What an experiment is expected to show, written in its spec.

use crate::experiment::settings::join_rates;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The expected answer: `expect = { best = [1, 16] }` or `expect = "no-winner"` in a spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// One list of rates is better than every other of the experiment.
    Best(Vec<usize>),
    /// No rates are better than any other.
    NoWinner,
}

/// The answer, and the runs that are to give it. It decides no result, and is kept in `run.toml`,
/// so that whoever has the runs can judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    pub answer: Answer,
    /// All rates of the experiment.
    pub rates: Vec<Vec<usize>>,
    /// The seeds that each of them is trained with.
    pub seeds: Vec<u64>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Best(rates) => write!(f, "{} is best", join_rates(rates)),
            Answer::NoWinner => f.write_str("no winner"),
        }
    }
}
