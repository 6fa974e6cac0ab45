//! The text that is printed.

use crate::design::{CROPS, Cell, Endpoint, LARGEST_RATES, context, dead_rate, halved_objects, size_or_objects};
use crate::endpoint::{EndpointVerdict, Estimate};
use crate::scores::{Fold, PartScores};
use atrous_data::DatasetKind;
use atrous_harness::conclusions::statistics::{holm, mean};
use std::fmt::Write;

/// Tables of scores and of P1 and P2.
pub fn text(part: &PartScores) -> String {
    scores_of(part) + &judged(part, &[context(), size_or_objects()])
}

/// Tables of the scores of images at half scale, and of P3: `pairs` is what these have above the
/// same runs at full scale.
pub fn paired_text(half: &PartScores, pairs: &PartScores) -> String {
    scores_of(half) + &judged(pairs, &[halved_objects()])
}

fn scores_of(part: &PartScores) -> String {
    part.0.iter().map(|(kind, folds)| scores(*kind, folds)).collect()
}

/// Endpoints of all runs and, where some collapsed, without their seeds.
fn judged(part: &PartScores, asked: &[Endpoint]) -> String {
    let all: Vec<_> = part.0.iter().map(|(kind, folds)| (*kind, folds.clone())).collect();
    let mut text = endpoints("all runs", &all, asked);
    let collapsed: usize = part.0.values().flatten().flat_map(|fold| fold.collapsed.values()).sum();
    let _ = writeln!(text, "\n{collapsed} runs collapsed (they never predict a class).");
    if collapsed > 0 {
        let without = part.0.iter().map(|(kind, folds)| (*kind, folds.iter().map(Fold::without_collapsed).collect()));
        text += &endpoints("without the seeds of collapsed runs", &without.collect::<Vec<_>>(), asked);
    }
    text
}

/// Mean scores by crop and largest rate, and the seeds behind each.
fn scores(kind: DatasetKind, folds: &[Fold]) -> String {
    let rates = LARGEST_RATES.iter().map(|rate| format!(" r = {rate} |")).collect::<String>();
    let mut text = format!("| {}, mDice in % |{rates} dead |\n|---|{}---|\n", kind.title(), "---|".repeat(5));
    for crop in CROPS {
        let own = (LARGEST_RATES.iter().copied()).filter(|rate| *rate != dead_rate(crop));
        let cells = own.map(|rate| cell(folds, (crop, rate)));
        let mut line: Vec<String> = cells.collect();
        if line.len() < LARGEST_RATES.len() {
            line.push("-".to_owned());
        }
        line.push(cell(folds, (crop, dead_rate(crop))));
        let _ = writeln!(text, "| crop {crop} | {} |", line.join(" | "));
    }
    text + "\n"
}

fn cell(folds: &[Fold], cell: Cell) -> String {
    let scores = folds.iter().filter_map(|fold| fold.scores.get(&cell)).flat_map(|seeds| seeds.values());
    let means: Vec<f64> = scores.map(|subjects| mean(&subjects.values().copied().collect::<Vec<_>>())).collect();
    match means.len() {
        0 => "-".to_owned(),
        seeds => format!("{:.2} ({seeds})", 100.0 * mean(&means)),
    }
}

/// The endpoints of all data sets: one family of tests.
fn endpoints(title: &str, sets: &[(DatasetKind, Vec<Fold>)], asked: &[Endpoint]) -> String {
    let tests = asked.len() * sets.len();
    let mut lines = Vec::new();
    for (kind, folds) in sets {
        for endpoint in asked {
            lines.push((kind.title(), endpoint, Estimate::of(endpoint, folds)));
        }
    }
    let p: Vec<f64> = lines.iter().map(|(.., found)| found.as_ref().map_or(1.0, Estimate::p)).collect();
    let family = match tests {
        1 => "one test; intervals hold 95 %".to_owned(),
        tests => format!("p by Holm, intervals hold 95 % together for {tests} tests"),
    };
    let mut text = format!("Endpoints in points, {title}; {family}.\n\n");
    text +=
        "| data set | endpoint | estimate | 95 % | p | verdict | seeds, subjects |\n|---|---|---|---|---|---|---|\n";
    for ((set, endpoint, found), corrected) in lines.iter().zip(holm(&p)) {
        let _ = match found {
            Err(missing) => {
                writeln!(text, "| {set} | {}, {} | | | | not judged: {missing} | |", endpoint.name, endpoint.question)
            }
            Ok(estimate) => writeln!(
                text,
                "| {set} | {}, {} | {} |",
                endpoint.name,
                endpoint.question,
                line(estimate, corrected, tests)
            ),
        };
    }
    text
}

fn line(estimate: &Estimate, corrected: f64, tests: usize) -> String {
    let interval = estimate.interval(tests);
    let verdict = match estimate.verdict(corrected, tests) {
        EndpointVerdict::Positive => "positive".to_owned(),
        EndpointVerdict::Negative => "negative".to_owned(),
        EndpointVerdict::Equal => "equal within 0.5".to_owned(),
        EndpointVerdict::Undetermined => {
            format!("undetermined ({:.2} would have been found)", 100.0 * estimate.detectable(tests))
        }
    };
    let [mean, low, high] = [estimate.mean.difference, interval.low, interval.high].map(|value| 100.0 * value);
    let (seeds, subjects) = (estimate.seeds, estimate.subjects);
    format!("{mean:+.2} | {low:+.2} to {high:+.2} | {corrected:.3} | {verdict} | {seeds}, {subjects}")
}
