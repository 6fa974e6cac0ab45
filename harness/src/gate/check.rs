//! All cells together.

use super::cell::Compared;
use super::{CellCheck, ReferenceRuns, Status};
use crate::reference::Metric;
use crate::rows::{Row, Rows};
use crate::statistics::{MeanDifference, detectable_drop, holm};
use serde::Serialize;

/// What is asked for.
#[derive(Clone, Debug, Serialize)]
pub struct CheckOptions {
    pub metric: Metric,
    /// How often unchanged programs may be called worse.
    pub alpha: f64,
    /// The largest drop that does not matter, a fraction.
    pub margin: f64,
    /// A check that would not have found a drop of this size, a fraction, does not pass.
    pub must_detect: Option<f64>,
    /// Runs that can be the same bit for bit have to be.
    pub exact: bool,
    /// Only these experiments; all of them where it is empty.
    pub only: Vec<String>,
}

/// A difference, and what a test says of it. Fractions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tested {
    /// Mean of the new runs minus mean of the reference.
    pub difference: f64,
    /// Bounds of the true difference; each errs with a chance of alpha.
    pub low: f64,
    pub high: f64,
    /// One-sided.
    pub p: f64,
    /// For the number of comparisons (Holm).
    pub p_corrected: f64,
    /// The smallest true drop that the corrected test would have found in four of five such checks.
    pub detectable_drop: f64,
}

/// New runs held against a reference.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub status: Status,
    pub options: CheckOptions,
    pub reference_model_version: u32,
    /// Of the new runs, each once.
    pub model_versions: Vec<u32>,
    pub cells: Vec<CellCheck>,
    /// The mean over all cells that could be compared; `None` below two of them.
    pub overall: Option<Overall>,
}

/// The mean over all cells.
#[derive(Clone, Debug, Serialize)]
pub struct Overall {
    #[serde(flatten)]
    pub tested: Tested,
    pub status: Status,
    pub reason: Option<String>,
}

impl Tested {
    /// `comparisons` is the number of those that are corrected together.
    fn new(difference: &MeanDifference, p_corrected: f64, comparisons: usize, options: &CheckOptions) -> Self {
        let bounds = difference.bounds(options.alpha);
        Tested {
            difference: difference.difference,
            low: bounds.low,
            high: bounds.high,
            p: difference.p_worse(options.margin),
            p_corrected,
            // Holm's procedure tests the smallest p-value at alpha over the number of comparisons, and no other one harder.
            detectable_drop: detectable_drop(difference, options.margin, options.alpha / comparisons as f64),
        }
    }

    pub(super) fn status(&self, options: &CheckOptions) -> (Status, Option<String>) {
        let points = |fraction: f64| format!("{:.2} points", fraction * 100.0);
        if self.p_corrected < options.alpha {
            let allowed =
                if options.margin > 0.0 { format!(" (allowed: {})", points(options.margin)) } else { String::new() };
            let reason = format!(
                "{} is down by {}{allowed}, p {:.2e} corrected for the number of comparisons",
                options.metric,
                points(-self.difference),
                self.p_corrected
            );
            return (Status::Worse, Some(reason));
        }
        match options.must_detect {
            Some(wanted) if self.detectable_drop > wanted => {
                let reason = format!(
                    "would have found a drop of {} and not one of {}: it needs more seeds",
                    points(self.detectable_drop),
                    points(wanted)
                );
                (Status::NotJudged, Some(reason))
            }
            _ => (Status::InLine, None),
        }
    }
}

impl Check {
    /// Compares every cell of the reference and of the results.
    pub fn new(reference: &ReferenceRuns, rows: &Rows, options: CheckOptions) -> Self {
        let wanted = |experiment: &str| options.only.is_empty() || options.only.iter().any(|only| only == experiment);
        let rows: Vec<&Row> = rows.0.iter().filter(|row| wanted(&row.settings().experiment)).collect();
        let mut compared = Vec::new();
        for cell in reference.cells.iter().filter(|cell| wanted(&cell.settings.experiment)) {
            let of_cell: Vec<&Row> = rows.iter().copied().filter(|row| cell.is_named_like(row.settings())).collect();
            compared.push(Compared::new(cell, &of_cell, &options));
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
        }
    }

    /// New runs that were compared.
    pub fn runs(&self) -> usize {
        self.cells.iter().map(|cell| cell.new.seeds.len()).sum()
    }
}

/// Tests each cell and the mean over all, corrected together.
fn judge(compared: Vec<Compared>, options: &CheckOptions) -> (Vec<CellCheck>, Option<Overall>) {
    let differences: Vec<MeanDifference> = compared.iter().filter_map(|compared| compared.difference).collect();
    let average = MeanDifference::average(&differences).filter(|_| differences.len() > 1);
    let all: Vec<MeanDifference> = differences.into_iter().chain(average).collect();
    let corrected = holm(&all.iter().map(|difference| difference.p_worse(options.margin)).collect::<Vec<_>>());
    let mut tested = all.iter().zip(corrected).map(|(difference, p)| Tested::new(difference, p, all.len(), options));
    let cells = compared.into_iter().map(|Compared { mut cell, difference }| {
        if let Some(tested) = difference.and_then(|_| tested.next()) {
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
