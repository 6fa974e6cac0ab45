//! Scores of new runs against recorded ones: by pairs of the same seed, or as two samples.

use super::RecordedRun;
use crate::conclusions::statistics::{MeanDifference, deviation, mean};
use crate::results::scores::Metric;

/// Spreads and differences of scores, fractions, below this one are rounding.
const ROUNDING: f64 = 1e-12;
/// The smallest spread of recorded scores that a weight is made of: a hundredth of a point.
const LEAST_DEVIATION: f64 = 1e-4;

/// The scores of a cell that are held against each other.
#[derive(Clone, Debug)]
pub(super) struct ComparedScores {
    design: Design,
    /// Standard deviation of the recorded scores over seeds.
    deviation: f64,
    /// Number of recorded scores.
    recorded: usize,
}

/// How the seeds of the new runs stand to the recorded ones.
#[derive(Clone, Debug)]
enum Design {
    /// All of them are recorded: the differences, new minus recorded, seed by seed.
    Paired(Vec<f64>),
    /// None of them is.
    TwoSamples(MeanDifference),
}

impl ComparedScores {
    /// # Errors
    /// Why the scores cannot be compared, and what to do.
    pub fn new(recorded: &[RecordedRun], new: &[RecordedRun], metric: Metric) -> Result<Self, String> {
        let scores = |runs: &[RecordedRun]| runs.iter().map(|run| metric.of(run)).collect::<Vec<f64>>();
        let before = |run: &RecordedRun| recorded.iter().find(|known| known.seed == run.seed).map(|run| metric.of(run));
        let pairs: Vec<f64> = new.iter().filter_map(|run| Some(metric.of(run) - before(run)?)).collect();
        let design = match pairs.len() {
            _ if new.is_empty() => {
                return Err("no run of it has ended: finish the sweep, or leave it out with --only".into());
            }
            0 => Design::TwoSamples(two_samples(&scores(recorded), &scores(new))?),
            count if count < new.len() => return Err(mixed(recorded, new)),
            _ => Design::Paired(pairs),
        };
        let deviation = deviation(&scores(recorded)).ok_or("the reference has one run of it: record more seeds")?;
        Ok(ComparedScores { design, deviation: deviation.max(LEAST_DEVIATION), recorded: recorded.len() })
    }

    fn pairs(&self) -> Option<&[f64]> {
        match &self.design {
            Design::Paired(differences) => Some(differences),
            Design::TwoSamples(_) => None,
        }
    }

    /// The difference with a standard error from this cell alone; `None` for a single pair.
    fn alone(&self) -> Option<MeanDifference> {
        match &self.design {
            Design::TwoSamples(difference) => Some(*difference),
            Design::Paired(differences) => {
                let count = differences.len() as f64;
                Some(paired(differences, deviation(differences)?, count - 1.0))
            }
        }
    }

    /// One over what the difference's variance would be by the recorded spread.
    fn weight(&self) -> f64 {
        let new = self.pairs().map_or(1.0, |pairs| pairs.len() as f64);
        new / self.deviation.powi(2)
    }
}

/// MLPerf asks for twice as many reference runs as a submission has.
fn two_samples(recorded: &[f64], new: &[f64]) -> Result<MeanDifference, String> {
    let (count, wanted) = (recorded.len(), 2 * new.len());
    let difference = MeanDifference::pooled(recorded, new).filter(|_| count >= wanted);
    difference.ok_or_else(|| {
        format!(
            "the reference has {count} of the {wanted} runs that a check of {} other seeds needs: atrous record adds runs, and runs \
             of the recorded seeds are paired with them",
            new.len()
        )
    })
}

fn mixed(recorded: &[RecordedRun], new: &[RecordedRun]) -> String {
    let is_recorded = |run: &&RecordedRun| recorded.iter().any(|known| known.seed == run.seed);
    let with = new.iter().find(is_recorded).map_or(0, |run| run.seed);
    let without = new.iter().find(|run| !is_recorded(run)).map_or(0, |run| run.seed);
    format!(
        "seed {with} is recorded and seed {without} is not: check recorded seeds, which are paired, or other ones alone (--seeds)"
    )
}

fn paired(differences: &[f64], deviation: f64, freedom: f64) -> MeanDifference {
    let clean = |value: f64| if value.abs() <= ROUNDING { 0.0 } else { value };
    let standard_error = clean(deviation / (differences.len() as f64).sqrt());
    MeanDifference { difference: clean(mean(differences)), standard_error, freedom }
}

/// The difference of each cell.
///
/// Three pairs say little about their own spread. So differences are divided by the spread of
/// their cell's recorded scores, and what is left is pooled over all paired cells. Both are
/// estimates: the reciprocals of their degrees of freedom are added, as those of relative
/// variances are (Satterthwaite 1946).
pub(super) fn by_cell(cells: &[&ComparedScores]) -> Vec<MeanDifference> {
    let paired_cells: Vec<_> = cells.iter().filter_map(|cell| Some((cell.pairs()?, cell.deviation))).collect();
    let squares = paired_cells.iter().map(|(pairs, spread)| {
        let middle = mean(pairs);
        pairs.iter().map(|pair| ((pair - middle) / spread).powi(2)).sum::<f64>()
    });
    let freedom: f64 = paired_cells.iter().map(|(pairs, _)| pairs.len() as f64 - 1.0).sum();
    let pooled = (squares.sum::<f64>() / freedom).sqrt();
    cells
        .iter()
        .map(|cell| match &cell.design {
            Design::TwoSamples(difference) => *difference,
            Design::Paired(pairs) if paired_cells.len() == 1 || freedom == 0.0 => {
                paired(pairs, deviation(pairs).unwrap_or(0.0), freedom)
            }
            Design::Paired(pairs) => {
                let both = 1.0 / (1.0 / freedom + 1.0 / (cell.recorded as f64 - 1.0));
                paired(pairs, pooled * cell.deviation, both)
            }
        })
        .collect()
}

/// The mean over all cells, each weighted by one over the variance of its recorded scores. `None`
/// below two cells.
pub(super) fn over_all(cells: &[&ComparedScores]) -> Option<MeanDifference> {
    let alone: Vec<_> = cells.iter().filter_map(|cell| Some((cell.weight(), cell.alone()?))).collect();
    MeanDifference::weighted(&alone).filter(|_| alone.len() > 1)
}
