//! What is said of the runs: statistics, tables, verdicts, the gate for CI, the guideline for
//! rates.

pub mod analysis;
#[cfg(test)]
mod findings;
pub mod format;
pub mod gate;
pub(crate) mod grid;
pub mod guideline;
pub mod standing;
pub mod statistics;
pub mod table;
pub mod tables;
pub mod verdict;
