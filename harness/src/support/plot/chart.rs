//! A chart, described: what is on it, not how it is drawn.

use super::axis::ChartAxis;

/// Series over a common pair of axes.
#[derive(Clone, Debug)]
pub struct Chart {
    pub x: ChartAxis,
    pub y: ChartAxis,
    pub lines: Vec<ChartLine>,
    pub guides: Vec<Guide>,
}

/// One series.
#[derive(Clone, Debug)]
pub struct ChartLine {
    pub name: String,
    /// The number of its colour and marker: equal numbers look alike.
    pub series: usize,
    pub points: Vec<ChartPoint>,
    /// Single measurements behind the points, drawn small, right of their x.
    pub cloud: Vec<(f64, f64)>,
    /// Whether neighbours are joined by a line.
    pub joined: bool,
    /// Whether points have markers; a curve has none.
    pub marked: bool,
}

/// A value, and what is known of its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChartPoint {
    pub x: f64,
    pub y: f64,
    /// Low and high end.
    pub interval: Option<(f64, f64)>,
}

/// A dashed line across the plot.
#[derive(Clone, Debug)]
pub enum Guide {
    /// At an x.
    Vertical { at: f64, label: String },
    /// At a y.
    Horizontal { at: f64, label: String },
}

/// Points of a line that say their values, at most.
const SHOWN: usize = 12;

impl Chart {
    /// What a point says of itself: `1, 6, 12, 18: iteration 500, training loss 0.213`.
    pub(super) fn text_of(&self, line: &ChartLine, (x, y): (f64, f64)) -> String {
        let name = if line.name.is_empty() { String::new() } else { format!("{}: ", line.name) };
        format!("{name}{} {}, {} {}", self.x.label, self.x.value(x), self.y.label, self.y.value(y))
    }
}

impl ChartLine {
    /// The points whose values are shown as text, evenly spread where there are many.
    pub fn shown(&self) -> impl Iterator<Item = &ChartPoint> {
        let step = self.points.len().div_ceil(SHOWN).max(1);
        self.points.iter().step_by(step).filter(|point| point.x.is_finite() && point.y.is_finite())
    }

    /// Markers with whiskers, joined.
    pub fn marked(name: impl Into<String>, series: usize, points: Vec<ChartPoint>) -> Self {
        ChartLine { name: name.into(), series, points, cloud: Vec::new(), joined: true, marked: true }
    }

    /// A curve.
    pub fn curve(name: impl Into<String>, series: usize, values: &[(f64, f64)]) -> Self {
        let points = values.iter().map(|(x, y)| ChartPoint { x: *x, y: *y, interval: None }).collect();
        ChartLine { name: name.into(), series, points, cloud: Vec::new(), joined: true, marked: false }
    }
}
