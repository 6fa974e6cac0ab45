//! Verdicts as text.

use super::{ExperimentVerdict, Judgement, RatesComparison, Verdicts};
use crate::conclusions::format::{percent, probability};
use crate::conclusions::statistics::SIGNIFICANCE;
use crate::experiment::Answer;
use crate::support::count::count;

impl Verdicts {
    /// For people: a line per experiment, and one that sums them up. Empty where nothing is
    /// expected.
    pub fn markdown(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let mut text = format!(
            "# Verdicts\n\n{}\n\nWhat each experiment was expected to show, and whether it does. Differences in points, \
             judged for other seeds\nand other subjects; p corrected for all comparisons of the experiment; below \
             {SIGNIFICANCE} it is no chance.\n\n",
            self.summary()
        );
        for verdict in &self.0 {
            text += &line(verdict);
        }
        text
    }

    /// `5 of 5 experiments are as expected.`
    pub fn summary(&self) -> String {
        let count = |wanted: fn(&Judgement) -> bool| self.0.iter().filter(|verdict| wanted(&verdict.judgement)).count();
        let not_met = count(|judgement| matches!(judgement, Judgement::NotMet { .. }));
        let not_judged = count(|judgement| matches!(judgement, Judgement::NotJudged { .. }));
        let met = self.0.len() - not_met - not_judged;
        let mut text = format!("{met} of {} experiments are as expected", self.0.len());
        if not_met > 0 {
            text += &format!(", {not_met} not");
        }
        if not_judged > 0 {
            text += &format!(", {not_judged} could not be judged");
        }
        text + "."
    }
}

fn line(verdict: &ExperimentVerdict) -> String {
    let ExperimentVerdict { experiment, expectation, metric, .. } = verdict;
    let (word, reason) = (verdict.word(), verdict.reason());
    let (answer, seeds) = (&expectation.answer, count(expectation.seeds.len(), "seed"));
    format!("- {experiment}, expected: {answer} ({metric}, {seeds}): **{word}**: {reason}.\n")
}

impl ExperimentVerdict {
    /// `met`, `not met` or `not judged`.
    pub fn word(&self) -> &'static str {
        match self.judgement {
            Judgement::Met => "met",
            Judgement::NotMet { .. } => "not met",
            Judgement::NotJudged { .. } => "not judged",
        }
    }

    /// What it rests on, or where it fails.
    pub fn reason(&self) -> String {
        match &self.judgement {
            Judgement::Met => evidence(&self.expectation.answer, &self.comparisons),
            Judgement::NotMet { reason } | Judgement::NotJudged { reason } => reason.clone(),
        }
    }
}

/// What an expectation that is met rests on.
fn evidence(answer: &Answer, comparisons: &[RatesComparison]) -> String {
    let extreme =
        |values: &mut dyn Iterator<Item = f64>, pick: fn(f64, f64) -> f64| values.reduce(pick).unwrap_or(f64::NAN);
    let count = comparisons.len();
    match answer {
        Answer::Best(_) => {
            let least = extreme(&mut comparisons.iter().map(|c| c.difference), f64::min);
            let p = extreme(&mut comparisons.iter().map(|c| c.p), f64::max);
            format!(
                "better than each of {count} others, by {} points at least, {} at most",
                percent(least),
                probability(p)
            )
        }
        Answer::NoWinner => {
            let most = extreme(&mut comparisons.iter().map(|c| c.difference.abs()), f64::max);
            let p = extreme(&mut comparisons.iter().map(|c| c.p), f64::min);
            let found = extreme(&mut comparisons.iter().map(|c| c.detectable), f64::max);
            format!(
                "{count} differences of {} points at most, {} at least; {} would have been found",
                percent(most),
                probability(p),
                percent(found)
            )
        }
    }
}
