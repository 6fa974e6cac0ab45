//! Verdicts as text.

use super::{Comparison, Finding, Verdict};
use crate::conclusions::statistics::SIGNIFICANCE;
use crate::experiment::Answer;
use crate::experiment::settings::join_rates;

/// A line per experiment, and one that sums them up.
pub(super) fn markdown(verdicts: &[Verdict]) -> String {
    if verdicts.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "# Verdicts\n\nWhat each experiment was expected to show, and whether it does. Differences in points, paired by seed and \
         image;\np corrected for all comparisons of the experiment (Holm); below {SIGNIFICANCE} it is no chance.\n\n"
    );
    for verdict in verdicts {
        text += &line(verdict);
    }
    text + "\n" + &summary(verdicts)
}

fn line(verdict: &Verdict) -> String {
    let Verdict { experiment, expectation, metric, .. } = verdict;
    let (word, reason) = (verdict.word(), verdict.reason());
    let (answer, seeds) = (&expectation.answer, expectation.seeds.len());
    format!("- {experiment}, expected: {answer} ({metric}, {seeds} seeds): **{word}**: {reason}.\n")
}

impl Verdict {
    /// `met`, `not met` or `not judged`.
    pub fn word(&self) -> &'static str {
        match self.finding {
            Finding::Met => "met",
            Finding::NotMet { .. } => "not met",
            Finding::NotJudged { .. } => "not judged",
        }
    }

    /// What it rests on, or where it fails.
    pub fn reason(&self) -> String {
        match &self.finding {
            Finding::Met => evidence(&self.expectation.answer, &self.comparisons),
            Finding::NotMet { reason } | Finding::NotJudged { reason } => reason.clone(),
        }
    }
}

/// What an expectation that is met rests on.
fn evidence(answer: &Answer, comparisons: &[Comparison]) -> String {
    let extreme =
        |values: &mut dyn Iterator<Item = f64>, pick: fn(f64, f64) -> f64| values.reduce(pick).unwrap_or(f64::NAN);
    let count = comparisons.len();
    match answer {
        Answer::Best(_) => {
            let least = extreme(&mut comparisons.iter().map(|c| c.difference), f64::min);
            let p = extreme(&mut comparisons.iter().map(|c| c.p), f64::max);
            format!(
                "better than each of {count} others, by {} points at least, {} at most",
                points(least),
                probability(p)
            )
        }
        Answer::NoWinner => {
            let most = extreme(&mut comparisons.iter().map(|c| c.difference.abs()), f64::max);
            let p = extreme(&mut comparisons.iter().map(|c| c.p), f64::min);
            format!("{count} differences of {} points at most, {} at least", points(most), probability(p))
        }
    }
}

pub(super) fn summary(verdicts: &[Verdict]) -> String {
    let count = |wanted: fn(&Finding) -> bool| verdicts.iter().filter(|verdict| wanted(&verdict.finding)).count();
    let not_met = count(|finding| matches!(finding, Finding::NotMet { .. }));
    let not_judged = count(|finding| matches!(finding, Finding::NotJudged { .. }));
    let met = verdicts.len() - not_met - not_judged;
    let mut text = format!("{met} of {} experiments are as expected", verdicts.len());
    if not_met > 0 {
        text += &format!(", {not_met} not");
    }
    if not_judged > 0 {
        text += &format!(", {not_judged} could not be judged");
    }
    text + ".\n"
}

/// `1-16 is not better than 1-4 (+0.10 points, p 0.4012)`
pub(super) fn not_better(comparison: &Comparison) -> String {
    let Comparison { rates, other, difference, p } = comparison;
    let [rates, other] = [rates, other].map(|rates| join_rates(rates));
    format!("{rates} is not better than {other} ({:+.2} points, {})", 100.0 * difference, probability(*p))
}

/// `1-4 is better than 1-16 (+0.10 points, p 0.0003)`, whichever of the two it is.
pub(super) fn winner(comparison: &Comparison) -> String {
    let Comparison { rates, other, difference, p } = comparison;
    let (winner, loser) = if *difference < 0.0 { (other, rates) } else { (rates, other) };
    let [winner, loser] = [winner, loser].map(|rates| join_rates(rates));
    format!("{winner} is better than {loser} (+{} points, {})", points(difference.abs()), probability(*p))
}

fn points(fraction: f64) -> String {
    format!("{:.2}", 100.0 * fraction)
}

fn probability(p: f64) -> String {
    if p < 1e-4 { "p below 0.0001".to_owned() } else { format!("p {p:.4}") }
}
