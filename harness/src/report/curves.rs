//! Training curves: the loss, and the scores on the way.

use super::material::{Curve, Report, ReportedExperiment};
use super::parts::{figure as drawn, missing, rates, set};
use crate::support::plot::{Chart, ChartAxis, ChartLine, Figure, FigureContent};
use anyhow::Result;
use maud::{Markup, html};

/// The plots of an experiment: the loss, and the scores on the way where there are some.
pub(super) fn figures(experiment: &ReportedExperiment) -> Vec<Figure> {
    let curves = &experiment.curves.curves;
    let of = |pick: fn(&Curve) -> &[(f64, f64)], scale: f64| -> Vec<ChartLine> {
        let lines = curves.iter().enumerate().filter(|(_, curve)| !pick(curve).is_empty());
        let line = |(index, curve): (usize, &Curve)| {
            let values: Vec<_> = pick(curve).iter().map(|(x, y)| (*x, scale * y)).collect();
            ChartLine::curve(rates(&curve.rates), index, &values)
        };
        lines.map(line).collect()
    };
    let figure = |name: &str, what: String, lines: Vec<ChartLine>| {
        let points = || lines.iter().flat_map(|line| &line.points);
        let (x, y) = (
            ChartAxis::from_zero("iteration", points().map(|point| point.x)),
            ChartAxis::linear(what.clone(), points().map(|point| point.y)),
        );
        Figure {
            name: format!("{name}-{}", experiment.slug),
            description: format!("{what} of {} against the iteration", experiment.title()),
            content: FigureContent::Chart(Chart { x, y, lines, guides: Vec::new() }),
        }
    };
    let all = [
        ("loss", "training loss".to_owned(), of(|curve| &curve.loss, 1.0)),
        ("evaluations", format!("{} in percent", experiment.section.metric), of(|curve| &curve.evaluations, 100.0)),
    ];
    all.into_iter()
        .filter(|(.., lines)| !lines.is_empty())
        .map(|(name, what, lines)| figure(name, what, lines))
        .collect()
}

/// The section on training.
///
/// # Errors
/// A plot that cannot be drawn.
pub(super) fn section(report: &Report) -> Result<Markup> {
    let parts: Vec<(&ReportedExperiment, Vec<Markup>)> = report
        .experiments
        .iter()
        .map(|experiment| {
            let figures = figures(experiment);
            let seeds = experiment.curves.curves.iter().map(|curve| curve.seeds).max().unwrap_or(0);
            let over = if seeds > 1 { format!(", mean over up to {seeds} seeds") } else { ", one seed".into() };
            let caption = |figure: &Figure| format!("{}{over}.", figure.description);
            let drawn: Result<Vec<Markup>> = figures.iter().map(|figure| drawn(figure, &caption(figure))).collect();
            Ok((experiment, drawn?))
        })
        .collect::<Result<_>>()?;
    Ok(html! {
        section id="curves" {
            h2 { "Training" }
            @for (experiment, figures) in parts {
                @let body = html! {
                    div.pair { @for figure in figures { (figure) } }
                    (missing("Missing: ", &experiment.curves.missing))
                    @if experiment.curves.curves.is_empty() && experiment.curves.missing.is_empty() {
                        p.missing { "Missing: no log was read." }
                    }
                };
                (set(report, &format!("{}-curves", experiment.id), &experiment.title(), None, body))
            }
        }
    })
}
