//! What is measured, and how often.

use super::report::What;
use atrous_data::ImageLimit;
use std::path::PathBuf;
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
    /// Bytes of decoded images that are kept (for [`What::Loader`]).
    pub cache_bytes: usize,
    /// The folder of the data sets (for [`What::Loader`]).
    pub data_root: PathBuf,
    /// The largest image that is read (for [`What::Loader`]).
    pub image_limit: ImageLimit,
}
