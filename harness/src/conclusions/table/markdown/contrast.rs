//! The rates of a section beside its baseline.

use crate::conclusions::analysis::Contrast;
use crate::conclusions::format::{count, interval, p_value, percent, points, rates};
use crate::conclusions::grid::grid;
use crate::conclusions::table::cell::Cell;
use crate::conclusions::table::cell_verdict::CellVerdict;
use crate::conclusions::table::section::Section;

/// How the second table of a section is to be read.
pub(super) const LEGEND: &str = "Differences are judged for other seeds and other subjects (crossed random effects). \
Intervals of differences hold 95 % together for all rates of a section (Dunnett); p is corrected in the same way, and below 0.05 \
exactly where the interval excludes 0. The formulas: docs/reference/statistics.md.\n\n";

/// A table of the differences; empty where there is nothing to compare.
pub(super) fn text(section: &Section) -> String {
    let Some(baseline) = section.baseline_cell().filter(|_| section.cells.len() > 1) else { return String::new() };
    let header = ["rates", "difference", "95 %", "p", "verdict"];
    let lines: Vec<_> = section.others().map(|cell| line(cell, section.margin)).collect();
    let against = rates(&baseline.rates);
    format!("{} minus the baseline's ({against}), in points:\n\n{}\n", section.metric, grid(&header, &lines))
}

fn line(cell: &Cell, margin: f64) -> Vec<String> {
    let bold = |text: String| if cell.winner { format!("**{text}**") } else { text };
    vec![
        bold(rates(&cell.rates)),
        cell.difference.map_or_else(|| "-".to_owned(), points),
        interval(cell.contrast.map(|contrast| contrast.interval), points),
        p_value(cell.contrast.map(|contrast| contrast.p)),
        bold(cell.verdict_in_words(margin)),
    ]
}

impl Cell {
    /// The verdict with its number: `equal within 0.5`, `undetermined (2.24 would have been
    /// found)`.
    pub fn verdict_in_words(&self, margin: f64) -> String {
        match (self.verdict, self.contrast) {
            (CellVerdict::Equal, _) => format!("equal within {}", 100.0 * margin),
            (CellVerdict::Undetermined, Some(Contrast { detectable, .. })) => {
                format!("undetermined ({} would have been found)", percent(detectable))
            }
            (verdict, _) => verdict.to_string(),
        }
    }
}

/// What can be said of the best rates, in a few words.
pub(super) fn verdict(section: &Section) -> String {
    let Some(best) = section.best().next() else { return "-".into() };
    match (best.winner, best.verdict) {
        (true, CellVerdict::Baseline) => "all others are worse".into(),
        (true, _) => "better than the baseline".into(),
        (false, CellVerdict::Baseline) => {
            doubt(section).map_or_else(|| "nothing to compare".into(), |cell| cell.verdict_in_words(section.margin))
        }
        (false, _) => best.verdict_in_words(section.margin),
    }
}

/// The other cell that keeps a baseline with the highest mean from winning: an undetermined one,
/// where there is one.
fn doubt(section: &Section) -> Option<&Cell> {
    let open = section.others().find(|cell| cell.verdict == CellVerdict::Undetermined);
    open.or_else(|| section.others().find(|cell| cell.verdict != CellVerdict::Worse))
}

/// Who wins, or why nobody does; `None` without scores.
pub(super) fn note(section: &Section) -> Option<String> {
    let best = section.best().next()?;
    let (metric, verdict) = (section.metric, verdict(section));
    Some(match (best.winner, best.verdict) {
        (true, CellVerdict::Baseline) => {
            format!("In bold: the baseline is best by {metric}, and all others are worse.")
        }
        (true, _) => format!(
            "In bold: best by {metric}, and better than the baseline. Other rates are compared with the baseline, not with \
             each other."
        ),
        (false, CellVerdict::Baseline) => format!("No winner: the baseline is best by {metric}; {verdict}."),
        (false, _) => format!("No winner: {} are best by {metric}; {verdict}.", rates(&best.rates)),
    })
}

/// What the comparisons rest on, the best score without the luck of the choice, what context is
/// worth.
pub(super) fn grounds(section: &Section) -> Vec<String> {
    let mut notes = Vec::new();
    let analysis = &section.analysis;
    if section.others().any(|cell| cell.contrast.is_some()) {
        let [seeds, subjects, images] =
            [(analysis.seeds.len(), "seed"), (analysis.subjects, "subject"), (analysis.images, "image")]
                .map(|(number, noun)| count(number, noun, &format!("{noun}s")));
        let images = if analysis.images == analysis.subjects { String::new() } else { format!(" ({images})") };
        notes.push(format!("Compared over {seeds} and {subjects}{images}."));
        if !analysis.left_out.is_empty() {
            let seeds: Vec<String> = analysis.left_out.iter().map(u64::to_string).collect();
            notes.push(format!("Left out, as some rates lack them: seeds {}.", seeds.join(", ")));
        }
    }
    if let Some(score) = section.cross_fitted {
        notes.push(format!(
            "The best score, {} here, is {} where the rates are chosen on other subjects than they are scored on.",
            section
                .best()
                .next()
                .and_then(|best| best.score(section.metric))
                .map_or_else(|| "-".into(), |s| percent(s.mean)),
            percent(score)
        ));
    }
    if let Some(context) = &section.context {
        let Contrast { difference, interval: range, .. } = context.contrast;
        notes.push(format!(
            "What context from the ASPP is worth here: {} points (95 %: {}), the best rates, so chosen, minus {}.",
            points(difference),
            interval(Some(range), points),
            rates(&context.dead)
        ));
    }
    notes
}
