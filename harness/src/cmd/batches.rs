//! `atrous batches`: what a run trains on, for other programs and for looking at.

use super::options::OneRunArgs;
use super::output::print;
use super::{check_new_file, default_out};
use crate::experiment::settings::DataSource;
use crate::run::options::{DataOptions, RunOptions};
use crate::run::train;
use crate::support::atomic_file;
use crate::support::exit::Exit;
use crate::support::progress::Progress;
use crate::sweep::{DataSets, Lock};
use anyhow::{Context, Result, ensure};
use safetensors::tensor::{Dtype, TensorView};
use std::path::PathBuf;

/// Write the first batches of a run to a safetensors file
///
/// Batches are those that `atrous train` with the same spec, experiment and seed sees: `images.K`,
/// N x 3 x H x W, 32-bit floats, RGB, normalised and augmented, and `labels.K`, N x H x W, 8 bits,
/// 255 ignored, for iteration K from 0. Synthetic images are drawn into runs/SPEC, where a sweep
/// finds them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    run: OneRunArgs,

    /// How many batches
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    iterations: u64,

    #[arg(help = "Where the batches go; must not exist", long, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    data: DataOptions,
}

/// What a file of batches may hold; it is made in memory.
const MOST_BYTES: u64 = 4 << 30;

const EXAMPLES: &str = "\
Example:
  atrous batches retina-small --experiment stare --iterations 50 --data-root ~/retina --out batches.safetensors";

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file or option that has to be changed.
pub fn run(args: Args) -> Result<Exit> {
    check_new_file(&args.out)?;
    let spec = args.run.spec(None)?;
    let settings = spec.plan().remove(0).settings;
    let count = args.iterations;
    let run = settings.train.iterations;
    ensure!(count <= run, "--iterations {count}: the run has {run}");
    let values = (3 + 1) * settings.crop[0] * settings.crop[1] * settings.train.batch;
    let bytes = count.saturating_mul(4 * values as u64);
    ensure!(bytes <= MOST_BYTES, "--iterations {count}: the batches take {bytes} bytes, more than {MOST_BYTES}");
    let progress = Progress::new();
    let mut data = DataSets::open_files(&spec, &args.data)?;
    let folder = default_out(&spec.name);
    let _lock = matches!(settings.data, DataSource::Synthetic(_)).then(|| Lock::take(&folder)).transpose()?;
    data.draw(&spec, &folder, &progress)?;
    data.take_fingerprints(&progress)?;
    let opened = data.get(&settings).context("the data set is not open")?;
    let source = train::batches(&settings, opened.dataset, RunOptions::default());
    let bar = progress.bar(args.iterations, "draw batches".to_owned());
    let mut tensors = Vec::new();
    for iteration in 0..args.iterations {
        let batch = source.batch(iteration)?;
        let [n, height, width] = [batch.size, batch.height, batch.width];
        let images: Vec<u8> = batch.images.iter().flat_map(|value| value.to_le_bytes()).collect();
        tensors.push((format!("images.{iteration}"), Dtype::F32, vec![n, 3, height, width], images));
        tensors.push((format!("labels.{iteration}"), Dtype::U8, vec![n, height, width], batch.labels));
        bar.set(iteration + 1);
    }
    bar.finish();
    let views: Vec<_> = tensors
        .iter()
        .map(|(key, dtype, shape, bytes)| TensorView::new(*dtype, shape.clone(), bytes).map(|view| (key, view)))
        .collect::<Result<_, _>>()?;
    atomic_file::write(&args.out, safetensors::serialize(views, None)?)?;
    print(format!("{} batches in {}\n", args.iterations, args.out.display()))?;
    Ok(Exit::Done)
}
