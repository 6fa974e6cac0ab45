//! Plots and pictures of numbers. A chart is described once, and drawn as SVG and as PNG by the
//! same code.

mod axis;
mod chart;
pub mod colour;
mod draw;
mod figure;
mod font;
pub mod heat_grid;
pub mod heat_map;
mod legend;
mod palette;

pub use axis::ChartAxis;
pub use chart::{Chart, ChartLine, ChartPoint, Guide};
pub use figure::Figure;
pub use legend::{LegendEntry, with_legend};
pub use palette::{DARK, LIGHT};
