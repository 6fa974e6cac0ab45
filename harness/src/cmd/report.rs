//! `atrous report`: one page from a results directory.

use super::options::{DeviceArg, MarginArg};
use super::output::{note_left_out, print};
use super::{browser, check_folder_of, default_out};
use crate::report::{ImageOptions, Report, ReportedSweep, RunsLeft, Sources};
use crate::results::rows::Rows;
use crate::run::options::DataOptions;
use crate::support::atomic_file;
use crate::support::exit::Exit;
use crate::support::lookup;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Context, Result, bail, ensure};
use atrous_models::ComputeDevice;
use std::path::{Path, PathBuf};

/// Write one HTML page with the tables, plots, images and provenance of a sweep
///
/// The page is one file: no script, nothing is loaded from elsewhere. Its heading is the answer. It
/// has, per experiment, one figure with all seeds and intervals beside the table; validation images
/// with prediction, truth and difference for the rates of the highest and the lowest score and the
/// baseline; scores and confusion per class; what the branches see, with effective receptive
/// fields; training curves; and where every number comes from. Runs that have not ended are left
/// out, and counted.
///
/// The images and the receptive fields need the data and the checkpoints. Where they are missing,
/// the page says so in their place.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// A sweep's output directory, or the spec whose runs are in runs/SPEC; of several, one page
    /// with the curves of all
    #[arg(default_value = "quick", value_name = "RESULTS")]
    results: Vec<String>,

    #[arg(
        help = "Where the page goes [default: report.html in the results directory]",
        long,
        value_name = "FILE.html"
    )]
    out: Option<PathBuf>,

    /// Open the page in the browser
    #[arg(long)]
    open: bool,

    /// Write every plot into this folder too, as SVG and PNG, and the receptive fields as PNG
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,

    #[command(flatten)]
    margin: MarginArg,

    /// Validation images to show per experiment
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    images: u8,

    /// Widest picture, in pixels
    #[arg(long, default_value_t = 360, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(16..=4096))]
    image_width: u16,

    /// Show no images and no receptive fields: needs no data, no checkpoints and no device
    #[arg(long)]
    no_images: bool,

    #[command(flatten)]
    data: DataOptions,

    #[command(flatten)]
    device: DeviceArg,
}

/// Validation images that a receptive field is averaged over.
const FIELD_IMAGES: usize = 4;

const EXAMPLES: &str = "\
Examples:
  atrous report quick
      the page of `atrous sweep quick`: runs/quick/report.html
  atrous report runs/retina-small --data-root ~/retina --images 2 --figures figures
      two images of each data set, and every plot as figures/NAME.svg and .png
  atrous report quick --open
      and the browser shows it
  atrous report runs/small runs/large --no-images --out both.html
      two sweeps on one page, with the losses of both in one plot
  atrous report merged --no-images --out /tmp/merged.html
      of run directories that were copied together, without data at hand";

/// Runs the subcommand.
///
/// # Errors
/// One line that names the directory, file or option. The page is written whole or not at all.
pub fn run(args: Args) -> Result<Exit> {
    let mut sweeps: Vec<ReportedSweep> = Vec::new();
    for results in &args.results {
        let sweep = read(find(results)?)?;
        ensure!(sweeps.iter().all(|other| other.out != sweep.out), "{results}: named twice");
        sweeps.push(sweep);
    }
    let page = match (args.out, &sweeps[..]) {
        (Some(page), _) => page,
        (None, [one]) => one.out.join("report.html"),
        (None, _) => bail!("the page of several sweeps needs a name: --out FILE.html"),
    };
    check_folder_of("out", &page)?;
    ensure!(!lookup::is_dir(&page)?, "--out {} is a folder: name a file", page.display());
    let mut report = Report::new(&sweeps, args.margin.margin)?;
    report.read_curves();
    if !args.no_images {
        let device = ComputeDevice::select(&args.device.device)?;
        let (progress, stop) = (Progress::new(), StopFlag::install()?);
        let sources = Sources { data: &args.data, device: &device, progress: &progress, stop: &stop };
        let options = ImageOptions { images: usize::from(args.images), width: usize::from(args.image_width) };
        if !report.predict(options, &sources) || !report.measure_fields(FIELD_IMAGES, &sources) {
            return Ok(stop.exit());
        }
    }
    let text = report.page()?;
    if let Some(folder) = &args.figures {
        write_figures(&report, folder)?;
    }
    atomic_file::write(&page, text)?;
    print(format!("{}\n", page.display()))?;
    if args.open {
        browser::open(&page);
    }
    Ok(Exit::Done)
}

/// The finished runs of a directory.
fn read(out: PathBuf) -> Result<ReportedSweep> {
    let (rows, left_out) = Rows::read_noting(&out)?;
    note_left_out(&left_out);
    if rows.0.iter().all(|row| row.result().is_none()) {
        bail!("{}: holds no finished run; start some with atrous sweep", out.display());
    }
    let left = RunsLeft::read(&out, &rows)?;
    Ok(ReportedSweep { out, rows, left })
}

/// The directory that was named, or that of a spec's runs.
fn find(results: &str) -> Result<PathBuf> {
    let named = PathBuf::from(results);
    if lookup::is_dir(&named)? {
        return Ok(named);
    }
    let name = named.file_stem().unwrap_or_default().to_string_lossy();
    let of_spec = default_out(&name);
    ensure!(
        lookup::is_dir(&of_spec)?,
        "{results}: no such folder, and there is no {}; name a sweep's output",
        of_spec.display()
    );
    Ok(of_spec)
}

fn write_figures(report: &Report, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("--figures: cannot create {}", folder.display()))?;
    for figure in report.figures() {
        atomic_file::write(&folder.join(format!("{}.svg", figure.name)), figure.svg()?)?;
        atomic_file::write(&folder.join(format!("{}.png", figure.name)), figure.png()?)?;
    }
    for (name, png) in report.pictures() {
        atomic_file::write(&folder.join(format!("{name}.png")), png)?;
    }
    Ok(())
}
