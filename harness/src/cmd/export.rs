//! `atrous export`: a trained network for other programs.

use super::check_new_file;
use super::output::print;
use crate::run::train::Checkpoint;
use crate::support::atomic_file;
use crate::support::checksum;
use crate::support::exit::Exit;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Write a checkpoint's network as weights that mmsegmentation loads
///
/// The file holds the network under mmsegmentation's keys, with the counters of its batch norms and
/// without the optimiser.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Checkpoint of this program: checkpoint.safetensors in a run's directory
    #[arg(value_name = "CHECKPOINT")]
    checkpoint: PathBuf,

    #[arg(help = "Where the weights go; must not exist", long, value_name = "FILE")]
    out: PathBuf,
}

const EXAMPLES: &str = "\
Example:
  atrous export runs/retina-small/stare/1-12-24-36/seed-0-*/checkpoint.safetensors --out stare.safetensors

and in Python, with a network of mmsegmentation of the same shape:
  from safetensors.torch import load_file
  model.load_state_dict(load_file(\"stare.safetensors\"), strict=True)";

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file.
pub fn run(args: Args) -> Result<Exit> {
    check_new_file(&args.out)?;
    let Checkpoint { mut state, settings, iteration, .. } = Checkpoint::read(&args.checkpoint)?;
    state.metadata = BTreeMap::from([
        ("model".to_owned(), settings.model.kind.to_string()),
        ("rates".to_owned(), settings.rates_name()),
        ("align_corners".to_owned(), settings.model.align_corners.to_string()),
        ("dataset".to_owned(), settings.dataset.to_string()),
        (checksum::KEY.to_owned(), checksum::UNSET.to_owned()),
    ]);
    let mut bytes = state.to_reference_bytes(i64::try_from(iteration).unwrap_or(i64::MAX));
    checksum::seal(&mut bytes);
    atomic_file::write(&args.out, bytes)?;
    let (kind, rates) = (settings.model.kind, settings.rates_name());
    print(format!("{}: {kind}, rates {rates}, after {iteration} iterations\n", args.out.display()))?;
    Ok(Exit::Done)
}
