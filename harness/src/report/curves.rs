//! Training curves: the loss, and the scores on the way.

use super::Report;
use super::experiment::Experiment;
use super::parts::{figure as drawn, rates};
use crate::results::rows::Row;
use crate::results::run_dir::RunDir;
use crate::run::train::{read_evaluations, read_log};
use crate::support::plot::{Chart, ChartAxis, ChartLine, Figure};
use anyhow::Result;
use maud::{Markup, html};
use std::path::Path;

/// Points of a curve; more would not be seen.
const BINS: usize = 100;

/// The curves of one experiment.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    /// One per rates.
    pub curves: Vec<Curve>,
    /// What could not be read, and why.
    pub missing: Vec<String>,
}

/// Means over the seeds of one rates setting.
#[derive(Clone, Debug)]
pub struct Curve {
    pub rates: Vec<usize>,
    pub seeds: usize,
    /// (iteration, loss), thinned.
    pub loss: Vec<(f64, f64)>,
    /// (iterations done, score) of the evaluations on the way, by the metric that decides; mostly empty.
    pub evaluations: Vec<(f64, f64)>,
}

impl Curves {
    /// Of these runs, whose directories are below `out`. `rows` are of one experiment, sorted by rates.
    pub(super) fn read(out: &Path, rows: &[Row]) -> Self {
        let mut curves = Curves::default();
        for group in rows.chunk_by(|a, b| a.settings().rates == b.settings().rates) {
            let (mut losses, mut scores, mut seeds) = (Vec::new(), Vec::new(), 0);
            let metric = crate::results::reference::metric(group[0].settings().dataset);
            for row in group {
                let run = RunDir::new(out, row.settings(), row.run_id());
                match read_log(&run.log_csv()) {
                    Err(error) => curves.missing.push(format!("{}: {error:#}", row.settings().run_name())),
                    Ok(rows) => {
                        seeds += 1;
                        losses.extend(rows.iter().map(|row| (row.iteration as f64, row.loss)));
                    }
                }
                match read_evaluations(&run.evaluations_csv()) {
                    Err(error) => curves.missing.push(format!("{}: {error:#}", row.settings().run_name())),
                    Ok(rows) => scores.extend(rows.iter().map(|row| (row.iteration as f64, row.score(metric)))),
                }
            }
            let (loss, evaluations) = (thinned(&losses), averaged(&scores));
            if !loss.is_empty() {
                curves.curves.push(Curve { rates: group[0].settings().rates.clone(), seeds, loss, evaluations });
            }
        }
        curves
    }
}

/// Means over equal stretches of iterations and over seeds.
fn thinned(values: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let last = values.iter().map(|(iteration, _)| *iteration).fold(0.0, f64::max);
    let bins = BINS.min(last as usize + 1);
    let mut sums = vec![(0.0, 0.0, 0.0); bins];
    for (iteration, loss) in values.iter().filter(|(_, loss)| loss.is_finite()) {
        let bin = ((iteration / (last + 1.0)) * bins as f64) as usize;
        let (count, iterations, losses) = &mut sums[bin.min(bins - 1)];
        (*count, *iterations, *losses) = (*count + 1.0, *iterations + iteration, *losses + loss);
    }
    let filled = sums.into_iter().filter(|(count, ..)| *count > 0.0);
    filled.map(|(count, iterations, losses)| (iterations / count, losses / count)).collect()
}

/// Mean over the seeds of each iteration.
fn averaged(values: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mean = |group: &[(f64, f64)]| group.iter().map(|(_, score)| score).sum::<f64>() / group.len() as f64;
    sorted.chunk_by(|a, b| a.0 == b.0).map(|group| (group[0].0, mean(group))).collect()
}

/// The plots of an experiment: the loss, and the scores on the way where there are some.
pub(super) fn figures(experiment: &Experiment) -> Vec<Figure> {
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
            chart: Chart { x, y, lines, guides: Vec::new() },
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

/// # Errors
/// A plot that cannot be drawn.
pub(super) fn section(report: &Report) -> Result<Markup> {
    let parts: Vec<(&Experiment, Vec<Markup>)> = report
        .experiments
        .iter()
        .map(|experiment| {
            let figures = figures(experiment);
            let seeds = experiment.curves.curves.iter().map(|curve| curve.seeds).max().unwrap_or(0);
            let over = if seeds > 1 { format!(", mean over up to {seeds} seeds") } else { ", one seed".into() };
            let caption = |figure: &Figure| format!("{}: {}{over}.", experiment.title(), figure.chart.y.label);
            let drawn: Result<Vec<Markup>> = figures.iter().map(|figure| drawn(figure, &caption(figure))).collect();
            Ok((experiment, drawn?))
        })
        .collect::<Result<_>>()?;
    Ok(html! {
        section id="curves" {
            h2 { "Training" }
            @for (experiment, figures) in parts {
                h3 id={ (experiment.id) "-curves" } { (experiment.title()) }
                div.pair { @for figure in figures { (figure) } }
                @for missing in &experiment.curves.missing { p.missing { "Missing: " (missing) } }
                @if experiment.curves.curves.is_empty() && experiment.curves.missing.is_empty() {
                    p.missing { "Missing: no log was read." }
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_logs_are_thinned_to_their_means() {
        let values: Vec<_> = (0..1000).map(|i| (f64::from(i), f64::from(i) / 10.0)).collect();
        let thinned = thinned(&values);
        assert_eq!(thinned.len(), BINS);
        assert_eq!(thinned[0], (4.5, 0.45));
        assert!((thinned[99].0 - 994.5).abs() < 1e-9);
        // Two seeds in one: their mean.
        assert_eq!(super::thinned(&[(0.0, 1.0), (0.0, 3.0), (1.0, f64::NAN)]), [(0.0, 2.0)]);
        assert!(super::thinned(&[]).is_empty());
    }

    #[test]
    fn evaluations_are_averaged_over_seeds() {
        assert_eq!(averaged(&[(20.0, 0.5), (10.0, 0.1), (20.0, 0.7)]), [(10.0, 0.1), (20.0, 0.6)]);
    }
}
