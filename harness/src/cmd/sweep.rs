//! `atrous sweep`: every run of a spec that is not finished yet, then the table.

use super::default_out;
use super::options::{CacheArg, DataRootArg, DeviceArg};
use super::output::{print, print_verdicts};
use crate::conclusions::tables::Tables;
use crate::conclusions::verdict::Verdicts;
use crate::experiment::spec::{EMBEDDED, Overrides, Spec};
use crate::run::execute::execute;
use crate::support::progress::Progress;
use crate::support::stop::{EXIT_CODES, StopFlag};
use crate::sweep::{self, Jobs, Shard, SweepEnd, SweepOptions};
use anyhow::Result;
use atrous_models::ComputeDevice;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Run every run of a spec that is not finished yet, then print and write the table
///
/// A spec lists experiments: a data set, a model, a protocol, and the rates and seeds to sweep. Each run gets
/// a directory, OUT/EXPERIMENT/RATES/seed-N-ID/, whose id is a hash of everything that decides the result.
/// Finished runs are skipped, interrupted ones go on from their last checkpoint, so the same command continues
/// a sweep however it ended: Ctrl-C, power cut or kill.
///
/// OUT then holds results.csv (one row per run), classes.csv (one per run and class), image_scores.csv (one per run
/// and image), table.md and table.csv. Where the spec says what it expects (docs/guide/controls.md), verdict.md and
/// verdict.json say whether the runs show it; the exit code is 1 where they do not. Table and verdict go to stdout,
/// everything else to stderr.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Args {
    /// An embedded spec (see --list) or a TOML file
    #[arg(required_unless_present = "list")]
    spec: Option<String>,

    /// List the embedded specs
    #[arg(long)]
    list: bool,

    /// Where runs and tables go [default: runs/SPEC]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    #[command(flatten)]
    data: DataRootArg,

    #[command(flatten)]
    cache: CacheArg,

    #[command(flatten)]
    device: DeviceArg,

    /// Change a key of every experiment (train.iterations=100) or of one (stare.train.iterations=100)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Number of seeds (3 is 0, 1, 2) or a list (0,5,7) instead of the spec's
    #[arg(long, value_name = "SEEDS", allow_hyphen_values = true)]
    seeds: Option<String>,

    /// Only this experiment; may be repeated
    #[arg(long, value_name = "EXPERIMENT")]
    only: Vec<String>,

    /// Only this machine's part of the runs, shard I of N, counted from 0: 0/3, 1/3 and 2/3 are all of a sweep
    ///
    /// Counted as SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are (docs/guide/clusters.md). Runs are dealt out by their estimated
    /// cost, and by nothing else: give every shard the same spec, --set, --seeds and --only, and each run is in exactly one.
    /// Shards may write to one folder that their machines share, or each to its own, which `atrous merge` puts together. A
    /// table is printed once no run of the whole sweep is missing; --limit counts within the shard.
    #[arg(long, value_name = "I/N", allow_hyphen_values = true)]
    shard: Option<Shard>,

    /// At most so many of the runs that are left
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Runs at a time: a number, or auto
    ///
    /// On the CPU each run gets its part of the threads. A narrow network makes use of few of them, so `auto` takes several runs
    /// where there are threads and memory for them, and says how many; on a GPU, which they would share, it takes one. On
    /// the CPU results are the same bit for bit. Times are not: runs that share a machine are slower each, and results.csv
    /// says how many did (column jobs). Their peak memory is unknown then.
    #[arg(long, value_name = "N", default_value = "auto", allow_hyphen_values = true)]
    jobs: Jobs,

    /// Repeat runs that ended with an error
    ///
    /// Where the loss ceased to be a number the run starts from the beginning, and would end so again on the same machine. Where
    /// the program or the device failed it goes on from its last checkpoint.
    #[arg(long)]
    retry_failed: bool,

    /// Print what would be run, and about how long it takes; write nothing
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  atrous sweep quick
      five synthetic data sets, three rates each: a table in minutes, without any data
  atrous sweep controls
      images of which the answer is known: prints whether the sweep finds it
  atrous sweep retina-small --data-root ~/retina --dry-run
      how many runs, how long
  atrous sweep retina-small --data-root ~/retina --seeds 5
      with five seeds per setting: more of them tell smaller differences from noise
  atrous sweep quick --set train.iterations=500 --set 'rates=[[1,2],[1,12,24,36]]' --out runs/long
      the same experiments, changed; values are TOML
  atrous sweep my-spec.toml --only stare --limit 1
      one run of one experiment of a file
  atrous sweep my-spec.toml --jobs 4
      four runs at a time; --jobs 1 where a run's time and memory are to be its own
  atrous sweep my-spec.toml --shard 1/3 --out shard-1
      the second third of the runs: the other machines do 0/3 and 2/3, and atrous merge puts them together";

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file or option that has to be changed.
pub fn run(args: Args) -> Result<ExitCode> {
    let Some(name) = args.spec.as_ref().filter(|_| !args.list) else {
        print(embedded_specs())?;
        return Ok(ExitCode::SUCCESS);
    };
    let overrides = Overrides { set: args.set, seeds: args.seeds, only: args.only };
    let spec = Spec::load(name, &overrides)?;
    let device = ComputeDevice::select(&args.device.device)?;
    let progress = Progress::new();
    let options = SweepOptions {
        out: args.out.unwrap_or_else(|| default_out(&spec.name)),
        image_limit: args.data.max_image.limit(),
        data_root: args.data.data_root,
        shard: args.shard,
        limit: args.limit,
        retry_failed: args.retry_failed,
        jobs: args.jobs,
        cache_bytes: args.cache.bytes(),
    };
    if args.dry_run {
        print(sweep::dry_run(&spec, &options, &device, &progress)?.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let stop = StopFlag::install()?;
    let end = sweep::sweep(&spec, &options, &device, &progress, &stop, &execute)?;
    let Tables { table, verdicts } = Tables::update(&options.out)?;
    if !end.stopped && !end.lacks_shards() {
        print(table.markdown())?;
        print_verdicts(&verdicts)?;
    }
    progress.line(summary(&end, &options.out));
    Ok(exit_code(&end, &verdicts, &stop))
}

fn embedded_specs() -> String {
    EMBEDDED.iter().fold(String::new(), |mut text, spec| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:14}{}", spec.name, spec.about);
        text
    })
}

/// What was done, what is left, and how to go on.
fn summary(end: &SweepEnd, out: &Path) -> String {
    let mut done = format!("{} runs finished", end.finished);
    if end.failed > 0 {
        let broken = match end.broken {
            0 => String::new(),
            broken => format!("; {broken} not by the run's own doing"),
        };
        // Writing to a string cannot fail.
        let _ = write!(done, ", {} failed (--retry-failed repeats them{broken})", end.failed);
    }
    let next = match (end.stopped, end.remaining()) {
        (true, left) => format!("stopped: {done}, {left} left; the same command goes on from here"),
        (false, 0) if end.executed == 0 => format!("nothing left to do: {done}"),
        (false, 0) => done,
        (false, left) => format!("{done}, {left} left; the same command goes on with them"),
    };
    let whole = end.whole.map_or_else(String::new, |whole| {
        format!("; {} of {} runs of the whole sweep done", whole.ended, whole.planned)
    });
    format!("{next}{whole}; results in {}", out.display())
}

fn exit_code(end: &SweepEnd, verdicts: &Verdicts, stop: &StopFlag) -> ExitCode {
    match (end.stopped, end.failed > 0 || !end.lacks_shards() && verdicts.any_not_met()) {
        (true, _) => stop.exit_code(),
        (false, false) => ExitCode::SUCCESS,
        (false, true) => ExitCode::FAILURE,
    }
}
