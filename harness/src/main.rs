//! `atrous`: parses, dispatches, prints errors on one line.

use atrous_harness::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
