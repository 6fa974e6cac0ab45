//! Sweeps atrous rates over five data sets: spec -> runs -> run directories -> rows -> tables.

pub mod atomic_file;
pub mod cli;
pub mod cmd;
pub mod convolutions;
pub mod cost;
pub mod device;
pub mod evaluate;
pub mod footprint;
pub mod gate;
#[cfg(test)]
mod golden;
mod grid;
pub mod guideline;
pub mod image_counts;
pub mod infer;
pub mod input_file;
#[allow(unsafe_code)]
pub mod memory;
pub mod merge;
pub mod network;
pub mod npy;
pub mod plot;
pub mod progress;
pub mod provenance;
pub mod receptive_field;
pub mod reference;
pub mod report;
pub mod result;
pub mod rows;
pub mod run;
pub mod run_dir;
pub mod scores;
pub mod settings;
pub mod spec;
pub mod speed;
pub mod statistics;
pub mod stop;
pub mod sweep;
pub mod table;
pub mod tables;
pub mod train;
pub mod turn;
pub mod verdict;
pub mod verification;
pub mod weights;
pub mod windows;
