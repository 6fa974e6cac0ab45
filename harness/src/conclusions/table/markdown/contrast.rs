//! The rates of a section beside its baseline.

use crate::conclusions::format::{interval, p_value, points, rates};
use crate::conclusions::grid::grid;
use crate::conclusions::table::cell::Cell;
use crate::conclusions::table::cell_verdict::CellVerdict;
use crate::conclusions::table::section::Section;

/// How the second table of a section is to be read.
pub(super) const LEGEND: &str = "Intervals hold 95 %. Rates are compared with the baseline seed by seed (paired t-test) and \
image by image (paired bootstrap); p is the larger of the two, corrected for the number of rates (Holm), and below 0.05 beyond \
noise. d is the mean of the seeds' differences over their standard deviation. The formulas: docs/reference/statistics.md.\n\n";

/// A table of the differences; empty where there is nothing to compare.
pub(super) fn text(section: &Section) -> String {
    let Some(baseline) = section.baseline_cell().filter(|_| section.cells.len() > 1) else { return String::new() };
    let header = ["rates", "difference", "95 % by seed", "95 % by image", "p", "d", "verdict"];
    let others = section.cells.iter().filter(|cell| cell.verdict != CellVerdict::Baseline);
    let lines: Vec<_> = others.map(line).collect();
    let against = rates(&baseline.rates);
    format!("{} minus the baseline's ({against}), in points:\n\n{}\n", section.metric, grid(&header, &lines))
}

fn line(cell: &Cell) -> Vec<String> {
    let bold = |text: String| if cell.winner { format!("**{text}**") } else { text };
    let difference = cell.difference;
    let none = || "-".to_owned();
    vec![
        bold(rates(&cell.rates)),
        difference.map_or_else(none, |difference| points(difference.mean)),
        interval(difference.and_then(|difference| difference.interval), points),
        interval(difference.and_then(|difference| difference.images), points),
        p_value(cell.p_corrected),
        difference.and_then(|difference| difference.effect_size).map_or_else(none, |d| format!("{d:+.2}")),
        bold(cell.verdict.to_string()),
    ]
}

/// What can be said of the best rates, in a few words.
pub(super) fn verdict(section: &Section) -> String {
    let Some(best) = section.best().next() else { return "-".into() };
    match (best.winner, best.verdict) {
        (true, CellVerdict::Baseline) => "all others are worse".into(),
        (true, _) => "better than the baseline".into(),
        (false, CellVerdict::Baseline) => doubt(section).map_or_else(|| "nothing to compare".into(), |v| v.to_string()),
        (false, verdict) => verdict.to_string(),
    }
}

/// Why a baseline with the highest mean does not win.
fn doubt(section: &Section) -> Option<CellVerdict> {
    let verdicts = || section.cells.iter().map(|cell| cell.verdict);
    let certain = [CellVerdict::Baseline, CellVerdict::Worse];
    verdicts()
        .find(|verdict| *verdict == CellVerdict::WithinNoise)
        .or_else(|| verdicts().find(|v| !certain.contains(v)))
}

/// Who wins, or why nobody does; `None` without scores.
pub(super) fn note(section: &Section) -> Option<String> {
    let best = section.best().next()?;
    let metric = section.metric;
    Some(match (best.winner, best.verdict) {
        (true, CellVerdict::Baseline) => {
            format!("In bold: the baseline is best by {metric}, and all others are worse.")
        }
        (true, _) => format!(
            "In bold: best by {metric}, and better than the baseline. Other rates are compared with the baseline, not with \
             each other."
        ),
        (false, CellVerdict::Baseline) => format!("No winner: the baseline is best by {metric}; {}.", verdict(section)),
        (false, CellVerdict::WithinNoise) => {
            format!("No winner: {} are best by {metric}, within noise of the baseline.", rates(&best.rates))
        }
        (false, verdict) => format!("No winner: {} are best by {metric}; {verdict}.", rates(&best.rates)),
    })
}
