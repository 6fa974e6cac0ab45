//! `atrous export`: a trained network for other programs.

use super::check_new_file;
use super::output::print;
use crate::run::export::{ExportFormat, ExportedNetwork};
use crate::run::train::Checkpoint;
use crate::run::weights::weights_file;
use crate::support::atomic_file;
use crate::support::count::count;
use crate::support::exit::Exit;
use crate::support::lookup;
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;

/// Write a checkpoint's network as weights that mmsegmentation loads, or as ONNX
///
/// The name of the file says which: .safetensors holds the weights under mmsegmentation's keys,
/// with the counters of its batch norms and without the optimiser. .onnx (opset 17) holds the
/// network in evaluation mode: "image" is batch x 3 x height x width, RGB in grey levels from 0 to
/// 255, of any size; "logits" is batch x classes x height x width.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// A run's directory, or a checkpoint of this program: checkpoint.safetensors in it
    #[arg(value_name = "PATH")]
    checkpoint: PathBuf,

    #[arg(help = "Where the network goes: a name in .safetensors or .onnx; must not exist", long, value_name = "FILE")]
    out: PathBuf,

    /// Write images and the logits that they have into this new folder, as ONNX keeps the tests of
    /// its models: test_data_set_0/input_0.pb, output_0.pb ...
    #[arg(long, value_name = "DIR")]
    test_data: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  atrous export runs/retina-small/stare/1-12-24-36/seed-0-* --out stare.onnx

and in Python:
  logits, = onnxruntime.InferenceSession(\"stare.onnx\").run(None, {\"image\": pixels})

  atrous export runs/retina-small/stare/1-12-24-36/seed-0-*/checkpoint.safetensors --out stare.safetensors

and in Python, with a network of mmsegmentation of the same shape:
  from safetensors.torch import load_file
  model.load_state_dict(load_file(\"stare.safetensors\"), strict=True)";

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file.
pub fn run(args: Args) -> Result<Exit> {
    let format = ExportFormat::of(&args.out)?;
    check_new_file(&args.out)?;
    if let Some(folder) = &args.test_data {
        ensure!(format == ExportFormat::Onnx, "--test-data is for --out in .onnx");
        ensure!(!lookup::is_there(folder)?, "--test-data {}: is there already; take another name", folder.display());
    }
    let path = weights_file(&args.checkpoint)?;
    let checkpoint = Checkpoint::read(&path)?;
    let (kind, rates, iteration) =
        (checkpoint.settings.model.kind, checkpoint.settings.rates_name(), checkpoint.iteration);
    let mut network = ExportedNetwork::of(checkpoint).with_context(|| format!("{} cannot be used", path.display()))?;
    atomic_file::write(&args.out, network.bytes(format))?;
    if let Some(folder) = &args.test_data {
        network.write_test_data(folder)?;
    }
    print(format!("{}: {kind}, rates {rates}, after {}\n", args.out.display(), count(iteration, "iteration")))?;
    Ok(Exit::Done)
}
