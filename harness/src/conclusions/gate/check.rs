//! All cells together.

use super::cell::Compared;
use super::compared_scores::{ComparedScores, by_cell, over_all};
use super::tested::{CheckOptions, Status, Tested, p_changed};
use super::{CellCheck, FirstLosses, ReferenceRuns, RunSet};
use crate::conclusions::statistics::{MeanDifference, holm};
use crate::results::rows::{Row, Rows};
use serde::Serialize;

/// New runs held against a reference.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub status: Status,
    pub options: CheckOptions,
    pub reference_model_version: u32,
    /// The versions of the new runs, each once.
    pub model_versions: Vec<u32>,
    pub cells: Vec<CellCheck>,
    /// The mean over all cells that could be compared; `None` below two of them.
    pub overall: Option<Overall>,
    /// What the set of runs is, where that was examined.
    pub set: Option<RunSet>,
}

/// The mean over all cells.
#[derive(Clone, Debug, Serialize)]
pub struct Overall {
    #[serde(flatten)]
    pub tested: Tested,
    pub status: Status,
    pub reason: Option<String>,
}

impl Check {
    /// Compares every cell of the reference and of the results. `losses` are of the new runs, as
    /// far as they are known.
    pub fn new(reference: &ReferenceRuns, rows: &Rows, losses: &FirstLosses, options: CheckOptions) -> Self {
        let wanted = |experiment: &str| options.only.is_empty() || options.only.iter().any(|only| only == experiment);
        let rows: Vec<&Row> = rows.0.iter().filter(|row| wanted(&row.settings().experiment)).collect();
        let mut compared = Vec::new();
        for cell in reference.cells.iter().filter(|cell| wanted(&cell.settings.experiment)) {
            let of_cell: Vec<&Row> = rows.iter().copied().filter(|row| cell.is_named_like(row.settings())).collect();
            compared.push(Compared::new(cell, &of_cell, losses, &options));
        }
        let mut unknown: Vec<&Row> = rows.clone();
        unknown.retain(|row| !reference.cells.iter().any(|cell| cell.is_named_like(row.settings())));
        unknown.dedup_by_key(|row| (row.settings().experiment.clone(), row.settings().rates.clone()));
        compared.extend(unknown.iter().map(|row| Compared::unknown(row.settings())));

        let mut model_versions: Vec<u32> = rows.iter().map(|row| row.model_version).collect();
        model_versions.sort_unstable();
        model_versions.dedup();
        let (cells, overall) = judge(compared, &options);
        let status = cells.iter().map(|cell| cell.status).chain(overall.as_ref().map(|overall| overall.status));
        Check {
            status: status.max().unwrap_or(Status::NotJudged),
            reference_model_version: reference.model_version,
            model_versions,
            cells,
            overall,
            options,
            set: None,
        }
    }

    /// Adds what the set of runs is: where it cannot be judged, the check is not, whatever its
    /// scores say.
    pub fn of_set(self, set: RunSet) -> Self {
        let status = if set.obstacles.is_empty() { self.status } else { Status::NotJudged };
        Check { status, set: Some(set), ..self }
    }

    /// New runs that were compared.
    pub fn runs(&self) -> usize {
        self.cells.iter().map(|cell| cell.new.seeds.len()).sum()
    }
}

/// Tests each cell and the mean over all, corrected together.
fn judge(compared: Vec<Compared>, options: &CheckOptions) -> (Vec<CellCheck>, Option<Overall>) {
    let scores: Vec<&ComparedScores> = compared.iter().filter_map(|compared| compared.scores.as_ref()).collect();
    let all: Vec<MeanDifference> = by_cell(&scores).into_iter().chain(over_all(&scores)).collect();
    let corrected = holm(&all.iter().map(|difference| p_changed(difference, options.margin)).collect::<Vec<_>>());
    let mut tested = all.iter().zip(corrected).map(|(difference, p)| Tested::new(difference, p, all.len(), options));
    let cells = compared.into_iter().map(|Compared { mut cell, scores }| {
        if let Some(tested) = scores.and_then(|_| tested.next()) {
            cell.judge(tested, options);
        }
        cell
    });
    let cells = cells.collect();
    let overall = tested.next().map(|tested| {
        let (status, reason) = tested.status(options);
        Overall { tested, status, reason }
    });
    (cells, overall)
}
