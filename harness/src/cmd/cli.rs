//! The command line: what there is, and how errors look.

use crate::cmd;
use crate::results::provenance::Provenance;
use crate::support::exit::Exit;
use crate::support::{memory, printable, stop, threads};
use anyhow::Result;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;
use std::sync::LazyLock;

/// The command line of the program.
#[derive(Debug, Parser)]
#[command(name = "atrous", version = version(), about = "Which atrous rates should an ASPP head have for images of this size?",
    after_help = start(), arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: CliCommand,
}

/// Version, commit, burn's version and features: what a report of a fault needs.
fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let Provenance { version, git_commit, burn_version } = Provenance::current();
        let features = [("wgpu", cfg!(feature = "wgpu")), ("autotune", cfg!(feature = "autotune"))];
        // The CPU backend is always there.
        let features = features.into_iter().filter(|(_, there)| *there).map(|(name, _)| name);
        let features: Vec<&str> = std::iter::once("flex").chain(features).collect();
        format!("{version} (commit {git_commit}, burn {burn_version}, features {})", features.join(" "))
    });
    &VERSION
}

/// The end of the help: where to begin, and what exit codes mean.
fn start() -> String {
    let [done, failed, unusable, scheduler, user] = Exit::ALL;
    format!(
        "{START}\n\nExit codes: {done}, {failed}, {unusable},\n{scheduler}, {user}; after these two the same command goes on."
    )
}

const START: &str = "\
Start here:
  atrous sweep quick                             a results table in minutes, without any data
  atrous inspect stare --data-root DIR           look at data before training on it
  atrous sweep retina-small --data-root DIR      the same on real retina images";

#[derive(Debug, Subcommand)]
enum CliCommand {
    Sweep(cmd::sweep::Args),
    Status(cmd::status::Args),
    Train(cmd::train::Args),
    Eval(cmd::eval::Args),
    Predict(cmd::predict::Args),
    Erf(cmd::erf::Args),
    Export(cmd::export::Args),
    Batches(cmd::batches::Args),
    Bench(cmd::bench::Args),
    Merge(cmd::merge::Args),
    Table(cmd::table::Args),
    Report(cmd::report::Args),
    Check(cmd::check::Args),
    Record(cmd::record::Args),
    Verify(cmd::verify::Args),
    Rates(cmd::rates::Args),
    Spec(cmd::spec::Args),
    Describe(cmd::describe::Args),
    Inspect(cmd::inspect::Args),
    Prepare(cmd::prepare::Args),
    Devices(cmd::devices::Args),
    Completions(cmd::completions::Args),
    Man(cmd::man::Args),
}

impl CliCommand {
    fn run(self) -> Result<Exit> {
        match self {
            CliCommand::Sweep(args) => cmd::sweep::run(args),
            CliCommand::Status(args) => cmd::status::run(args),
            CliCommand::Train(args) => cmd::train::run(args),
            CliCommand::Eval(args) => cmd::eval::run(args),
            CliCommand::Predict(args) => cmd::predict::run(args),
            CliCommand::Erf(args) => cmd::erf::run(args),
            CliCommand::Export(args) => cmd::export::run(args),
            CliCommand::Batches(args) => cmd::batches::run(args),
            CliCommand::Bench(args) => cmd::bench::run(args),
            CliCommand::Merge(args) => cmd::merge::run(args),
            CliCommand::Table(args) => cmd::table::run(args),
            CliCommand::Report(args) => cmd::report::run(args),
            CliCommand::Check(args) => cmd::check::run(args),
            CliCommand::Record(args) => cmd::record::run(args),
            CliCommand::Verify(args) => cmd::verify::run(args),
            CliCommand::Rates(args) => cmd::rates::run(args),
            CliCommand::Spec(args) => cmd::spec::run(args),
            CliCommand::Describe(args) => cmd::describe::run(args),
            CliCommand::Inspect(args) => cmd::inspect::run(args),
            CliCommand::Prepare(args) => cmd::prepare::run(args),
            CliCommand::Devices(args) => cmd::devices::run(args),
            CliCommand::Completions(args) => cmd::completions::run(args, Cli::command()),
            CliCommand::Man(args) => cmd::man::run(args, Cli::command()),
        }
    }
}

/// The program: reads the command line, runs, and reports an error on one line.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage_error(&error),
    };
    match prepare().and_then(|()| cli.command.run()) {
        Ok(exit) => exit.into(),
        Err(error) => match stop::exit_of_interruption(&error) {
            Some(exit) => {
                complain(&one_line(&error));
                exit.into()
            }
            None => {
                complain(&format!("error: {}", one_line(&error)));
                Exit::of(&error).into()
            }
        },
    }
}

/// What every command needs of the system.
fn prepare() -> Result<()> {
    memory::check_there_is_some()?;
    threads::start()
}

/// A line on stderr. Where that is closed, the exit code has to do.
fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints help and version as they are, and what was typed wrongly on one line.
fn usage_error(error: &clap::Error) -> ExitCode {
    let asked_for_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if asked_for_help {
        // A closed pipe behind `--help` is no error.
        let _ = error.print();
        return if error.use_stderr() { Exit::Unusable.into() } else { Exit::Done.into() };
    }
    let text = error.render().to_string();
    let what = text.split("\n\nUsage:").next().unwrap_or_default();
    let what = what.split("\n\nFor more information").next().unwrap_or_default();
    complain(&format!("{}; see --help", what.split_whitespace().collect::<Vec<_>>().join(" ")));
    Exit::Unusable.into()
}

/// An error with its causes on one line. A cause that its effect has quoted already is left out.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            line = text;
        } else if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
    }
    printable(&line)
}

/// A message without what a file may have brought into it: characters that control a terminal, and
/// text without end.
fn printable(line: &str) -> String {
    const LONGEST: usize = 4000;
    let mut short: String = printable::printable(&line.chars().take(LONGEST).collect::<String>());
    if line.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_a_file_says_neither_controls_the_terminal_nor_fills_it() {
        let error = anyhow!("a\u{1b}[2J{}", "b".repeat(10_000));
        let line = one_line(&error);
        assert!(line.starts_with("a\\u{1b}[2Jbb") && line.ends_with('…') && line.chars().count() < 4100, "{line}");
    }

    #[test]
    fn causes_are_on_one_line_and_not_repeated() {
        let cause = Err::<(), _>(anyhow!("no\nsuch file"));
        let error = cause.context("a.png: cannot be read (no such file)").context("stare").unwrap_err();
        assert_eq!(one_line(&error), "stare: a.png: cannot be read (no such file)");
    }
}
