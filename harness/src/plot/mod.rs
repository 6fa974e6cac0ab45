//! Plots: one description of a chart, drawn as SVG and as PNG by the same code.

mod axis;
mod canvas;
mod chart;
mod draw;
mod figure;
mod font;
mod palette;

pub use axis::Axis;
pub use chart::{Chart, Guide, Line, Point};
pub use figure::Figure;
pub use palette::{DARK, LIGHT};
