//! What a sweep is told beside its spec.

use super::{Budget, Jobs, Shard};
use crate::run::options::{DataOptions, MaskOptions, RunOptions};
use std::path::PathBuf;

/// The options of a sweep: where it reads and writes, and how and which of its runs are made now.
#[derive(Clone, Debug)]
pub struct SweepOptions {
    pub out: PathBuf,
    pub data: DataOptions,
    pub masks: MaskOptions,
    pub run: RunOptions,
    pub selection: RunSelection,
    /// The folder of event files for TensorBoard, where somebody wants them.
    pub tensorboard: Option<PathBuf>,
    /// The largest difference, a fraction, that is called equal where a run says how it stands.
    pub margin: f64,
}

/// The choice of the runs that are made now, and of how many at a time.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct RunSelection {
    /// Only this machine's part of the runs, shard I of N, counted from 0: 0/3, 1/3 and 2/3 are all
    /// of a sweep
    ///
    /// Counted as SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are (docs/guide/clusters.md). Runs
    /// are dealt out by their estimated cost, and by nothing else: give every shard the same spec,
    /// --set, --seeds and --only, and each run is in exactly one. Shards may write to one folder
    /// that their machines share, or each to its own, which `atrous merge` puts together. A table
    /// is printed once no run of the whole sweep is missing; --limit counts within the shard.
    #[arg(long, value_name = "I/N", allow_hyphen_values = true)]
    pub shard: Option<Shard>,

    /// At most so many of the runs that are left
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,

    /// Time that there is, such as 2h or 90min: of the seeds, those that fit
    ///
    /// Every rates of every experiment gets the same number of seeds, at most those of the spec (or
    /// --seeds), so that none is dropped. How many fit is told by real steps before the first run;
    /// what differences so many find, by the spread of the runs that have finished. Where not even
    /// one seed fits, nothing is run. The same command given again goes on, with the same time.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["shard", "limit"], allow_hyphen_values = true)]
    pub budget: Option<Budget>,

    /// Runs at a time: a number, or auto
    ///
    /// On the CPU each run gets its part of the threads. A narrow network makes use of few of them,
    /// so `auto` takes several runs where there are threads and memory for them, and says how many;
    /// on a GPU, which they would share, it takes one. On the CPU results are the same bit for bit.
    /// Times are not: runs that share a machine are slower each, and results.csv says how many did
    /// (column jobs). Their peak memory is unknown then.
    #[arg(long, value_name = "N", default_value = "auto", allow_hyphen_values = true)]
    pub jobs: Jobs,

    /// Repeat runs that ended with an error
    ///
    /// Where the loss ceased to be a number the run starts from the beginning, and would end so
    /// again on the same machine. Where the program or the device failed it goes on from its last
    /// checkpoint.
    #[arg(long)]
    pub retry_failed: bool,

    /// Start runs anew of which a file is damaged or of another run; what is there of them is
    /// removed
    #[arg(long)]
    pub discard: bool,
}

impl RunSelection {
    /// Chooses every run that has not ended, one after the other.
    pub const ONE_BY_ONE: Self =
        RunSelection { shard: None, limit: None, budget: None, jobs: Jobs::ONE, retry_failed: false, discard: false };
}
