//! What several sections are made of.

use super::material::Report;
use crate::conclusions::format::{self, range};
pub(super) use crate::conclusions::format::{count, points, rates, rates_beside, score};
use crate::conclusions::statistics::Interval;
use crate::support::plot::{Chart, ChartLine, ChartPoint, Figure, FigureContent};
use anyhow::Result;
use maud::{Markup, PreEscaped, html};

/// A table that scrolls by itself where the screen is narrow. `label` names it for those who cannot
/// see where it is.
pub(super) fn table<S: AsRef<str>>(label: &str, header: &[S], lines: &[Vec<Markup>]) -> Markup {
    tabular("scroll", label, header, lines)
}

/// A table that is a card per line where the screen is narrow.
pub(super) fn cards<S: AsRef<str>>(label: &str, header: &[S], lines: &[Vec<Markup>]) -> Markup {
    tabular("scroll cards", label, header, lines)
}

fn tabular<S: AsRef<str>>(class: &str, label: &str, header: &[S], lines: &[Vec<Markup>]) -> Markup {
    html! {
        div class=(class) tabindex="0" role="region" aria-label=(label) {
            table {
                thead { tr { @for name in header { th scope="col" { (name.as_ref()) } } } }
                tbody {
                    @for line in lines {
                        tr {
                            @for (column, cell) in line.iter().enumerate() {
                                @let name = header[column].as_ref();
                                @if column == 0 { th scope="row" { (cell) } }
                                @else if cell.0.chars().count() > LONG { td.long data-label=(name) { (cell) } }
                                @else { td data-label=(name) { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Characters beyond which a cell is broken into lines.
const LONG: usize = 24;

/// Something to be opened.
pub(super) fn details(summary: &str, body: Markup) -> Markup {
    html! { details { summary { (summary) } (body) } }
}

/// The part of one experiment in a section: under its heading, or collapsed where there are many;
/// then with a sentence, where there is one.
pub(super) fn set(report: &Report, id: &str, title: &str, sentence: Option<&str>, body: Markup) -> Markup {
    let heading = html! { h3 id=(id) { (title) } };
    html! {
        @if report.experiments.len() > MANY {
            details.set {
                summary { (heading) @if let Some(sentence) = sentence { span.said { (sentence) } } }
                (body)
            }
        } @else {
            (heading)
            (body)
        }
    }
}

/// More experiments than this are collapsed.
const MANY: usize = 3;

/// A plot with its caption; of a chart the same numbers as a table.
///
/// # Errors
/// A plot that cannot be drawn.
pub(super) fn figure(figure: &Figure, caption: &str) -> Result<Markup> {
    let svg = figure.inline()?;
    Ok(html! {
        figure {
            (PreEscaped(svg))
            figcaption { (caption) }
            @if let FigureContent::Chart(chart) = &figure.content { (numbers(chart, caption)) }
        }
    })
}

fn numbers(chart: &Chart, caption: &str) -> Markup {
    let line = |line: &ChartLine, point: &ChartPoint| {
        let interval = point
            .interval
            .map_or_else(|| "-".into(), |(low, high)| format!("{} to {}", chart.y.value(low), chart.y.value(high)));
        let name = if line.name.is_empty() { "-" } else { &line.name };
        [name.to_owned(), chart.x.value(point.x), chart.y.value(point.y), interval]
            .map(|text| html! { (text) })
            .to_vec()
    };
    let all = chart.lines.iter().flat_map(|own| own.shown().map(move |point| line(own, point)));
    let header = ["series", &chart.x.label, &chart.y.label, "95 % interval"];
    details("The numbers", table(&format!("Numbers of: {caption}"), &header, &all.collect::<Vec<_>>()))
}

/// What could not be read, each with why: the first few, and the rest to be opened.
pub(super) fn missing(before: &str, texts: &[String]) -> Markup {
    let (first, rest) = texts.split_at(texts.len().min(FIRST));
    let line = |text: &String| html! { p.missing { (before) (text) } };
    html! {
        @for text in first { (line(text)) }
        @if !rest.is_empty() {
            (details(&format!("{} more", rest.len()), html! { @for text in rest { (line(text)) } }))
        }
    }
}

/// Lines that are missing and stand open.
const FIRST: usize = 2;

/// A fraction in percent, `-` for none.
pub(super) fn percent(fraction: Option<f64>) -> String {
    fraction.filter(|value| !value.is_nan()).map_or_else(|| "-".into(), format::percent)
}

/// `80.10 to 82.30`, in percent; `unknown` for one seed.
pub(super) fn interval(interval: Option<Interval>) -> String {
    interval.map_or_else(|| "unknown".into(), |Interval { low, high }| range(low, high, format::percent))
}

/// An error with its causes, on one line.
pub(super) fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}
