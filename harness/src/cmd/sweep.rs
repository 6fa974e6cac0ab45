//! `atrous sweep`: every run of a spec that is not finished yet, then the table.

use super::default_out;
use super::options::{DeviceArg, MarginArg, TalkArgs};
use super::output::{note_left_out, print, print_markdown, print_verdicts};
use crate::conclusions::tables::Tables;
use crate::conclusions::verdict::Verdicts;
use crate::experiment::spec::{EMBEDDED, Overrides, Spec};
use crate::run::execute::execute;
use crate::run::options::{DataOptions, MaskOptions, RunOptions};
use crate::support::count::count;
use crate::support::exit::Exit;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use crate::sweep::{self, RunSelection, SweepEnd, SweepOptions};
use anyhow::Result;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Run every run of a spec that is not finished yet, then print and write the table
///
/// A spec lists experiments: a data set, a model, a protocol, and the rates and seeds to sweep.
/// Each run gets a directory, OUT/EXPERIMENT/RATES/seed-N-ID/, whose id is a hash of everything
/// that decides the result. Finished runs are skipped, interrupted ones go on from their last
/// checkpoint, so the same command continues a sweep however it ended: Ctrl-C, power cut or kill.
///
/// OUT then holds results.csv (one row per run), classes.csv (one per run and class),
/// image_scores.csv (one per run and image), table.md and table.csv. Where the spec says what it
/// expects (docs/guide/controls.md), verdict.md and verdict.json say whether the runs show it; the
/// exit code is 1 where they do not. Table and verdict go to stdout, everything else to stderr.
///
/// Before the first run a few steps are timed, and the time of all runs is said. Runs are made
/// seeds first: every rates has its first seed before one has its second. After each, a line has
/// its score and how its rates stand beside the baseline so far. `atrous status OUT` says the same
/// from elsewhere (docs/guide/sweeps.md).
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help_of_training()))]
pub struct Args {
    /// An embedded spec (see --list) or a TOML file
    #[arg(required_unless_present = "list")]
    spec: Option<String>,

    /// List the embedded specs
    #[arg(long)]
    list: bool,

    #[arg(help = "Where runs and tables go [default: runs/SPEC]", long, value_name = "DIR")]
    out: Option<PathBuf>,

    #[command(flatten)]
    data: DataOptions,

    #[command(flatten)]
    masks: MaskOptions,

    #[command(flatten)]
    run: RunOptions,

    /// Write losses and scores for TensorBoard as well, to a folder for each run:
    /// DIR/EXPERIMENT/RATES/seed-N-ID
    #[arg(long, value_name = "DIR")]
    tensorboard: Option<PathBuf>,

    #[command(flatten)]
    device: DeviceArg,

    #[command(flatten)]
    margin: MarginArg,

    /// Change a key of every experiment (train.iterations=100) or of one
    /// (stare.train.iterations=100)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Number of seeds (3 is 0, 1, 2) or a list (0,5,7) instead of the spec's
    #[arg(long, value_name = "SEEDS", allow_hyphen_values = true)]
    seeds: Option<String>,

    /// Only this experiment; may be repeated
    #[arg(long, value_name = "EXPERIMENT")]
    only: Vec<String>,

    #[command(flatten)]
    selection: RunSelection,

    #[command(flatten)]
    talk: TalkArgs,

    /// Print what would be run, and how long it takes by a few real steps; write nothing
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
  atrous sweep my-spec.toml --budget 2h
      as many of the spec's seeds as fit into two hours, the same number for all rates
  atrous sweep my-spec.toml --quiet --log sweep.log
      for a job in the background: failures alone on stderr, everything in the file
  atrous sweep my-spec.toml --jobs 4
      four runs at a time; --jobs 1 where a run's time and memory are to be its own
  atrous sweep my-spec.toml --shard 1/3 --out shard-1
      the second third of the runs: the other machines do 0/3 and 2/3, and atrous merge puts them together";

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file or option that has to be changed.
pub fn run(args: Args) -> Result<Exit> {
    let Some(name) = args.spec.as_ref().filter(|_| !args.list) else {
        print(embedded_specs())?;
        return Ok(Exit::Done);
    };
    let overrides = Overrides { set: args.set.clone(), seeds: args.seeds.clone(), only: args.only.clone() };
    let spec = Spec::load(name, &overrides)?;
    let progress = args.talk.progress()?;
    sweep_spec(args, &spec, &progress).inspect_err(|error| progress.log_line(format!("error: {error:#}")))
}

fn sweep_spec(args: Args, spec: &Spec, progress: &Progress) -> Result<Exit> {
    let device = args.device.open(progress)?;
    let options = SweepOptions {
        out: args.out.unwrap_or_else(|| default_out(&spec.name)),
        data: args.data,
        masks: args.masks,
        run: args.run,
        tensorboard: args.tensorboard,
        selection: args.selection,
        margin: args.margin.margin,
    };
    let stop = StopFlag::install()?;
    if args.dry_run {
        print(sweep::dry_run(spec, &options, &device, progress, &stop)?.to_string())?;
        return Ok(if stop.requested() { stop.exit() } else { Exit::Done });
    }
    let end = sweep::sweep(spec, &options, &device, progress, &stop, &execute)?;
    let Tables { table, verdicts, left_out } = Tables::update(&options.out, args.margin.margin)?;
    note_left_out(&left_out);
    if args.talk.quiet {
        print(format!("{}\n", options.out.display()))?;
    } else if !end.stopped && !end.lacks_shards() {
        print_markdown(table.markdown())?;
        print_verdicts(&verdicts)?;
    }
    table.markdown().lines().filter(|line| !line.is_empty()).for_each(|line| progress.log_line(line));
    progress.line(summary(&end, &options.out));
    Ok(exit(&end, &verdicts, &stop))
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
    let mut done = format!("{} finished", count(end.finished, "run"));
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

/// How the program ends after a sweep.
fn exit(end: &SweepEnd, verdicts: &Verdicts, stop: &StopFlag) -> Exit {
    let not_shown = !end.lacks_shards() && verdicts.any_not_met();
    if end.stopped { stop.exit() } else { Exit::done_if(end.failed == 0 && !not_shown) }
}
