//! `atrous train`: one run of a spec.

use super::default_out;
use super::options::{DeviceArg, OneRunArgs};
use super::output::print_markdown;
use crate::conclusions::table::MARGIN;
use crate::conclusions::tables::Tables;
use crate::run::execute::execute;
use crate::run::options::{DataOptions, MaskOptions, RunOptions};
use crate::support::exit::Exit;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use crate::sweep::{RunSelection, SweepOptions, sweep};
use anyhow::Result;
use std::path::PathBuf;

/// Train and score one run: one experiment of a spec, with one rates setting and one seed
///
/// The run is the one that `atrous sweep SPEC` would do, in the same directory, so that a sweep
/// takes it as done. A run that was interrupted goes on from its last checkpoint.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help_of_training()))]
pub struct Args {
    #[command(flatten)]
    which: OneRunArgs,

    /// Atrous rates; need not be among the spec's [default: the experiment's baseline]
    #[arg(long, value_name = "R,R,...", value_delimiter = ',')]
    rates: Option<Vec<usize>>,

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

    /// Start the run anew where a file of it is damaged or of another run; what is there of it is
    /// removed
    #[arg(long)]
    discard: bool,
}

const EXAMPLES: &str = "\
Examples:
  atrous train quick --experiment stare
  atrous train retina-small --experiment stare --rates 1,3,6,9 --seed 2 --data-root ~/retina
  atrous train paper --experiment hrf --set train.iterations=1000 --set train.eval_every=250 --out runs/try";

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file or option that has to be changed.
pub fn run(args: Args) -> Result<Exit> {
    let spec = args.which.spec(args.rates.as_deref())?;
    let progress = Progress::new();
    let device = args.device.open(&progress)?;
    let options = SweepOptions {
        out: args.out.unwrap_or_else(|| default_out(&spec.name)),
        data: args.data,
        masks: args.masks,
        run: args.run,
        tensorboard: args.tensorboard,
        selection: RunSelection { retry_failed: true, discard: args.discard, ..RunSelection::ONE_BY_ONE },
        margin: MARGIN,
    };
    let stop = StopFlag::install()?;
    let end = sweep(&spec, &options, &device, &progress, &stop, &execute)?;
    let Tables { table, .. } = Tables::update(&options.out, MARGIN)?;
    if end.stopped {
        return Ok(stop.exit());
    }
    print_markdown(table.markdown())?;
    Ok(Exit::done_if(end.failed == 0))
}
