//! Plots and pictures of numbers. A chart is described once, and drawn as SVG and as PNG by the
//! same code.

mod axis;
mod chart;
pub mod colour;
mod draw;
mod draw_forest;
mod figure;
mod font;
mod forest;
pub mod heat_grid;
pub mod heat_map;
mod hover;
mod legend;
mod palette;

pub use axis::ChartAxis;
pub use chart::{Chart, ChartLine, ChartPoint, Guide};
pub use figure::{Figure, FigureContent};
pub use forest::{Forest, ForestArm, ForestRow};
pub use legend::{LegendEntry, with_legend};
pub use palette::{DARK, LIGHT};
