//! What context is worth, drawn: over the largest rate, a line per crop.

use crate::design::{CROPS, LARGEST_RATES, context_of, dead_rate};
use crate::endpoint::Estimate;
use crate::scores::Fold;
use atrous_data::DatasetKind;
use atrous_harness::conclusions::statistics::CONFIDENCE;
use atrous_harness::support::plot::{Chart, ChartAxis, ChartLine, ChartPoint, Figure, FigureContent, Guide};

/// Crops stand beside each other at a rate, so that their intervals can be told apart.
const BESIDE: [f64; 3] = [0.94, 1.0, 1.06];

/// The figure of a data set: the score of each list minus that of the dead list of its crop, with
/// the interval (95 %, each for itself) for other seeds and subjects.
///
/// # Errors
/// What is missing.
pub fn of(kind: DatasetKind, folds: &[Fold]) -> Result<Figure, String> {
    let mut lines = Vec::new();
    for (series, crop) in CROPS.into_iter().enumerate() {
        let mut points = Vec::new();
        for rate in LARGEST_RATES.into_iter().filter(|rate| *rate != dead_rate(crop)) {
            let mean = Estimate::of(&context_of((crop, rate)), folds)?.mean;
            let interval = mean.bounds((1.0 - CONFIDENCE) / 2.0);
            let [y, low, high] = [mean.difference, interval.low, interval.high].map(|value| 100.0 * value);
            points.push(ChartPoint { x: rate as f64 * BESIDE[series], y, interval: Some((low, high)) });
        }
        lines.push(ChartLine::marked(format!("crop {crop}"), series, points));
    }
    let ends = |point: &ChartPoint| point.interval.map_or([point.y; 2], |(low, high)| [low, high]);
    let heights = lines.iter().flat_map(|line| &line.points).flat_map(ends).chain([0.0]);
    let chart = Chart {
        x: ChartAxis::logarithmic("largest rate", LARGEST_RATES.map(|rate| rate as f64)),
        y: ChartAxis::linear("points of mDice above no context", heights.collect::<Vec<_>>()),
        lines,
        guides: vec![Guide::Horizontal { at: 0.0, label: String::new() }],
    };
    Ok(Figure {
        name: format!("context-{}", kind.name()),
        description: format!(
            "{}: what the context of the ASPP is worth, by the largest rate, at crops of 32, 64 and 128 pixels",
            kind.title()
        ),
        content: FigureContent::Chart(chart),
    })
}
