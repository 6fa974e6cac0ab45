//! What is measured, and how often.

use super::report::What;
use crate::run::options::{DataOptions, RunOptions};
use std::time::Duration;

/// What is measured, and how often.
#[derive(Clone, Debug)]
pub struct SpeedOptions {
    pub what: What,
    /// The number of units that are timed.
    pub units: u64,
    /// The number of units before them, which are not: caches fill, and a GPU's kernels are
    /// compiled.
    pub warmup: u64,
    /// The time that all units may take: where it is up, there are fewer.
    pub within: Option<Duration>,
    /// Threads that prepare batches (for [`What::Loader`]).
    pub threads: usize,
    /// The options of a run (for [`What::Loader`]).
    pub run: RunOptions,
    /// The folder of the data sets (for [`What::Loader`]).
    pub data: DataOptions,
}
