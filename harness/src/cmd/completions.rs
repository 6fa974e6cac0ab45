//! `atrous completions`: what a shell completes.

use super::output::print;
use crate::support::exit::Exit;
use anyhow::Result;
use clap_complete::Shell;

/// Print the completions of a shell: subcommands, options and their values
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  atrous completions bash > ~/.local/share/bash-completion/completions/atrous
  atrous completions zsh > ~/.zfunc/_atrous
  atrous completions fish > ~/.config/fish/completions/atrous.fish";

/// Runs the subcommand for this command line.
///
/// # Errors
/// A full disk behind stdout, and the like.
pub fn run(args: Args, mut command: clap::Command) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "atrous", &mut script);
    print(String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
