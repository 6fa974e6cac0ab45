//! `atrous bench`: how fast this machine is.

use super::options::DeviceArg;
use super::output::print;
use crate::experiment::spec::{Overrides, PlannedRun, Spec};
use crate::measure::speed::{SpeedOptions, SpeedReport, StepPage, TimedCase, What, measure};
use crate::run::options::{DataOptions, RunOptions};
use crate::support::exit::Exit;
use crate::support::progress::Progress;
use anyhow::Result;
use atrous_models::device::ComputeDevice;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Time training steps, predictions, or the loader
///
/// Every experiment of a spec is timed with each of its rates, on random pixels of the size that
/// the spec says, so that no data are needed (but for the loader). `RAYON_NUM_THREADS` sets the
/// number of threads on the CPU.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: BenchCommand,
}

#[derive(Debug, clap::Subcommand)]
enum BenchCommand {
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

        /// Make fewer steps where all cases would take longer; each gets three timed ones at least
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        within: Option<u64>,

        #[command(flatten)]
        device: DeviceArg,
    },
    /// Predictions: an image from 8-bit pixels to a class per pixel, in windows where the spec says
    /// so
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
    /// Training batches, decoded, augmented and normalised; timed after the first epoch, in which
    /// images are decoded
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
    /// Steps that were timed already, as Markdown, beside PyTorch's
    Page(PageArgs),
}

/// What the page is made of.
#[derive(Debug, clap::Args)]
struct PageArgs {
    /// Files of `bench step --json`, each of a process; a later one replaces the cases of an
    /// earlier one
    #[arg(required = true, value_name = "FILE")]
    steps: Vec<PathBuf>,

    /// What scripts/gpu/torch_throughput.py --like has written with --json
    #[arg(long, value_name = "FILE")]
    torch: Option<PathBuf>,

    /// Memory of the card: lines of an experiment, a tab, and MiB
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,

    /// Write all cases into one file as well; replaces the file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl PageArgs {
    fn run(&self) -> Result<()> {
        let page = StepPage::read(&self.steps, self.torch.as_deref(), self.card.as_deref())?;
        if let Some(path) = &self.json {
            page.ours.write(path)?;
        }
        print(page.to_string())
    }
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
  atrous bench loader --only chase_db1,hrf --data-root ~/retina --json loader.json
  atrous bench page r50.json unet.json --torch torch.json --json step.json";

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

/// One way to time: the cases, the device's name, and what is measured.
type Timing = (CaseArgs, String, SpeedOptions);

impl BenchCommand {
    /// What is to be timed; the arguments of a page, for which nothing is.
    fn timing(self) -> Result<Timing, PageArgs> {
        let options = |what, units, warmup| SpeedOptions {
            what,
            units,
            warmup,
            within: None,
            threads: 1,
            run: RunOptions::default(),
            data: DataOptions::at(""),
        };
        Ok(match self {
            BenchCommand::Step { cases, steps, warmup, within, device } => {
                let within = within.map(Duration::from_secs);
                (cases, device.device, SpeedOptions { within, ..options(What::Step, steps, warmup) })
            }
            BenchCommand::Inference { cases, images, warmup, device } => {
                (cases, device.device, options(What::Inference, images, warmup))
            }
            BenchCommand::Loader { cases, samples, threads, data, run } => {
                let options = options(What::Loader, samples, 0);
                (cases, "flex".into(), SpeedOptions { threads: threads as usize, data, run, ..options })
            }
            BenchCommand::Page(page) => return Err(page),
        })
    }
}

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file or option that has to be changed.
pub fn run(args: Args) -> Result<Exit> {
    let began = Instant::now();
    let report = match args.command.timing() {
        Ok(timing) => time(timing, began)?,
        Err(page) => return page.run().map(|()| Exit::Done),
    };
    print(report.to_string())?;
    Ok(Exit::Done)
}

/// Times all cases, and writes the report where it is asked for.
fn time((arguments, device, mut options): Timing, began: Instant) -> Result<SpeedReport> {
    let runs = arguments.runs()?;
    let device = ComputeDevice::select(&device)?;
    if options.what == What::Step {
        runs.iter().try_for_each(|run| device.takes(run.settings.train.precision))?;
    }
    let progress = Progress::new();
    let (units, end) = (options.units, options.within.map(|within| began + within));
    let mut cases = Vec::with_capacity(runs.len());
    for (done, PlannedRun { settings, .. }) in runs.iter().enumerate() {
        if arguments.dry_run {
            cases.push(TimedCase::planned(options.what, settings));
            continue;
        }
        if options.what == What::Loader {
            options.units = units.div_ceil(settings.train.batch as u64);
        }
        // What is left is shared by the cases that are left.
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        options.within = left.map(|left| left.div_f64((runs.len() - done) as f64));
        cases.push(measure(settings, &options, &device, &progress)?);
    }
    let report = SpeedReport::new(options.what, &device, began, cases);
    if let Some(path) = &arguments.json {
        report.write(path)?;
    }
    Ok(report)
}
