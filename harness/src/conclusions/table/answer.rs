//! What the runs say, in words.

use super::cell::Cell;
use super::cell_verdict::CellVerdict;
use super::section::{Section, Table};
use crate::conclusions::format::{count, percent, points, rates};

impl Table {
    /// The answer in words, a sentence or two per experiment; several experiments that say the same
    /// are one. Empty without runs.
    pub fn answer(&self) -> Vec<String> {
        match self.common() {
            Some(sentence) => vec![sentence],
            None => self.sections.iter().map(Section::answer).collect(),
        }
    }

    /// One sentence for all experiments: the answer where it is one sentence, else in how many of
    /// them who wins.
    pub fn headline(&self) -> String {
        match &self.answer()[..] {
            [] => "No run has finished yet.".into(),
            [one] => one.clone(),
            _ => self.tally(),
        }
    }

    /// Says in how many experiments who wins: `Of 5 experiments, other rates beat the baseline in
    /// 2; no setting beats the baseline in 3.`
    pub fn tally(&self) -> String {
        let of = |kind: fn(&Finding) -> bool| self.sections.iter().filter(|section| kind(&section.finding())).count();
        let parts = [
            (of(|f| matches!(f, Finding::Better(_))), "other rates beat the baseline in"),
            (of(|f| matches!(f, Finding::Baseline)), "the baseline beats all others in"),
            (of(|f| matches!(f, Finding::Open(_) | Finding::Closed)), "no setting beats the baseline in"),
            (of(|f| matches!(f, Finding::One | Finding::Unknown(_))), "nothing can be said in"),
        ];
        let said: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{words} {count}")).collect();
        format!("Of {} experiments, {}.", self.sections.len(), said.join("; "))
    }

    /// One sentence for all, where no setting beats the same baseline anywhere, and more could have
    /// been found.
    fn common(&self) -> Option<String> {
        let (first, rest) = self.sections.split_first().filter(|(_, rest)| !rest.is_empty())?;
        let same = |section: &Section| section.baseline == first.baseline && section.seeds() == first.seeds();
        let open = |section: &Section| section.collapsed() == 0 && matches!(section.finding(), Finding::Open(_));
        if !open(first) || !rest.iter().all(|section| same(section) && open(section)) {
            return None;
        }
        let found = self.sections.iter().map(|section| match section.finding() {
            Finding::Open(detectable) => format!("{} points on {}", percent(detectable), section.title()),
            _ => String::new(),
        });
        let found: Vec<String> = found.collect();
        let on: Vec<String> = self.sections.iter().map(Section::title).collect();
        Some(format!(
            "No setting beats {} on {}: {} would have found {}.",
            rates(&first.baseline),
            listed(&on, "or"),
            first.seeds(),
            listed(&found, "and")
        ))
    }
}

/// What the runs of a section say.
enum Finding<'a> {
    /// Nothing to compare.
    One,
    /// No rates could be compared with the baseline, and why.
    Unknown(CellVerdict),
    /// Rates that are better than the baseline.
    Better(Vec<&'a Cell>),
    /// All others are worse than the baseline.
    Baseline,
    /// No rates are better; such a difference would have been found in all of them.
    Open(f64),
    /// No rates are better, and all are worse or equal.
    Closed,
}

impl Section {
    /// The answer of this experiment in words.
    pub fn answer(&self) -> String {
        let (title, baseline) = (self.title(), rates(&self.baseline));
        let text = match self.finding() {
            Finding::One => format!("{title} has one list of rates: there is nothing to compare."),
            Finding::Unknown(why) => format!("Nothing can be said of the rates on {title}: {why}."),
            Finding::Better(cells) => {
                let won: Vec<String> = cells.iter().map(|cell| by(cell)).collect();
                let verb = if won.len() == 1 { "beats" } else { "beat" };
                format!("{} {verb} {baseline} on {title}.", listed(&won, "and"))
            }
            Finding::Baseline => {
                let least = self.others().filter_map(|cell| cell.difference).fold(f64::INFINITY, |a, b| a.min(-b));
                format!("{baseline} beats every other setting on {title}, by {} points or more.", percent(least))
            }
            Finding::Open(detectable) => {
                let (seeds, found) = (self.seeds(), percent(detectable));
                format!("No setting beats {baseline} on {title}: {seeds} would have found {found} points.")
            }
            Finding::Closed => {
                let margin = 100.0 * self.margin;
                format!("No setting beats {baseline} on {title}: all are worse, or equal within {margin} points.")
            }
        };
        match self.collapsed() {
            0 => text,
            collapsed => {
                let runs = count(self.cells.iter().map(|cell| cell.runs).sum(), "run", "runs");
                format!("{text} {collapsed} of {runs} collapsed: a class is never predicted.")
            }
        }
    }

    fn finding(&self) -> Finding<'_> {
        let better: Vec<&Cell> = self.others().filter(|cell| cell.verdict == CellVerdict::Better).collect();
        let compared = || self.others().filter(|cell| cell.contrast.is_some());
        let open = compared().filter(|cell| cell.verdict == CellVerdict::Undetermined);
        let detectable = open.filter_map(|cell| cell.contrast).map(|c| c.detectable).reduce(f64::max);
        match (self.others().next(), compared().next(), detectable) {
            (None, ..) => Finding::One,
            (Some(other), None, _) => Finding::Unknown(other.verdict),
            _ if !better.is_empty() => Finding::Better(better),
            _ if self.others().all(|cell| cell.verdict == CellVerdict::Worse) => Finding::Baseline,
            (.., Some(detectable)) => Finding::Open(detectable),
            (.., None) => Finding::Closed,
        }
    }

    /// `STARE`, or the experiment's name where it is not the data set's.
    fn title(&self) -> String {
        let experiment = &self.settings.experiment;
        if experiment == self.settings.dataset.name() {
            return self.settings.dataset.title().to_string();
        }
        experiment.clone()
    }

    fn seeds(&self) -> String {
        count(self.analysis.seeds.len(), "seed", "seeds")
    }
}

/// `1, 6, 12, 18 (+1.20 points)`
fn by(cell: &Cell) -> String {
    let difference = points(cell.difference.unwrap_or(f64::NAN));
    format!("{} ({difference} points)", rates(&cell.rates))
}

/// `a, b and c`
fn listed(parts: &[String], word: &str) -> String {
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {word} {last}", rest.join(", ")),
        _ => parts.concat(),
    }
}
