//! The regression gate: are the runs of a changed program worse than the recorded runs of the
//! program before the change?
//!
//! MLPerf holds submissions against reference convergence points (mlcommons/logging). Likewise,
//! reference runs are committed data here, and the comparison is a statistical test. Per cell it is
//! one-sided on the difference of the means. One more is on the mean over all cells, which finds a
//! small drop everywhere. All of them are corrected together (Holm).

mod cell;
mod check;
mod exact;
mod junit;
mod recorded;
mod reference_runs;
mod run_set;
mod settings_difference;
mod tested;
mod text;

pub use cell::{CellCheck, SeedScores};
pub use check::{Check, Overall};
pub use exact::Exactness;
pub use recorded::RecordedRun;
pub use reference_runs::{ReferenceCell, ReferenceRuns};
pub use run_set::{RunSet, WantedCommit};
pub use tested::{CheckOptions, Status, Tested};

#[cfg(test)]
mod tests;
