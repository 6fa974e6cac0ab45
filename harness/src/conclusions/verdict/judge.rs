//! From runs and an expectation to a finding.

use super::text;
use crate::conclusions::difference::Difference;
use crate::conclusions::statistics::{SIGNIFICANCE, holm};
use crate::experiment::settings::join_rates;
use crate::experiment::{Answer, Expectation};
use crate::results::rows::Row;
use crate::results::scores::Metric;
use serde::Serialize;

/// What the runs say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Finding {
    /// It is as expected.
    Met,
    /// It is not, and where.
    NotMet { reason: String },
    /// It cannot be said, and why.
    NotJudged { reason: String },
}

/// Rates against other rates of the same experiment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub rates: Vec<usize>,
    pub other: Vec<usize>,
    /// Mean over seeds of the score with `rates` minus that with `other`, as a fraction.
    pub difference: f64,
    /// Probability of such a difference by chance, corrected for all comparisons of the experiment.
    pub p: f64,
}

impl Comparison {
    /// Whether it is more than chance.
    pub fn is_significant(&self) -> bool {
        self.p < SIGNIFICANCE
    }

    /// Whether `rates` are better, by more than chance.
    pub fn is_better(&self) -> bool {
        self.difference > 0.0 && self.is_significant()
    }
}

/// The finding, and the comparisons that it rests on. `rows` are of one experiment.
pub(super) fn judge(rows: &[&Row], expectation: &Expectation, metric: Metric) -> (Finding, Vec<Comparison>) {
    let compared = cells(rows, expectation).and_then(|cells| compare(&cells, &pairs(expectation), metric));
    match compared {
        Err(reason) => (Finding::NotJudged { reason }, Vec::new()),
        Ok(comparisons) => (finding(&expectation.answer, &comparisons), comparisons),
    }
}

/// The runs of rates.
type Cell<'r> = (&'r [usize], Vec<&'r Row>);

/// The expected runs, by rates; why not, where one is missing or has failed.
fn cells<'r>(rows: &[&'r Row], expectation: &'r Expectation) -> Result<Vec<Cell<'r>>, String> {
    let Expectation { rates, seeds, .. } = expectation;
    if seeds.len() < 2 {
        return Err("one seed proves nothing: it needs two or more".into());
    }
    let mut missing = Vec::new();
    let mut cells = Vec::new();
    for rates in rates {
        let mut cell = Vec::new();
        for &seed in seeds {
            let run = |row: &&&Row| row.settings().rates == *rates && row.settings().seed == seed;
            match rows.iter().find(run).filter(|row| row.result().is_some()) {
                Some(row) => cell.push(*row),
                None => missing.push(format!("{} seed {seed}", join_rates(rates))),
            }
        }
        cells.push((rates.as_slice(), cell));
    }
    match missing.first() {
        None => Ok(cells),
        Some(first) => {
            let all = rates.len() * seeds.len();
            Err(format!("{} of {all} runs have no score, the first is {first}", missing.len()))
        }
    }
}

/// Which cells are compared, by their places in the list of rates: the best with each of the others, or all with all.
fn pairs(expectation: &Expectation) -> Vec<[usize; 2]> {
    let all = 0..expectation.rates.len();
    let pairs = all.clone().flat_map(|left| all.clone().map(move |right| [left, right]));
    match &expectation.answer {
        Answer::Best(best) => pairs.filter(|[l, r]| l != r && expectation.rates[*l] == *best).collect(),
        Answer::NoWinner => pairs.filter(|[left, right]| left < right).collect(),
    }
}

fn compare(cells: &[Cell], pairs: &[[usize; 2]], metric: Metric) -> Result<Vec<Comparison>, String> {
    let mut comparisons = Vec::new();
    for [left, right] in pairs {
        let ((rates, cell), (other, others)) = (&cells[*left], &cells[*right]);
        let tested = Difference::between(cell, others, metric).and_then(|found| Some((found.mean, found.p()?)));
        let Some((difference, p)) = tested else {
            let [rates, other] = [rates, other].map(|rates| join_rates(rates));
            return Err(format!("{rates} cannot be compared with {other}: scores or counts of images are missing"));
        };
        comparisons.push(Comparison { rates: rates.to_vec(), other: other.to_vec(), difference, p });
    }
    let corrected = holm(&comparisons.iter().map(|comparison| comparison.p).collect::<Vec<_>>());
    for (comparison, p) in comparisons.iter_mut().zip(corrected) {
        comparison.p = p;
    }
    Ok(comparisons)
}

fn finding(answer: &Answer, comparisons: &[Comparison]) -> Finding {
    let against: Vec<String> = match answer {
        Answer::Best(_) => comparisons.iter().filter(|c| !c.is_better()).map(text::not_better).collect(),
        Answer::NoWinner => comparisons.iter().filter(|c| c.is_significant()).map(text::winner).collect(),
    };
    if against.is_empty() { Finding::Met } else { Finding::NotMet { reason: against.join("; ") } }
}
