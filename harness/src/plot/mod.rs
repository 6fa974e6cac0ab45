//! Plots and pictures of numbers.

pub mod colour;
mod font;
pub mod heat_grid;
pub mod heat_map;
