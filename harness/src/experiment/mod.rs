//! What is asked: a spec, the settings of each of its runs, the network they name, the answer
//! expected.

pub mod convolutions;
mod expectation;
pub mod network;
pub mod settings;
pub mod spec;

pub use expectation::{Answer, Expectation};
