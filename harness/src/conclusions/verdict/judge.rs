//! From runs and an expectation to a judgement.

use super::comparison::RatesComparison;
use crate::conclusions::analysis::{LEAST_SEEDS, SectionAnalysis};
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
    let compared = cells(rows, expectation).and_then(|cells| compare(expectation, &cells, metric));
    match compared {
        Err(reason) => (Judgement::NotJudged { reason }, Vec::new()),
        Ok(comparisons) => (judgement(&expectation.answer, &comparisons), comparisons),
    }
}

/// The expected runs of each of the rates; why not, where one is missing or has failed.
fn cells<'r>(rows: &[&'r Row], expectation: &Expectation) -> Result<Vec<Vec<&'r Row>>, String> {
    let Expectation { rates, seeds, .. } = expectation;
    if seeds.len() < LEAST_SEEDS {
        return Err(format!("fewer than {LEAST_SEEDS} seeds prove nothing"));
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
        cells.push(cell);
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

fn compare(expectation: &Expectation, cells: &[Vec<&Row>], metric: Metric) -> Result<Vec<RatesComparison>, String> {
    let Expectation { answer, rates, .. } = expectation;
    let best = match answer {
        Answer::Best(best) => rates.iter().position(|rates| rates == best),
        Answer::NoWinner => None,
    };
    let analysis = SectionAnalysis::new(cells, best.or(Some(0)), metric);
    // The best against all others is one family (Dunnett); pairs are compared one by one, and
    // corrected below.
    let comparisons = best.map_or(1, |_| rates.len() - 1);
    let mut found = Vec::new();
    for [left, right] in pairs(expectation) {
        let (own, other) = (&rates[left], &rates[right]);
        let Some(contrast) = analysis.pair(left, right, comparisons) else {
            let [own, other] = [own, other].map(|rates| join_rates(rates));
            return Err(format!(
                "{own} cannot be compared with {other}: counts of the same images are missing, or subjects"
            ));
        };
        let (difference, p, detectable) = (contrast.difference, contrast.p, contrast.detectable);
        found.push(RatesComparison { rates: own.clone(), other: other.clone(), difference, p, detectable });
    }
    if best.is_none() {
        let corrected = holm(&found.iter().map(|comparison| comparison.p).collect::<Vec<_>>());
        found.iter_mut().zip(corrected).for_each(|(comparison, p)| comparison.p = p);
    }
    Ok(found)
}

fn judgement(answer: &Answer, comparisons: &[RatesComparison]) -> Judgement {
    let against: Vec<String> = match answer {
        Answer::Best(_) => comparisons.iter().filter(|c| !c.is_better()).map(RatesComparison::not_better).collect(),
        Answer::NoWinner => comparisons.iter().filter(|c| c.is_significant()).map(RatesComparison::winner).collect(),
    };
    if against.is_empty() { Judgement::Met } else { Judgement::NotMet { reason: against.join("; ") } }
}
