//! What goes to stdout: results, and nothing else.

use crate::conclusions::verdict::Verdicts;
use crate::support::printable::{printable, printable_lines};
use anyhow::{Context, Result};
use std::io::Write;

/// Writes results to stdout. A reader that has seen enough (`| head`) is no error.
///
/// # Errors
/// A full disk, and the like.
pub fn print(text: impl AsRef<str>) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(printable_lines(text.as_ref()).as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("cannot write to stdout"),
        _ => Ok(()),
    }
}

/// Says on stderr which run directories do not count, and why.
pub fn note_left_out(left_out: &[String]) {
    for line in left_out {
        // Where stderr is closed, the tables have to do.
        let _ = writeln!(std::io::stderr(), "left out: {}", printable(line));
    }
}

/// Prints verdicts below a table; nothing where nothing is expected.
///
/// # Errors
/// As [`print`].
pub fn print_verdicts(verdicts: &Verdicts) -> Result<()> {
    let text = verdicts.markdown();
    if text.is_empty() { Ok(()) } else { print(format!("\n{text}")) }
}
