//! What several sections are made of.

use crate::conclusions::statistics::Interval;
use crate::conclusions::table::Statistic;
use crate::support::plot::Figure;
use anyhow::Result;
use maud::{Markup, PreEscaped, html};

/// A table that scrolls by itself where the screen is narrow. `label` names it for those who cannot see where it is.
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

/// Of a curve's table.
const MOST_LINES: usize = 12;

fn short(value: f64) -> String {
    if value >= 10.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

/// `1, 12, 24, 36`
pub(super) fn rates(rates: &[usize]) -> String {
    rates.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// `1, 12, 24, 36 (baseline)`
pub(super) fn rates_beside(own: &[usize], baseline: &[usize]) -> String {
    if own == baseline { format!("{} (baseline)", rates(own)) } else { rates(own) }
}

/// In percent, `-` for none.
pub(super) fn percent(fraction: Option<f64>) -> String {
    fraction.filter(|value| !value.is_nan()).map_or_else(|| "-".into(), |value| format!("{:.2}", 100.0 * value))
}

/// A difference in points, with its sign.
pub(super) fn points(fraction: f64) -> String {
    format!("{:+.2}", 100.0 * fraction)
}

/// `81.20 ± 0.35`: mean and standard deviation over seeds, in percent.
pub(super) fn score(statistic: Option<Statistic>) -> String {
    let Some(Statistic { mean, deviation, .. }) = statistic else { return "-".into() };
    match deviation {
        None => percent(Some(mean)),
        Some(deviation) => format!("{} ± {:.2}", percent(Some(mean)), 100.0 * deviation),
    }
}

/// `80.1 to 82.3`, in percent; `unknown` for one seed.
pub(super) fn interval(interval: Option<Interval>) -> String {
    interval
        .map_or_else(|| "unknown".into(), |Interval { low, high }| format!("{:.2} to {:.2}", 100.0 * low, 100.0 * high))
}

/// A count with its noun: `1 run`, `3 runs`.
pub(super) fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// An error with its causes, on one line.
pub(super) fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}
