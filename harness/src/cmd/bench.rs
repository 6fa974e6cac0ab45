//! `atrous bench`: how fast this machine is.

use super::options::DeviceArg;
use super::output::print;
use crate::experiment::spec::{Overrides, PlannedRun, Spec};
use crate::measure::speed::{Case, Report, SpeedOptions, What, measure};
use crate::run::options::{DataOptions, RunOptions};
use crate::support::exit::Exit;
use crate::support::progress::Progress;
use anyhow::Result;
use atrous_models::device::ComputeDevice;
use std::path::PathBuf;

/// Time training steps, predictions, or the loader
///
/// Every experiment of a spec is timed with each of its rates, on random pixels of the size that the spec says, so that no
/// data are needed (but for the loader). `RAYON_NUM_THREADS` sets the number of threads on the CPU.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Training steps: losses of both heads, gradients, update
    Step {
        #[command(flatten)]
        cases: CaseArgs,

        /// Steps that are timed
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        steps: u64,

        /// Steps before them, which are not
        #[arg(long, default_value_t = 3)]
        warmup: u64,

        #[command(flatten)]
        device: DeviceArg,
    },
    /// Predictions: an image from 8-bit pixels to a class per pixel, in windows where the spec says so
    Inference {
        #[command(flatten)]
        cases: CaseArgs,

        /// Images that are timed
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        images: u64,

        /// Images before them, which are not
        #[arg(long, default_value_t = 1)]
        warmup: u64,

        #[command(flatten)]
        device: DeviceArg,
    },
    /// Training batches, decoded, augmented and normalised; timed after the first epoch, in which images are decoded
    Loader {
        #[command(flatten)]
        cases: CaseArgs,

        /// Samples that are timed, rounded up to whole batches
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
        samples: u64,

        /// Threads that prepare batches
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1024))]
        threads: u64,

        #[command(flatten)]
        data: DataOptions,

        #[command(flatten)]
        run: RunOptions,
    },
}

/// What is timed, and where the times go.
#[derive(Debug, clap::Args)]
struct CaseArgs {
    /// An embedded spec (`atrous sweep --list`; `speed` is made for this) or a TOML file
    #[arg(default_value = "speed")]
    spec: String,

    /// Only these experiments
    #[arg(long, value_name = "EXPERIMENT,...", value_delimiter = ',')]
    only: Vec<String>,

    /// Change a key of every experiment, such as train.batch=16
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Name what would be timed, and time nothing
    #[arg(long)]
    dry_run: bool,

    /// Write the settings and times as JSON as well; replaces the file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  atrous bench step                              all cases of the embedded spec `speed`
  atrous bench step --only unet-w64 --device wgpu --steps 50
  atrous bench step paper --only stare --set train.batch=4
  atrous bench inference --only unet-w64
  atrous bench loader --only chase_db1,hrf --data-root ~/retina --json loader.json";

impl CaseArgs {
    /// One run for each experiment and rates: another seed takes the same time.
    fn runs(&self) -> Result<Vec<PlannedRun>> {
        let overrides = Overrides { set: self.set.clone(), seeds: None, only: self.only.clone() };
        let mut spec = Spec::load(&self.spec, &overrides)?;
        for experiment in &mut spec.experiments {
            experiment.seeds.truncate(1);
        }
        Ok(spec.plan())
    }
}

impl Command {
    fn parts(self) -> (CaseArgs, String, SpeedOptions) {
        let options = |what, units, warmup| SpeedOptions {
            what,
            units,
            warmup,
            threads: 1,
            run: RunOptions::default(),
            data: DataOptions::at(""),
        };
        match self {
            Command::Step { cases, steps, warmup, device } => {
                (cases, device.device, options(What::Step, steps, warmup))
            }
            Command::Inference { cases, images, warmup, device } => {
                (cases, device.device, options(What::Inference, images, warmup))
            }
            Command::Loader { cases, samples, threads, data, run } => {
                let options = options(What::Loader, samples, 0);
                (cases, "flex".into(), SpeedOptions { threads: threads as usize, data, run, ..options })
            }
        }
    }
}

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file or option that has to be changed.
pub fn run(args: Args) -> Result<Exit> {
    let (arguments, device, mut options) = args.command.parts();
    let runs = arguments.runs()?;
    let device = ComputeDevice::select(&device)?;
    if options.what == What::Step {
        runs.iter().try_for_each(|run| device.takes(run.settings.train.precision))?;
    }
    let progress = Progress::new();
    let units = options.units;
    let case = |PlannedRun { settings, .. }: &PlannedRun| {
        if arguments.dry_run {
            return Ok(Case::planned(options.what, settings));
        }
        if options.what == What::Loader {
            options.units = units.div_ceil(settings.train.batch as u64);
        }
        measure(settings, &options, &device, &progress)
    };
    let cases = runs.iter().map(case).collect::<Result<_>>()?;
    let report = Report::new(options.what, &device, cases);
    if let Some(path) = &arguments.json {
        report.write(path)?;
    }
    print(report.to_string())?;
    Ok(Exit::Done)
}
