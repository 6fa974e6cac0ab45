//! `atrous check`: are these runs worse than the recorded ones?

use super::options::points;
use super::output::print_markdown;
use super::{check_folder_of, read_first_losses, read_rows};
use crate::conclusions::gate::{Check, CheckOptions, ReferenceRuns, RunSet, Status, WantedCommit};
use crate::conclusions::statistics::SIGNIFICANCE;
use crate::results::provenance::Provenance;
use crate::results::result::write_json;
use crate::results::rows::Rows;
use crate::results::scores::Metric;
use crate::support::atomic_file;
use crate::support::exit::{Busy, Exit};
use crate::sweep::Lock;
use anyhow::{Result, ensure};
use std::path::PathBuf;

/// Hold runs against recorded ones: has a change made mIoU worse, or other than it was?
///
/// Every experiment and rates of the reference is compared by a two-sided t-test, and so is their
/// mean, in which each counts by one over the variance of its recorded scores. Runs of recorded
/// seeds are paired with them; runs of other seeds are a second sample, and the reference needs
/// twice as many. p-values are corrected together (Holm), so that an unchanged program is called
/// worse or changed in at most one check of twenty. Beside scores, the losses of the first three
/// steps have to be the recorded ones but for rounding.
///
/// The table says what was compared, the difference with its bounds, and the smallest true change
/// that such a check finds in four of five cases: a check that could not have found the change that
/// matters proves nothing, and --must-detect makes it fail.
///
/// The set of runs has to be whole: every run that was planned, once, in its own place, as it was
/// written, and of this program (--commit). Otherwise it is not judged.
///
/// Exit code: 0 in line with the reference, 1 worse or changed, 2 it could not be judged.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The folder of runs that a sweep wrote
    results: PathBuf,

    /// Recorded runs, as `atrous record` writes them
    #[arg(long, value_name = "FILE")]
    reference: PathBuf,

    /// What is compared
    #[arg(long, value_enum, default_value_t = Metric::Miou)]
    metric: Metric,

    /// How often an unchanged program may be called worse or changed by its scores
    #[arg(long, default_value_t = SIGNIFICANCE, value_name = "P", value_parser = probability, allow_hyphen_values = true)]
    alpha: f64,

    /// The largest change that does not matter, in points
    #[arg(long, default_value = "0", value_name = "POINTS", value_parser = points, allow_hyphen_values = true)]
    margin: f64,

    /// Exit with 2 where a change of so many points would probably not have been found
    #[arg(long, value_name = "POINTS", value_parser = points, allow_hyphen_values = true)]
    must_detect: Option<f64>,

    /// Exit with 1 where runs differ in a single bit from those of the reference with the same id;
    /// only runs on the CPU with the same vector instructions are compared so, and where the
    /// reference has none with those of this processor, that is said and decides nothing
    #[arg(long)]
    exact: bool,

    /// Only this experiment; may be repeated
    #[arg(long, value_name = "EXPERIMENT")]
    only: Vec<String>,

    /// The program whose runs are asked for, by its commit, or any; runs of another one are not
    /// judged [default: this program]
    #[arg(long, value_name = "HASH")]
    commit: Option<String>,

    /// Write everything as JSON as well
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write a JUnit XML file as well, which CI servers show as tests
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  atrous sweep gate --device flex && atrous check runs/gate --reference results/reference/gate.json
      the check that this project's own CI makes, minutes on two cores, without any data
  atrous record runs/mine --reference mine.json
      record runs of your own before a change; docs/guide/gate.md
  atrous check runs/mine --reference mine.json --must-detect 1 --junit check.xml --json check.json
      and hold runs against them after it";

fn probability(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "a number is needed")?;
    if value > 0.0 && value < 0.5 { Ok(value) } else { Err("must lie between 0 and 0.5".into()) }
}

/// The runs, and whether they can be judged as a set. Those of a sweep that still runs cannot.
fn examine(args: &Args, reference: &ReferenceRuns) -> Result<(RunSet, Rows)> {
    let wanted = match args.commit.as_deref() {
        Some("any") => WantedCommit::Any,
        Some(commit) => WantedCommit::Only(commit.to_owned()),
        None => WantedCommit::Only(Provenance::current().git_commit),
    };
    match Lock::take_to_read(&args.results) {
        Err(error) if error.is::<Busy>() => Ok((RunSet::not_judged(error.to_string()), Rows::default())),
        Err(error) => Err(error),
        Ok(_held) => {
            let rows = read_rows(&args.results)?;
            Ok((RunSet::examine(&args.results, reference, &args.only, &wanted)?, rows))
        }
    }
}

/// Runs the subcommand.
///
/// # Errors
/// A file that cannot be read or written; names it.
pub fn run(args: Args) -> Result<Exit> {
    for (option, path) in [("json", &args.json), ("junit", &args.junit)] {
        path.iter().try_for_each(|path| check_folder_of(option, path))?;
    }
    let reference = ReferenceRuns::read(&args.reference)?;
    for only in &args.only {
        let known = reference.cells.iter().any(|cell| cell.settings.experiment == *only);
        ensure!(known, "--only {only}: {} has no experiment of this name", args.reference.display());
    }
    let (set, rows) = examine(&args, &reference)?;
    let losses = read_first_losses(&args.results, &rows)?;
    let options = CheckOptions {
        metric: args.metric,
        alpha: args.alpha,
        margin: args.margin,
        must_detect: args.must_detect,
        exact: args.exact,
        only: args.only,
    };
    let check = Check::new(&reference, &rows, &losses, options).of_set(set);
    if let Some(path) = &args.json {
        write_json(path, &check)?;
    }
    if let Some(path) = &args.junit {
        atomic_file::write(path, check.junit()?)?;
    }
    print_markdown(check.markdown(&args.reference.display().to_string(), &args.results.display().to_string()))?;
    Ok(match check.status {
        Status::InLine => Exit::Done,
        Status::Worse | Status::Changed => Exit::Failed,
        Status::NotJudged => Exit::Unusable,
    })
}
