//! The head of the page: the answer, and what it lacks.

use super::material::Report;
use super::parts::{cards, count};
use crate::conclusions::verdict::ExperimentVerdict;
use maud::{Markup, html};

/// The answer as the page's heading, with how many runs it rests on.
pub(super) fn heading(report: &Report) -> Markup {
    let runs: usize = report.experiments.iter().flat_map(|e| &e.section.cells).map(|cell| cell.runs).sum();
    html! {
        h1 id="headline" { (report.headline) }
        p.facts {
            (count(runs, "finished run", "finished runs")) " of " (count(report.experiments.len(), "experiment", "experiments"))
            ". Scores in percent, mean ± standard deviation over seeds; differences in points."
        }
        (missing(report))
    }
}

/// What is missing, each with the experiment that lacks it; nothing where nothing is.
fn missing(report: &Report) -> Markup {
    let one = report.experiments.len() == 1;
    let of = report.experiments.iter().flat_map(|experiment| {
        let name = (!one).then(|| experiment.title());
        experiment.section.missing().into_iter().map(move |text| (name.clone(), text))
    });
    let left = report.left.iter().filter_map(|(sweep, left)| Some((sweep.clone(), left.sentence()?)));
    let sentences: Vec<(Option<String>, String)> = left.chain(of).collect();
    html! {
        @if !sentences.is_empty() {
            div.lacking {
                b { "What is missing" }
                ul {
                    @for (name, text) in &sentences {
                        li { @if let Some(name) = name { b { (name) ": " } } (text) }
                    }
                }
            }
        }
    }
}

/// Whether experiments whose answer is known show it; nothing where none is.
pub(super) fn expectations(report: &Report) -> Markup {
    let verdicts = &report.verdicts;
    let header = ["experiment", "expected", "verdict", "because"];
    let line = |verdict: &ExperimentVerdict| {
        [
            verdict.experiment.clone(),
            verdict.expectation.answer.to_string(),
            verdict.word().to_owned(),
            verdict.reason(),
        ]
        .map(|text| html! { (text) })
        .to_vec()
    };
    let lines: Vec<_> = verdicts.0.iter().map(line).collect();
    html! {
        @if !lines.is_empty() {
            section id="expectations" {
                h2 { "What was expected" }
                p {
                    b { (verdicts.summary()) }
                    " Differences in points, judged for other seeds and other subjects; p corrected for all comparisons of an experiment."
                }
                (cards("What was expected of each experiment", &header, &lines))
            }
        }
    }
}
