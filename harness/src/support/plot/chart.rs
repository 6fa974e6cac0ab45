//! A chart, described: what is on it, not how it is drawn.

use super::axis::Axis;

/// Series over a common pair of axes.
#[derive(Clone, Debug)]
pub struct Chart {
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
    pub guides: Vec<Guide>,
}

/// One series.
#[derive(Clone, Debug)]
pub struct Line {
    pub name: String,
    /// Which colour and marker: equal numbers look alike.
    pub series: usize,
    pub points: Vec<Point>,
    /// Single measurements behind the points, drawn small, right of their x.
    pub cloud: Vec<(f64, f64)>,
    /// Whether neighbours are joined by a line.
    pub joined: bool,
    /// Whether points have markers; a curve has none.
    pub marked: bool,
}

/// A value, and what is known of its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
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

impl Line {
    /// Markers with whiskers, joined.
    pub fn marked(name: impl Into<String>, series: usize, points: Vec<Point>) -> Self {
        Line { name: name.into(), series, points, cloud: Vec::new(), joined: true, marked: true }
    }

    /// A curve.
    pub fn curve(name: impl Into<String>, series: usize, values: &[(f64, f64)]) -> Self {
        let points = values.iter().map(|(x, y)| Point { x: *x, y: *y, interval: None }).collect();
        Line { name: name.into(), series, points, cloud: Vec::new(), joined: true, marked: false }
    }
}
