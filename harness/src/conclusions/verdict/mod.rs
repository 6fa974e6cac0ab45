//! Whether the runs of an output directory show what their specs expect.
//!
//! Rates are compared by [`SectionAnalysis`](crate::conclusions::analysis::SectionAnalysis), for
//! other seeds and other subjects. All comparisons of an experiment are corrected together, so that
//! an experiment without any difference is found to have one in at most one case of twenty.

mod comparison;
mod judge;
mod text;

pub use comparison::RatesComparison;
pub use judge::Judgement;

use crate::experiment::Expectation;
use crate::results::reference;
use crate::results::result::write_json;
use crate::results::rows::{Row, Rows};
use crate::results::scores::Metric;
use crate::support::atomic_file;
use anyhow::Result;
use serde::Serialize;
use std::path::Path;

/// What an experiment was expected to show, and what it shows.
#[derive(Clone, Debug, Serialize)]
pub struct ExperimentVerdict {
    pub experiment: String,
    pub expectation: Expectation,
    /// What rates are compared by.
    pub metric: Metric,
    #[serde(flatten)]
    pub judgement: Judgement,
    /// The rates that are expected to be best against each of the others, or all pairs. Empty where
    /// nothing could be judged.
    pub comparisons: Vec<RatesComparison>,
}

/// The verdicts of all experiments that have an expectation.
#[derive(Clone, Debug)]
pub struct Verdicts(pub Vec<ExperimentVerdict>);

impl Verdicts {
    /// Judges the experiments of which something is expected.
    pub fn new(rows: &Rows) -> Self {
        let mut groups: Vec<Vec<&Row>> = Vec::new();
        for row in &rows.0 {
            match groups.iter_mut().find(|group| group[0].same_protocol(row)) {
                Some(group) => group.push(row),
                None => groups.push(vec![row]),
            }
        }
        Verdicts(groups.iter().filter_map(|group| ExperimentVerdict::new(group)).collect())
    }

    /// Whether an experiment does not show what it is expected to. One that could not be judged is
    /// none.
    pub fn any_not_met(&self) -> bool {
        self.0.iter().any(|verdict| matches!(verdict.judgement, Judgement::NotMet { .. }))
    }

    /// Writes `verdict.md` and `verdict.json`; removes them where nothing is expected any more.
    ///
    /// # Errors
    /// Names the file.
    pub fn write(&self, out: &Path) -> Result<()> {
        let (markdown, json) = (out.join("verdict.md"), out.join("verdict.json"));
        if self.0.is_empty() {
            return [markdown, json].iter().try_for_each(|path| atomic_file::remove(path));
        }
        atomic_file::write(&markdown, self.markdown())?;
        write_json(&json, &self.0)
    }
}

impl ExperimentVerdict {
    /// Judges the runs of one experiment, at least one; `None` where nothing is expected of it.
    fn new(rows: &[&Row]) -> Option<Self> {
        let expectation = rows.iter().find_map(|row| row.expectation.clone())?;
        let settings = rows[0].settings();
        let metric = reference::metric(settings.dataset);
        let (judgement, comparisons) = judge::judge(rows, &expectation, metric);
        let experiment = settings.experiment.clone();
        Some(ExperimentVerdict { experiment, expectation, metric, judgement, comparisons })
    }
}

#[cfg(test)]
mod tests;
