//! What several sections are made of.

use crate::conclusions::format::{self, range};
pub(super) use crate::conclusions::format::{count, points, rates, rates_beside, score};
use crate::conclusions::statistics::Interval;
use crate::support::plot::Figure;
use anyhow::Result;
use maud::{Markup, PreEscaped, html};

/// A table that scrolls by itself where the screen is narrow. `label` names it for those who cannot
/// see where it is.
pub(super) fn table(label: &str, header: &[&str], lines: &[Vec<Markup>]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table {
                thead { tr { @for name in header { th scope="col" { (name) } } } }
                tbody {
                    @for line in lines {
                        tr {
                            @for (column, cell) in line.iter().enumerate() {
                                @if column == 0 { th scope="row" { (cell) } }
                                @else if cell.0.chars().count() > LONG { td.long { (cell) } }
                                @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Characters beyond which a cell is broken into lines.
const LONG: usize = 32;

/// A plot with its caption, and the same numbers as a table.
///
/// # Errors
/// A plot that cannot be drawn.
pub(super) fn figure(figure: &Figure, caption: &str) -> Result<Markup> {
    let svg = figure.inline()?;
    let lines: Vec<Vec<Markup>> = figure
        .chart
        .lines
        .iter()
        .flat_map(|line| {
            let step = line.points.len().div_ceil(MOST_LINES).max(1);
            line.points.iter().step_by(step).map(move |point| {
                let interval =
                    point.interval.map_or_else(|| "-".into(), |(low, high)| format!("{low:.3} to {high:.3}"));
                let name = if line.name.is_empty() { "-" } else { &line.name };
                [name.to_owned(), short(point.x), format!("{:.3}", point.y), interval]
                    .map(|text| html! { (text) })
                    .to_vec()
            })
        })
        .collect();
    let header = ["series", &figure.chart.x.label, &figure.chart.y.label, "95 % interval"];
    Ok(html! {
        figure {
            (PreEscaped(svg))
            figcaption { (caption) }
            details {
                summary { "The numbers" }
                (table(&format!("Numbers of: {caption}"), &header, &lines))
            }
        }
    })
}

/// Lines that the table of a curve has at most.
const MOST_LINES: usize = 12;

fn short(value: f64) -> String {
    if value >= 10.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

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
