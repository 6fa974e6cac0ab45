//! What is asked: a spec, the settings of each of its runs, the network they name, the answer
//! expected.

mod expectation;
pub mod network;
pub mod settings;
pub mod spec;

pub use expectation::{Answer, Expectation};
