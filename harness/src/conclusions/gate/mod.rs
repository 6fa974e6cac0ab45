//! The regression gate: do the runs of a changed program differ from the recorded runs of the
//! program before the change?
//!
//! MLPerf holds submissions against reference convergence points (mlcommons/logging). Likewise,
//! reference runs are committed data here, and the comparison of scores is a statistical test:
//! paired by seed, two-sided, one per cell, and one on the mean over all cells, which finds a small
//! change everywhere. All of them are corrected together (Holm). Beside it, the losses of the first
//! steps are compared with a tolerance, and bits where processors promise them.

mod cell;
mod check;
mod compared_scores;
mod exact;
mod first_losses;
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
pub use first_losses::{FIRST_STEPS, FirstLosses, LOSS_TOLERANCES, LossChange, LossCheck};
pub use recorded::RecordedRun;
pub use reference_runs::{ReferenceCell, ReferenceRuns};
pub use run_set::{RunSet, WantedCommit};
pub use tested::{CheckOptions, Status, Tested};

#[cfg(test)]
mod tests;
