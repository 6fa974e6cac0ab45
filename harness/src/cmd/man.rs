//! `atrous man`: manual pages.

use super::output::print;
use crate::support::atomic_file;
use crate::support::count::count;
use crate::support::exit::Exit;
use anyhow::{Context, Result};
use clap_mangen::Man;
use std::path::{Path, PathBuf};

/// Write manual pages: atrous.1, and one for each subcommand
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[arg(help = "Where the pages go; created where it is missing", long, value_name = "DIR")]
    out: PathBuf,
}

const EXAMPLES: &str = "\
Example:
  atrous man --out ~/.local/share/man/man1
  man atrous-sweep";

/// Runs the subcommand for this command line.
///
/// # Errors
/// A folder or file that cannot be written; names it.
pub fn run(args: Args, mut command: clap::Command) -> Result<Exit> {
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot create {}", args.out.display()))?;
    command.build();
    let mut pages = 1;
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let name = format!("atrous-{}", subcommand.get_name());
        // clap keeps the names of commands for as long as the program lives.
        write(&args.out, subcommand.clone().name(&*Box::leak(name.clone().into_boxed_str())), &name)?;
        pages += 1;
    }
    write(&args.out, command, "atrous")?;
    print(format!("{} in {}\n", count(pages, "page"), args.out.display()))?;
    Ok(Exit::Done)
}

fn write(folder: &Path, command: clap::Command, name: &str) -> Result<()> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page).with_context(|| format!("cannot write the page of {name}"))?;
    atomic_file::write(&folder.join(format!("{name}.1")), page)
}
