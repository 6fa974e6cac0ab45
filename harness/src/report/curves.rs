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

/// The loss of all experiments in one plot, with the baseline's rates where they have a curve;
/// `None` where there are fewer than two.
pub(super) fn together(report: &Report) -> Option<Figure> {
    let curve = |experiment: &ReportedExperiment| {
        let curves = &experiment.curves.curves;
        let own = curves.iter().find(|curve| curve.rates == experiment.section.baseline).or(curves.first())?;
        Some((format!("{}, {}", experiment.title(), rates(&own.rates)), own.loss.clone()))
    };
    let found = report.experiments.iter().filter_map(curve).enumerate();
    let lines: Vec<ChartLine> = found.map(|(index, (name, loss))| ChartLine::curve(name, index, &loss)).collect();
    let points = || lines.iter().flat_map(|line| &line.points);
    let x = ChartAxis::from_zero("iteration", points().map(|point| point.x));
    let y = ChartAxis::linear("training loss", points().map(|point| point.y));
    (lines.len() > 1).then(|| Figure {
        name: "loss-all".into(),
        description: "training loss of all experiments against the iteration".into(),
        content: FigureContent::Chart(Chart { x, y, lines, guides: Vec::new() }),
    })
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
    let caption = "Training loss of all experiments with the baseline's rates, means over seeds.";
    let all = together(report).map(|figure| drawn(&figure, caption)).transpose()?;
    Ok(html! {
        section id="curves" {
            h2 { "Training" }
            @if let Some(all) = all { (all) }
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
