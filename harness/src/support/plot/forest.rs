//! A forest plot, described: a row per arm, values across, so that no label can reach another.

use super::axis::ChartAxis;

/// Arms below each other, held against one value.
#[derive(Clone, Debug)]
pub struct Forest {
    /// The axis of the values, from left to right.
    pub x: ChartAxis,
    pub rows: Vec<ForestRow>,
    /// Dashed upright lines with their labels, which stand above the frame.
    pub guides: Vec<(f64, String)>,
    /// The values between which an arm counts as equal to the one it is held against.
    pub band: Option<(f64, f64)>,
}

/// One row.
#[derive(Clone, Debug)]
pub enum ForestRow {
    Arm(ForestArm),
    /// A dashed line between two arms, with its label.
    Divider(String),
}

/// One arm: its mean, what is known of its uncertainty, and the measurements behind it.
#[derive(Clone, Debug)]
pub struct ForestArm {
    pub name: String,
    /// A word or two below the name.
    pub note: String,
    /// The number of its colour and marker.
    pub series: usize,
    /// Whether the row has a ground of its own.
    pub shaded: bool,
    pub mean: Option<f64>,
    /// Low and high end.
    pub interval: Option<(f64, f64)>,
    /// Single measurements, drawn small below the mean, each with its text under a pointer.
    pub dots: Vec<(f64, String)>,
    /// The text of the row under a pointer.
    pub hover: String,
}
