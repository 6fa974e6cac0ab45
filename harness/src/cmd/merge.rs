//! `atrous merge`: the shards of a sweep, put together.

use super::output::print;
use crate::support::exit::Exit;
use crate::sweep::merge::merge;
use anyhow::Result;
use std::path::PathBuf;

/// Put the runs of several folders together in one, and write their tables
///
/// For shards of a sweep that wrote to folders of their own (`atrous sweep --shard`). Everything is
/// read first: runs have to be of one version of the program, of the same data and of one spec; a
/// run that is there twice has to have ended in the same way. Where that is not so, the error names
/// the files, and nothing is written.
///
/// Finished and failed runs are copied, and unfinished ones with a checkpoint: `atrous sweep SPEC
/// --out OUT` goes on with them, and does whatever is missing. A result in OUT is never replaced,
/// an unfinished run only by one that has come further: the same command again, later, adds what
/// has come since. OUT may be a shard's own folder; those that are read are not changed. Run
/// directories that are copied by hand do as well, with `atrous table` afterwards: only nobody
/// checks them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[arg(help = "Where the runs go; made where it is missing")]
    out: PathBuf,

    /// The folders that shards wrote
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  atrous sweep quick --shard 0/2 --out shard-0        on one machine
  atrous sweep quick --shard 1/2 --out shard-1        on another
  atrous merge merged shard-0 shard-1 && atrous table --out merged
      the table of the whole sweep
  atrous sweep quick --out merged
      and whatever a shard did not come to";

/// Runs the subcommand.
///
/// # Errors
/// Runs that do not belong together, and files that cannot be read or written; names them.
pub fn run(args: Args) -> Result<Exit> {
    let Args { out, folders } = args;
    let merged = merge(&out, &folders)?;
    print(format!("{}: {merged}\n", out.display()))?;
    Ok(Exit::Done)
}
