//! `atrous table`: the table of the runs that a directory holds.

use super::default_out;
use super::options::MarginArg;
use super::output::{below, note_left_out, print, print_markdown, print_verdicts};
use crate::conclusions::tables::Tables;
use crate::results::run_dir::RunDir;
use crate::support::exit::Exit;
use crate::support::lookup;
use anyhow::{Result, bail};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// Print and write the table of the runs that a directory holds
///
/// Reads the run directories again, so runs that were copied there from another machine are in it.
/// Writes results.csv, classes.csv, image_scores.csv, table.md and table.csv beside them, and
/// verdict.md and verdict.json where the spec said what it expects (docs/guide/controls.md): the
/// exit code is 1 where the runs do not show it.
///
/// Rates are compared with the baseline for other seeds and other subjects, and are better, worse,
/// equal within a margin, or undetermined: the table begins with that answer.
/// docs/reference/results.md explains every column and number.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The spec whose runs are meant
    #[arg(default_value = "quick")]
    spec: String,

    #[arg(help = "Where the runs are [default: runs/SPEC]", long, value_name = "DIR")]
    out: Option<PathBuf>,

    #[command(flatten)]
    margin: MarginArg,

    /// How to print it; Markdown and CSV are written [default: terminal where there is one, else
    /// markdown]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

const EXAMPLES: &str = "\
Examples:
  atrous table retina-small
      the table of `atrous sweep retina-small`
  atrous table --out merged
      of run directories that were copied together
  atrous table quick --format csv > table.csv
      for a spreadsheet; scores are fractions there";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Laid out for the width of the terminal; to a file or a pipe as markdown
    Terminal,
    Markdown,
    Csv,
}

/// Runs the subcommand.
///
/// # Errors
/// A directory that is not there, or a file in it that cannot be read or written; names it.
pub fn run(args: Args) -> Result<Exit> {
    let name = Path::new(&args.spec).file_stem().unwrap_or_default().to_string_lossy();
    let out = args.out.unwrap_or_else(|| default_out(&name));
    if !lookup::is_dir(&out)? {
        bail!("{}: no such folder; name the sweep's with --out", out.display());
    }
    let mut ended = false;
    for run in RunDir::scan(&out)? {
        ended = ended || run.has_ended()?;
    }
    if !ended {
        bail!("{}: holds no finished run; start some with atrous sweep", out.display());
    }
    let Tables { table, verdicts, left_out } = Tables::update(&out, args.margin.margin)?;
    note_left_out(&left_out);
    match args.format.unwrap_or(Format::Terminal) {
        Format::Terminal => {
            print_markdown(table.markdown())?;
            print_verdicts(&verdicts)?;
        }
        Format::Markdown => print(format!("{}{}", table.markdown(), below(&verdicts)))?,
        Format::Csv => print(table.csv()?)?,
    }
    Ok(Exit::done_if(!verdicts.any_not_met()))
}
