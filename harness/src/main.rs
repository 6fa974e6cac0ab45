//! `atrous`: parses, dispatches, prints errors on one line.

#![forbid(unsafe_code)]

use atrous_harness::{cmd, support::memory};
use std::process::ExitCode;

fn main() -> ExitCode {
    memory::keep_freed();
    cmd::cli::main()
}
