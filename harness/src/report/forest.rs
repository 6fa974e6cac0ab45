//! The figure that answers: the score of every list of rates, beside the baseline's.

use super::material::ReportedExperiment;
use super::parts::{points, rates, score};
use crate::conclusions::format::{self, p_value, percent};
use crate::conclusions::guideline::largest_whole_rate;
use crate::conclusions::table::{Cell, CellVerdict, Section};
use crate::support::plot::{ChartAxis, Figure, FigureContent, Forest, ForestArm, ForestRow};

/// The score of each list of rates, from the smallest to the largest rate.
pub(super) fn figure(experiment: &ReportedExperiment) -> Figure {
    let section = &experiment.section;
    let baseline = baseline(section);
    let mut cells: Vec<&Cell> = section.cells.iter().collect();
    cells.sort_by_key(|cell| (largest(cell), cell.rates.clone()));
    let arms: Vec<ForestArm> = cells.iter().map(|cell| arm(experiment, cell, baseline)).collect();
    let rule = largest_whole_rate([section.settings.feature_size(); 2]);
    let above = cells.iter().filter(|cell| largest(cell) < rule).count();
    let x = ChartAxis::linear(format!("{} in percent", section.metric), extent(&arms, baseline, section.margin));
    let mut guides: Vec<(f64, String)> =
        baseline.iter().map(|mean| (100.0 * mean, format!("baseline {}", percent(*mean)))).collect();
    if let Some(comparison) = section.comparison.as_ref().filter(|comparison| comparison.obstacle.is_none()) {
        let value = comparison.reference.value_fraction;
        guides.extend(x.holds(100.0 * value).then(|| (100.0 * value, format!("published {}", percent(value)))));
    }
    let mut rows: Vec<ForestRow> = arms.into_iter().map(ForestRow::Arm).collect();
    if rule > 0 {
        rows.insert(above, ForestRow::Divider(format!("geometric rule: {rule}")));
    }
    let equal = |mean: f64| (100.0 * (mean - section.margin), 100.0 * (mean + section.margin));
    Figure {
        name: format!("answer-{}", experiment.slug),
        description: format!("{} of {} in percent for each list of rates", section.metric, experiment.title()),
        content: FigureContent::Forest(Forest { x, rows, guides, band: baseline.map(equal) }),
    }
}

/// What the figure's parts mean.
pub(super) fn caption(experiment: &ReportedExperiment) -> String {
    let section = &experiment.section;
    let judged = section.others().any(|cell| cell.contrast.is_some());
    let bars = match judged {
        true => {
            " Bars: the baseline's mean plus the simultaneous 95 % interval of the difference; a bar that does not reach the \
             baseline's line is a difference."
        }
        false => " Without bars: nothing can be judged yet.",
    };
    let band = match baseline(section) {
        Some(_) => format!(" Grey band: within {} points of the baseline, called equal.", 100.0 * section.margin),
        None => String::new(),
    };
    let dead = if section.cells.iter().any(|cell| cell.dead) {
        " Grey row: rates beyond the map, which see no context."
    } else {
        ""
    };
    format!(
        "{}: mean {} of each list of rates, and its seeds as small dots.{bars}{band}{dead} Dashed across: the largest rate by the \
         geometric rule.",
        experiment.title(),
        section.metric
    )
}

fn largest(cell: &Cell) -> usize {
    cell.rates.iter().copied().max().unwrap_or(0)
}

/// The baseline's mean score, a fraction.
fn baseline(section: &Section) -> Option<f64> {
    Some(section.baseline_cell()?.score(section.metric)?.mean)
}

fn arm(experiment: &ReportedExperiment, cell: &Cell, baseline: Option<f64>) -> ForestArm {
    let section = &experiment.section;
    let seeds = experiment.finished(&cell.rates).filter_map(|(row, result)| {
        let score = section.metric.of(&result.scores);
        let text =
            format!("{}, seed {}: {} {}", rates(&cell.rates), row.settings().seed, section.metric, percent(score));
        (!score.is_nan()).then_some((100.0 * score, text))
    });
    let interval = baseline.zip(cell.contrast).map(|(mean, contrast)| {
        let end = |difference: f64| 100.0 * (mean + difference);
        (end(contrast.interval.low), end(contrast.interval.high))
    });
    ForestArm {
        name: rates(&cell.rates),
        note: note(cell),
        series: series(cell.verdict),
        shaded: cell.dead,
        mean: cell.score(section.metric).map(|statistic| 100.0 * statistic.mean),
        interval,
        dots: seeds.collect(),
        hover: hover(section, cell),
    }
}

/// The verdict in a word, and whether the rates see context.
fn note(cell: &Cell) -> String {
    let verdict = cell.verdict.to_string();
    if cell.dead { format!("{verdict}, no context") } else { verdict }
}

/// The colour and marker of a verdict: blue circles where nothing is decided.
fn series(verdict: CellVerdict) -> usize {
    match verdict {
        CellVerdict::Better => 2,
        CellVerdict::Worse => 1,
        CellVerdict::Baseline => 3,
        CellVerdict::Equal | CellVerdict::Undetermined | CellVerdict::NotCompared(_) => 0,
    }
}

/// All numbers of a cell in a sentence.
fn hover(section: &Section, cell: &Cell) -> String {
    let seeds = format::count(cell.runs, "run", "runs");
    let own = format!("{}: {} {} over {seeds}", rates(&cell.rates), section.metric, score(cell.score(section.metric)));
    match cell.contrast {
        Some(contrast) => format!(
            "{own}; {} points from the baseline (95 %: {}, p {}): {}",
            points(contrast.difference),
            format::interval(Some(contrast.interval), points),
            p_value(Some(contrast.p)),
            cell.verdict_in_words(section.margin)
        ),
        None => format!("{own}; {}", cell.verdict),
    }
}

/// The range of the axis: all runs and means, the band of equal scores, and of the bars as much as
/// keeps the rest legible: once the range of the runs to each side.
fn extent(arms: &[ForestArm], baseline: Option<f64>, margin: f64) -> Vec<f64> {
    let dots = arms.iter().flat_map(|arm| arm.dots.iter().map(|(value, _)| *value));
    let band = baseline.into_iter().flat_map(|mean| [100.0 * (mean - margin), 100.0 * (mean + margin)]);
    let mut values: Vec<f64> = dots.chain(arms.iter().filter_map(|arm| arm.mean)).chain(band).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let room = high - low;
    let ends = arms.iter().filter_map(|arm| arm.interval).flat_map(|(a, b)| [a, b]);
    values.extend(ends.map(|end| end.clamp(low - room, high + room)));
    values
}
