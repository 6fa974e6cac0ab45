//! From runs and an expectation to a judgement.

use super::comparison::RatesComparison;
use crate::conclusions::difference::Difference;
use crate::conclusions::statistics::holm;
use crate::experiment::settings::join_rates;
use crate::experiment::{Answer, Expectation};
use crate::results::rows::Row;
use crate::results::scores::Metric;
use serde::Serialize;

/// Whether the runs show what is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Judgement {
    /// The runs show what is expected.
    Met,
    /// The runs show something else; where.
    NotMet { reason: String },
    /// The runs cannot tell; why.
    NotJudged { reason: String },
}

/// Judges the rows of one experiment, by comparisons that are handed back.
pub(super) fn judge(rows: &[&Row], expectation: &Expectation, metric: Metric) -> (Judgement, Vec<RatesComparison>) {
    let compared = cells(rows, expectation).and_then(|cells| compare(&cells, &pairs(expectation), metric));
    match compared {
        Err(reason) => (Judgement::NotJudged { reason }, Vec::new()),
        Ok(comparisons) => (judgement(&expectation.answer, &comparisons), comparisons),
    }
}

/// Rates, and their runs.
type SeedRows<'r> = (&'r [usize], Vec<&'r Row>);

/// The expected runs, by rates; why not, where one is missing or has failed.
fn cells<'r>(rows: &[&'r Row], expectation: &'r Expectation) -> Result<Vec<SeedRows<'r>>, String> {
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

/// Pairs up the cells that are compared, by their places in the list of rates: the best with each
/// of the others, or all with all.
fn pairs(expectation: &Expectation) -> Vec<[usize; 2]> {
    let all = 0..expectation.rates.len();
    let pairs = all.clone().flat_map(|left| all.clone().map(move |right| [left, right]));
    match &expectation.answer {
        Answer::Best(best) => pairs.filter(|[l, r]| l != r && expectation.rates[*l] == *best).collect(),
        Answer::NoWinner => pairs.filter(|[left, right]| left < right).collect(),
    }
}

fn compare(cells: &[SeedRows], pairs: &[[usize; 2]], metric: Metric) -> Result<Vec<RatesComparison>, String> {
    let mut comparisons = Vec::new();
    for [left, right] in pairs {
        let ((rates, cell), (other, others)) = (&cells[*left], &cells[*right]);
        let tested = Difference::between(cell, others, metric).and_then(|found| Some((found.mean, found.p()?)));
        let Some((difference, p)) = tested else {
            let [rates, other] = [rates, other].map(|rates| join_rates(rates));
            return Err(format!("{rates} cannot be compared with {other}: scores or counts of images are missing"));
        };
        comparisons.push(RatesComparison { rates: rates.to_vec(), other: other.to_vec(), difference, p });
    }
    let corrected = holm(&comparisons.iter().map(|comparison| comparison.p).collect::<Vec<_>>());
    for (comparison, p) in comparisons.iter_mut().zip(corrected) {
        comparison.p = p;
    }
    Ok(comparisons)
}

fn judgement(answer: &Answer, comparisons: &[RatesComparison]) -> Judgement {
    let against: Vec<String> = match answer {
        Answer::Best(_) => comparisons.iter().filter(|c| !c.is_better()).map(RatesComparison::not_better).collect(),
        Answer::NoWinner => comparisons.iter().filter(|c| c.is_significant()).map(RatesComparison::winner).collect(),
    };
    if against.is_empty() { Judgement::Met } else { Judgement::NotMet { reason: against.join("; ") } }
}
