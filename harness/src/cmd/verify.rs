//! `atrous verify`: can written results be believed?

use super::check_folder_of;
use super::output::print_markdown;
use crate::conclusions::table::MARGIN;
use crate::report::{RunsLeft, verify_page};
use crate::results::result::write_json;
use crate::results::rows::Rows;
use crate::run::execute::execute;
use crate::run::options::{DataOptions, RunOptions};
use crate::support::exit::Exit;
use crate::support::lookup;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use crate::sweep::Lock;
use crate::sweep::verification::{
    Agreement, Claim, DataAtHand, Repeat, Repeated, Verification, VerifiedFile, VerifiedRun, read_claims, verify_files,
    written_margin,
};
use anyhow::{Context, Result, bail, ensure};
use atrous_models::device::{CPU, ComputeDevice, is_cpu};
use std::path::{Path, PathBuf};

/// Compute written results anew: ids, scores, data, and with --rerun the runs themselves
///
/// RESULTS is the folder that a sweep wrote, or one with its results.csv alone, such as those that
/// are committed. Of every run in it: does its id follow from its settings and data (so that no
/// setting was changed afterwards), do its scores follow from the pixel counts below them, and is
/// the data set at hand the one that was used? Synthetic images are drawn again.
///
/// With --rerun DIR runs are made again in DIR, from nothing but what is written of them, and
/// compared: to the last digit where both were computed on the CPU with the same vector
/// instructions, else within --tolerance. A rerun that was stopped goes on with the same command.
///
/// Tables, verdicts and the files of run directories are computed anew or held against their
/// checksums, and compared. What could not be checked is counted.
///
/// Exit code: 0 as written as far as that could be checked, 1 something differs (with --strict
/// also: something could not be checked), 2 it cannot be read.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// A folder of runs, or with a results.csv
    results: PathBuf,

    #[command(flatten)]
    data: DataOptions,

    /// Make the runs again in this folder, and compare
    #[arg(long, value_name = "DIR")]
    rerun: Option<PathBuf>,

    /// Make only so many of them again, the first ones
    #[arg(long, value_name = "N", requires = "rerun")]
    limit: Option<usize>,

    /// Only this experiment; may be repeated
    #[arg(long, value_name = "EXPERIMENT")]
    only: Vec<String>,

    #[arg(
        help = "Where to make them again: a device as `atrous devices` lists them (default: flex where that is what is written, else auto)",
        long,
        value_name = "DEVICE",
        requires = "rerun"
    )]
    device: Option<String>,

    /// The largest difference in mIoU that does not matter where equal bits cannot be asked for, in
    /// points
    #[arg(long, default_value = "1", value_name = "POINTS", value_parser = super::options::points, allow_hyphen_values = true)]
    tolerance: f64,

    #[command(flatten)]
    run: RunOptions,

    /// Exit with 1 also where something could not be checked
    #[arg(long)]
    strict: bool,

    /// Write everything as JSON as well
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  atrous verify results/retina-small --data-root ~/retina
      the committed results: ids, scores, and that your copy of the images is the one that was used
  atrous verify results/retina-small --data-root ~/retina --rerun runs/again --limit 1
      and one of the runs made again
  atrous verify runs/quick --rerun runs/again
      a sweep on the CPU gives the same digits again";

/// Runs the subcommand.
///
/// # Errors
/// A file that cannot be read or written; names it.
pub fn run(args: Args) -> Result<Exit> {
    if let Some(path) = &args.json {
        // Hours of runs are not to be lost to a mistyped folder.
        check_folder_of("json", path)?;
    }
    let stop = StopFlag::install()?;
    let mut claims = read_claims(&args.results)?;
    for only in &args.only {
        let known = claims.iter().any(|claim| claim.settings.experiment == *only);
        ensure!(known, "--only {only}: {} has no experiment of this name", args.results.display());
    }
    claims.retain(|claim| args.only.is_empty() || args.only.contains(&claim.settings.experiment));
    let progress = Progress::new();
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut data = DataAtHand::new(&args.data, scratch.path(), &progress);
    let runs = claims.iter().map(|claim| VerifiedRun::of(claim, &mut data)).collect::<Result<_>>()?;
    let files = if args.only.is_empty() {
        [verify_files(&args.results, scratch.path())?, page(&args.results)?].concat()
    } else {
        let why = "with --only, what is of all experiments is left out".to_owned();
        vec![VerifiedFile { file: "the tables".into(), content: Agreement::NotChecked(why) }]
    };
    let mut verification = Verification { runs, files };
    if let Some(out) = &args.rerun
        && rerun(&args, out, &claims, &mut data, (&progress, &stop), &mut verification)? == RerunEnd::Stopped
    {
        progress.line(format!("stopped; the same command goes on from here; runs in {}", out.display()));
        return Ok(stop.exit());
    }
    if let Some(path) = &args.json {
        write_json(path, &verification)?;
    }
    print_markdown(verification.markdown(&args.results.display().to_string()))?;
    let enough = !args.strict || verification.not_checked() == 0;
    Ok(Exit::done_if(enough && !verification.differs()))
}

/// What is found out of the page, where there are runs that it can be made of anew; without them it
/// is one of the files that cannot be checked.
fn page(results: &Path) -> Result<Vec<VerifiedFile>> {
    let rows = match Rows::read(results) {
        Err(error) if lookup::is_of_disk(&error) => return Err(error),
        // Said of the tables already.
        Err(_) => return Ok(Vec::new()),
        Ok(rows) => rows,
    };
    if rows.0.iter().all(|row| row.result().is_none()) {
        return Ok(Vec::new());
    }
    verify_page(results, &rows, RunsLeft::read(results, &rows)?, &[written_margin(results)?, MARGIN])
}

/// How the making again of runs ended.
#[derive(PartialEq)]
enum RerunEnd {
    Done,
    Stopped,
}

/// Makes the runs again, as many as were asked for.
fn rerun(
    args: &Args,
    out: &Path,
    claims: &[Claim],
    data: &mut DataAtHand,
    (progress, stop): (&Progress, &StopFlag),
    verification: &mut Verification,
) -> Result<RerunEnd> {
    let same_folder =
        out.canonicalize().is_ok_and(|out| args.results.canonicalize().is_ok_and(|results| results == out));
    ensure!(!same_folder, "--rerun {}: these are the runs that are to be verified; name another folder", out.display());
    let limit = args.limit.unwrap_or(usize::MAX);
    let data_of = |run: &VerifiedRun| match &run.data {
        Agreement::Fits(_) => None,
        Agreement::Differs(why) | Agreement::NotChecked(why) => Some(why.clone()),
    };
    let obstacles: Vec<_> = verification.runs.iter().take(limit).map(data_of).collect();
    if let Some(Some(first)) = obstacles.first().filter(|_| obstacles.iter().all(Option::is_some)) {
        bail!("--rerun {}: the data of no run are at hand: {first}", out.display());
    }
    let _lock = Lock::take(out)?;
    let on_cpu = claims.iter().all(|claim| claim.measured.as_ref().is_none_or(|measured| is_cpu(&measured.device)));
    let device = args.device.as_deref().unwrap_or(if on_cpu { CPU } else { "auto" });
    let device = ComputeDevice::select(device)?;
    claims.iter().take(limit).try_for_each(|claim| device.takes(claim.settings.train.precision))?;
    let repeat = Repeat {
        out: out.to_owned(),
        device: &device,
        tolerance: args.tolerance,
        options: args.run,
        progress,
        stop,
        execute: &execute,
    };
    for (claim, verified) in claims.iter().zip(&mut verification.runs).take(limit) {
        match repeat.run(claim, data)? {
            Repeated::Compared(finding) => verified.rerun = Some(finding),
            Repeated::Stopped => return Ok(RerunEnd::Stopped),
        }
    }
    Ok(RerunEnd::Done)
}
