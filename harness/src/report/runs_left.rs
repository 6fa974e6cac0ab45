//! How many runs of a sweep the page lacks.

use crate::conclusions::format::count;
use crate::results::rows::Rows;
use crate::results::run_dir::{RunDir, RunState};
use crate::results::sweep_plan::SweepPlan;
use anyhow::Result;
use std::path::Path;

/// The runs that a sweep was to make, and those of them that have not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunsLeft {
    /// All planned runs; `None` where no plan was written.
    pub planned: Option<usize>,
    /// Planned runs that have not ended; without a plan, run directories that have not.
    pub left: usize,
}

impl RunsLeft {
    /// Reads the plan and the run directories of a sweep, of which `rows` have ended.
    ///
    /// # Errors
    /// A file that cannot be read; names it.
    pub fn read(out: &Path, rows: &Rows) -> Result<Self> {
        let Some(plan) = SweepPlan::read(out)? else {
            let states: Vec<RunState> = RunDir::scan(out)?.iter().map(RunDir::state).collect::<Result<_>>()?;
            let left = states.iter().filter(|state| matches!(state, RunState::Unfinished)).count();
            return Ok(RunsLeft { planned: None, left });
        };
        let ended = |id: &str| rows.0.iter().any(|row| row.run_id() == id);
        let left = plan.runs.iter().filter(|run| !ended(&run.run_id)).count();
        Ok(RunsLeft { planned: Some(plan.runs.len()), left })
    }

    /// What is left, in a sentence; `None` where nothing is.
    pub(super) fn sentence(self) -> Option<String> {
        if self.left == 0 {
            return None;
        }
        let left = match self.planned {
            Some(planned) => format!("{} of {} left", self.left, count(planned, "planned run is", "planned runs are")),
            None => count(self.left, "run has not ended", "runs have not ended"),
        };
        Some(format!("{left}: what is said here may change. Run the same atrous sweep again to go on."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::rows::testing;
    use crate::results::sweep_plan::PlanEntry;

    #[test]
    fn planned_runs_without_a_row_are_left() {
        let out = tempfile::tempdir().unwrap();
        let rows = testing::pinned();
        let known = |id: &str, seed: u64| PlanEntry {
            run_id: id.to_owned(),
            experiment: "stare".into(),
            rates: "1-2".into(),
            seed,
        };
        assert_eq!(RunsLeft::read(out.path(), &rows).unwrap(), RunsLeft::default());
        SweepPlan::extend(out.path(), [known(rows.0[0].run_id(), 0), known("other", 1)]).unwrap();
        let left = RunsLeft::read(out.path(), &rows).unwrap();
        assert_eq!(left, RunsLeft { planned: Some(2), left: 1 });
        assert!(left.sentence().unwrap().starts_with("1 of 2 planned runs are left: "));
        assert_eq!(RunsLeft { planned: Some(2), left: 0 }.sentence(), None);
    }
}
