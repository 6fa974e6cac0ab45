//! What a run is given, and how it ends: the contract between a run and whoever starts it.

use crate::experiment::settings::RunSettings;
use crate::results::result::RunResult;
use crate::results::run_dir::RunDir;
use crate::run::options::RunOptions;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::Result;
use atrous_data::Dataset;
use atrous_models::ComputeDevice;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What an executor gets to know about its run.
pub struct RunContext<'a> {
    pub settings: &'a RunSettings,
    pub run_id: &'a str,
    pub data_fingerprint: &'a str,
    pub dataset: Arc<Dataset>,
    pub dir: &'a RunDir,
    pub device: &'a ComputeDevice,
    pub progress: &'a Progress,
    pub stop: &'a StopFlag,
    /// Runs side by side, this one included, at most.
    pub jobs: usize,
    pub options: RunOptions,
    /// The folder of event files of all runs, where somebody wants them.
    pub tensorboard: Option<&'a Path>,
    /// Iterations that are done, as the executor tells: what is known of a run that panics.
    pub reached: &'a AtomicU64,
}

/// How a run ended.
#[expect(clippy::large_enum_variant, reason = "one value per run, which takes seconds at least")]
pub enum Outcome {
    Finished(RunResult),
    /// The loss ceased to be a number, at this iteration counted from 0. Repeating the run would
    /// repeat that, so it counts as done.
    Failed {
        iteration: u64,
        reason: String,
    },
    /// The program panicked after so many iterations. The run need not be to blame, and repeating
    /// it may go well.
    Broken {
        iteration: u64,
        reason: String,
        /// Whether the device does not compute any more.
        lost: bool,
    },
    /// Stopped on request, with a checkpoint of this iteration.
    Stopped {
        iteration: u64,
    },
}

/// Trains and scores one run, in the thread pool that it is called in. An error is one of the data,
/// the disk or the device: it ends the sweep, and the run stays unfinished. A panic ends this run
/// alone, unless a device is lost and does not open again.
pub type Executor<'e> = dyn Fn(&RunContext) -> Result<Outcome> + Sync + 'e;
