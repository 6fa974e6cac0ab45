//! Scores against the relative rate: of one experiment, and of all on one scale.

use super::material::{Report, ReportedExperiment};
use super::parts::{cards, figure as drawn};
use crate::conclusions::guideline::{Optimum, Series, largest_whole_rate};
use crate::conclusions::table::Cell;
use crate::support::plot::{Chart, ChartAxis, ChartLine, ChartPoint, Figure, FigureContent, Guide};
use anyhow::Result;
use maud::{Markup, html};

const RELATIVE_RATE: &str = "relative rate ρ (largest rate / map size)";

/// All experiments on one scale, and the best relative rate of each; nothing where none has two.
///
/// # Errors
/// A plot that cannot be drawn.
pub(super) fn together(report: &Report) -> Result<Markup> {
    let all = all(report).map(|figure| drawn(&figure, &all_caption(report))).transpose()?;
    let header = ["experiment", "runs", "seeds", "relative rate of the highest score"];
    Ok(html! {
        @if let Some(all) = all {
            h3 id="together" { "All experiments on one scale" }
            div.split {
                (all)
                @if !report.evidence.series.is_empty() {
                    div {
                        (cards("Relative rate of the highest score", &header, &optima(report)))
                        p.facts { "A parabola in ln ρ per experiment, with a term per seed, and the interval of its peak (docs/guide/rates.md)." }
                    }
                }
            }
        }
    })
}

/// What the parabola through each experiment's runs says.
fn optima(report: &Report) -> Vec<Vec<Markup>> {
    let line = |series: &Series| {
        let texts = [
            series.experiment.clone(),
            series.points.len().to_string(),
            series.seeds().to_string(),
            Optimum::of(series).verdict.to_string(),
        ];
        texts.map(|text| html! { (text) }).to_vec()
    };
    report.evidence.series.iter().map(line).collect()
}

/// What the parts of [`figure`] mean.
pub(super) fn caption(experiment: &ReportedExperiment) -> String {
    format!(
        "{}: {} in percent against ρ, the largest rate over the size of the map. Large markers are means, whiskers their 95 % interval \
         over seeds (where there are two seeds or more; cut off at the frame), small dots right of them single runs.",
        experiment.title(),
        experiment.section.metric
    )
}

/// The relative rate that the geometric rule gives to the largest rate.
fn rule(experiment: &ReportedExperiment) -> f64 {
    let side = experiment.section.settings.feature_size();
    largest_whole_rate([side, side]) as f64 / side as f64
}

/// The scores of one experiment.
pub(super) fn figure(experiment: &ReportedExperiment) -> Figure {
    let section = &experiment.section;
    let metric = section.metric;
    let (mut means, mut cloud) = (Vec::new(), Vec::new());
    for cell in &section.cells {
        let Some(statistic) = cell.score(metric) else { continue };
        let interval = statistic.interval.map(|interval| (100.0 * interval.low, 100.0 * interval.high));
        means.push(ChartPoint { x: cell.relative_rate, y: 100.0 * statistic.mean, interval });
        cloud.extend(experiment.scores(&cell.rates).into_iter().map(|score| (cell.relative_rate, 100.0 * score)));
    }
    means.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mut guides = vec![Guide::Vertical { at: rule(experiment), label: "geometric rule".into() }];
    if let Some(comparison) = section.comparison.as_ref().filter(|comparison| comparison.obstacle.is_none()) {
        let at = 100.0 * comparison.reference.value_fraction;
        guides.push(Guide::Horizontal { at, label: "published".into() });
    }
    let x = ChartAxis::logarithmic(
        RELATIVE_RATE,
        means.iter().map(|point| point.x).chain([rule(experiment)].into_iter().filter(|rule| *rule > 0.0)),
    );
    let y = ChartAxis::linear(format!("{metric} in percent"), heights(&means, &cloud));
    let line = ChartLine { cloud, ..ChartLine::marked(experiment.title(), 0, means) };
    Figure {
        name: format!("scores-{}", experiment.slug),
        description: format!("{metric} of {} in percent against the relative rate", experiment.title()),
        content: FigureContent::Chart(Chart { x, y, lines: vec![line], guides }),
    }
}

/// The range of the vertical axis: runs and means, and of the whiskers as much as keeps the rest
/// legible: once the range of the runs to each side.
fn heights(means: &[ChartPoint], cloud: &[(f64, f64)]) -> Vec<f64> {
    let mut values: Vec<f64> = cloud.iter().map(|(_, y)| *y).chain(means.iter().map(|point| point.y)).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let room = high - low;
    let ends = means.iter().filter_map(|point| point.interval).flat_map(|(a, b)| [a, b]);
    values.extend(ends.map(|end| end.clamp(low - room, high + room)));
    values
}

/// Scores minus the mean of their experiment; `None` where no experiment has two relative rates.
pub(super) fn all(report: &Report) -> Option<Figure> {
    let lines: Vec<ChartLine> = report.experiments.iter().enumerate().filter_map(|(n, e)| normalised(n, e)).collect();
    if lines.is_empty() {
        return None;
    }
    let (points, cloud) = (|| lines.iter().flat_map(|line| &line.points), || lines.iter().flat_map(|line| &line.cloud));
    let x = ChartAxis::logarithmic(RELATIVE_RATE, points().map(|point| point.x));
    let y = ChartAxis::linear("points above the mean", points().map(|point| point.y).chain(cloud().map(|(_, y)| *y)));
    let mut guides = vec![Guide::Horizontal { at: 0.0, label: String::new() }];
    // The rule of each experiment is next to 1/2; one line stands for all.
    let rules: Vec<f64> = report.experiments.iter().map(rule).collect();
    guides.push(Guide::Vertical { at: rules.iter().sum::<f64>() / rules.len() as f64, label: "geometric rule".into() });
    if let Some(pooled) = report.measured_rate() {
        guides.push(Guide::Vertical { at: pooled.best, label: format!("measured: {:.2}", pooled.best) });
    }
    Some(Figure {
        name: "all-experiments".into(),
        description: "Scores of all experiments, each minus its own mean, against the relative rate".into(),
        content: FigureContent::Chart(Chart { x, y, lines, guides }),
    })
}

fn normalised(index: usize, experiment: &ReportedExperiment) -> Option<ChartLine> {
    let section = &experiment.section;
    let scored = section.cells.iter().filter_map(|cell| Some((cell, experiment.mean(cell)?)));
    let mut means: Vec<(&Cell, f64)> = scored.collect();
    means.sort_by(|a, b| a.0.relative_rate.total_cmp(&b.0.relative_rate));
    if means.len() < 2 {
        return None;
    }
    let centre = means.iter().map(|(_, mean)| mean).sum::<f64>() / means.len() as f64;
    let above = |score: f64| 100.0 * (score - centre);
    let points = means.iter().map(|(cell, mean)| ChartPoint { x: cell.relative_rate, y: above(*mean), interval: None });
    let cloud = means.iter().flat_map(|(cell, _)| {
        experiment.scores(&cell.rates).into_iter().map(|score| (cell.relative_rate, above(score)))
    });
    Some(ChartLine { cloud: cloud.collect(), ..ChartLine::marked(experiment.title(), index, points.collect()) })
}

fn all_caption(report: &Report) -> String {
    let measured = match report.measured_rate() {
        Some(pooled) => format!(
            " The runs put the best ρ at {:.2} (95 % interval {:.2} to {:.2}, over the noise of the runs).",
            pooled.best, pooled.interval.low, pooled.interval.high
        ),
        None => " The runs do not determine a best ρ (atrous rates --evidence says why).".into(),
    };
    format!(
        "Each experiment's scores minus the mean over its rates, in points. Dashed: the largest rate by the geometric rule of \
         atrous rates, about half of the map.{measured}"
    )
}
