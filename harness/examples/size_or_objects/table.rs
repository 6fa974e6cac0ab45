//! The text that is printed, in Markdown.

use crate::design::{CROPS, Cell, Endpoint, LARGEST_RATES, dead_rate};
use crate::family::Family;
use crate::scores::{Fold, PartScores};
use atrous_harness::conclusions::statistics::mean;
use std::fmt::Write;

/// What the columns of endpoints are.
pub const HEADER: [&str; 7] = ["data set", "endpoint", "estimate", "95 %", "p", "verdict", "seeds, subjects"];

/// Tables of the scores of `part`, and of endpoints of `judged`: itself, or what it has above the
/// same runs at full scale. Where runs collapsed, once more without their seeds.
pub fn text(part: &PartScores, judged: &PartScores, asked: &[Endpoint]) -> String {
    let mut text = String::new();
    for (kind, folds) in &part.0 {
        let header = score_header(kind.title());
        let _ = writeln!(text, "| {} |\n|{}", header.join(" | "), "---|".repeat(header.len()));
        for line in score_lines(folds) {
            let _ = writeln!(text, "| {} |", line.join(" | "));
        }
        text.push('\n');
    }
    text += &endpoints("all runs", &Family::of(judged, asked));
    let collapsed = judged.collapsed();
    let _ = writeln!(text, "\n{collapsed} runs collapsed (they never predict a class).");
    if collapsed > 0 {
        let without = Family::of(&judged.without_collapsed(), asked);
        text += &endpoints("without the seeds of collapsed runs", &without);
    }
    text
}

pub fn score_header(title: &str) -> Vec<String> {
    let rates = LARGEST_RATES.iter().map(|rate| format!("r = {rate}"));
    [format!("{title}, mDice in %")].into_iter().chain(rates).chain(["dead".to_owned()]).collect()
}

/// Mean scores by crop and largest rate, and the seeds behind each.
pub fn score_lines(folds: &[Fold]) -> Vec<Vec<String>> {
    let line = |crop: usize| {
        let own = (LARGEST_RATES.iter().copied()).filter(|rate| *rate != dead_rate(crop));
        let mut line: Vec<String> = own.map(|rate| cell(folds, (crop, rate))).collect();
        if line.len() < LARGEST_RATES.len() {
            line.push("-".to_owned());
        }
        line.push(cell(folds, (crop, dead_rate(crop))));
        line.insert(0, format!("crop {crop}"));
        line
    };
    CROPS.into_iter().map(line).collect()
}

fn cell(folds: &[Fold], cell: Cell) -> String {
    let scores = folds.iter().filter_map(|fold| fold.scores.get(&cell)).flat_map(|seeds| seeds.values());
    let means: Vec<f64> = scores.map(|subjects| mean(&subjects.values().copied().collect::<Vec<_>>())).collect();
    match means.len() {
        0 => "-".to_owned(),
        seeds => format!("{:.2} ({seeds})", 100.0 * mean(&means)),
    }
}

fn endpoints(title: &str, family: &Family) -> String {
    let mut text = format!("Endpoints in points, {title}; {}.\n\n", family.said());
    let _ = writeln!(text, "| {} |\n|{}", HEADER.join(" | "), "---|".repeat(HEADER.len()));
    for member in &family.0 {
        let _ = writeln!(text, "| {} | {} | {} |", member.kind.title(), member.name(), member.cells().join(" | "));
    }
    text
}
