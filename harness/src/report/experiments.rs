//! The experiments, one part each: the figure that answers, and the table beside it.

use super::forest;
use super::material::{Report, ReportedExperiment};
use super::parts::{cards, details, figure as drawn, interval, points, rates, score, set};
use super::scores;
use crate::conclusions::format::{self, p_value, percent};
use crate::conclusions::table::{Cell, CellVerdict};
use anyhow::Result;
use maud::{Markup, html};

/// The parts of all experiments.
///
/// # Errors
/// A plot that cannot be drawn.
pub(super) fn section(report: &Report) -> Result<Markup> {
    let parts: Vec<Markup> = report.experiments.iter().map(|e| part(report, e)).collect::<Result<_>>()?;
    Ok(html! {
        section id="scores" {
            h2 { "Rates and scores" }
            @for part in parts { (part) }
            (scores::together(report)?)
        }
    })
}

fn part(report: &Report, experiment: &ReportedExperiment) -> Result<Markup> {
    let section = &experiment.section;
    let name = experiment.name();
    let answer = section.answer();
    let body = html! {
        @if report.experiments.len() > 1 { p.answer { (answer) } }
        div.split {
            (drawn(&forest::figure(experiment), &forest::caption(experiment))?)
            div {
                (cards(&format!("Rates of {name} beside the baseline"), &header(experiment), &lines(experiment)))
                ul.notes { @for note in section.remarks() { li { (note) } } }
            }
        }
        p.facts { (section.protocol()) }
        (details("All scores and tests", cards(&format!("All scores of {name}"), &ALL, &all(experiment))))
        (details("Scores of each seed", seeds(experiment)))
        (details("Score against the relative rate", drawn(&scores::figure(experiment), &scores::caption(experiment))?))
    };
    Ok(set(report, &format!("{}-scores", experiment.id), &experiment.title(), Some(&answer), body))
}

fn header(experiment: &ReportedExperiment) -> [String; 6] {
    let metric = experiment.section.metric.to_string();
    ["rates", "runs", &metric, "minus baseline", "95 %", "verdict"].map(str::to_owned)
}

fn lines(experiment: &ReportedExperiment) -> Vec<Vec<Markup>> {
    let section = &experiment.section;
    let line = |cell: &Cell| {
        vec![
            named(cell),
            html! { (cell.runs) },
            html! { (score(cell.score(section.metric))) },
            html! { (cell.difference.map_or_else(|| "-".into(), points)) },
            html! { (format::interval(cell.contrast.map(|contrast| contrast.interval), points)) },
            html! { (cell.verdict_in_words(section.margin)) },
        ]
    };
    section.cells.iter().map(line).collect()
}

/// The rates of a cell with what is special about them.
fn named(cell: &Cell) -> Markup {
    html! {
        @if cell.winner { b { (rates(&cell.rates)) } } @else { (rates(&cell.rates)) }
        @if cell.verdict == CellVerdict::Baseline { " " span.tag { "baseline" } }
        @if cell.winner { " " span.tag { "winner" } }
        @if cell.dead { " " span.tag { "no context" } }
    }
}

const ALL: [&str; 10] =
    ["rates", "ρ", "runs", "failed", "collapsed", "mIoU", "mDice", "aAcc", "95 % of the mean", "p of the difference"];

fn all(experiment: &ReportedExperiment) -> Vec<Vec<Markup>> {
    let metric = experiment.section.metric;
    let line = |cell: &Cell| {
        let texts = [
            format::relative_rate(cell.relative_rate),
            cell.runs.to_string(),
            cell.failed.len().to_string(),
            cell.collapsed.len().to_string(),
            score(cell.miou),
            score(cell.mdice),
            score(cell.aacc),
            interval(cell.score(metric).and_then(|statistic| statistic.interval)),
            p_value(cell.contrast.map(|contrast| contrast.p)),
        ];
        std::iter::once(named(cell)).chain(texts.into_iter().map(|text| html! { (text) })).collect()
    };
    experiment.section.cells.iter().map(line).collect()
}

/// A line per list of rates, a column per seed.
fn seeds(experiment: &ReportedExperiment) -> Markup {
    let metric = experiment.section.metric;
    let mut seeds: Vec<u64> = experiment.rows.iter().map(|row| row.settings().seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let header: Vec<String> =
        std::iter::once("rates".to_owned()).chain(seeds.iter().map(|seed| format!("seed {seed}"))).collect();
    let line = |cell: &Cell| {
        let score = |seed: &u64| {
            let run = experiment.finished(&cell.rates).find(|(row, _)| row.settings().seed == *seed);
            let score = run.map(|(_, result)| metric.of(&result.scores)).filter(|score| !score.is_nan());
            html! { (score.map_or_else(|| "-".into(), percent)) }
        };
        std::iter::once(named(cell)).chain(seeds.iter().map(score)).collect()
    };
    let lines: Vec<Vec<Markup>> = experiment.section.cells.iter().map(line).collect();
    cards(&format!("{metric} of each seed of {}", experiment.name()), &header, &lines)
}
