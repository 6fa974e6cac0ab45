//! The headline: the best rates of each experiment, beside the published values, and whether they
//! win.

use super::material::{Report, ReportedExperiment};
use super::parts::{count, interval, percent, points, rates_beside, score, table};
use crate::conclusions::table::{Cell, Section};
use crate::conclusions::verdict::ExperimentVerdict;
use maud::{Markup, html};

pub(super) fn section(report: &Report) -> Markup {
    let header = [
        "experiment",
        "data set",
        "best rates",
        "ρ",
        "metric",
        "here",
        "95 % interval",
        "beside the baseline",
        "published",
        "difference",
    ];
    let lines: Vec<_> = report.experiments.iter().map(line).collect();
    let runs: usize = report.experiments.iter().flat_map(|e| &e.section.cells).map(|cell| cell.runs).sum();
    html! {
        section id="headline" {
            h2 { "Best rates" }
            @for sentence in &report.answer { p.answer { (sentence) } }
            p {
                (count(runs, "finished run", "finished runs")) " of " (count(report.experiments.len(), "experiment", "experiments"))
                @if report.unfinished > 0 { "; " (count(report.unfinished, "run has", "runs have")) " not ended yet and " @if report.unfinished == 1 { "is" } @else { "are" } " not in it" }
                ". Scores in percent, mean ± standard deviation over seeds; ρ is the largest rate over the size of the map that the ASPP sees."
            }
            (table("Best rates of each experiment", &header, &lines))
            ul {
                @for experiment in &report.experiments {
                    @for note in experiment.section.notes() {
                        li { b { (experiment.name()) ": " } (note) }
                    }
                }
            }
            (expectations(report))
        }
    }
}

/// Whether experiments whose answer is known show it; nothing where none is.
fn expectations(report: &Report) -> Markup {
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
            h3 id="expectations" { "What was expected" }
            p {
                b { (verdicts.summary()) }
                " Differences in points, judged for other seeds and other subjects; p corrected for all comparisons of an experiment."
            }
            (table("What was expected of each experiment", &header, &lines))
        }
    }
}

fn line(experiment: &ReportedExperiment) -> Vec<Markup> {
    let Section { settings, baseline, metric, comparison, .. } = &experiment.section;
    let best: Vec<&Cell> = experiment.section.best().collect();
    let first = best.first().copied();
    let rates: Vec<String> = best.iter().map(|cell| rates_beside(&cell.rates, baseline)).collect();
    let statistic = first.and_then(|cell| cell.score(*metric));
    let comparison = comparison.as_ref();
    let obstacle = comparison.and_then(|comparison| comparison.obstacle.as_ref());
    let difference = match (obstacle, comparison.and_then(|comparison| comparison.difference(first?))) {
        (Some(obstacle), _) => format!("not comparable: {obstacle}"),
        (None, Some(difference)) => points(difference),
        (None, None) => "-".into(),
    };
    let texts = [
        settings.dataset.title().to_owned(),
        if rates.is_empty() { "-".into() } else { rates.join("; ") },
        first.map_or_else(|| "-".into(), |cell| format!("{:.2}", cell.relative_rate)),
        metric.to_string(),
        score(statistic),
        interval(statistic.and_then(|statistic| statistic.interval)),
        experiment.section.conclusion(),
        percent(comparison.map(|comparison| comparison.reference.value_fraction)),
        difference,
    ];
    let link = html! { a href={ "#" (experiment.id) "-scores" } { (experiment.name()) } };
    std::iter::once(link).chain(texts.into_iter().map(|text| html! { (text) })).collect()
}
