//! What goes to stdout: results, and nothing else.

use crate::conclusions::verdict::Verdicts;
use crate::support::printable::{printable, printable_lines};
use crate::support::terminal::{Terminal, rendered};
use anyhow::{Context, Result};
use std::io::Write;

/// Writes a text in Markdown to stdout: as it is to a file or a pipe, laid out for its width to a
/// terminal.
///
/// # Errors
/// As [`print`].
pub fn print_markdown(text: impl AsRef<str>) -> Result<()> {
    match Terminal::of_stdout() {
        Some(terminal) => write(&rendered(&printable_lines(text.as_ref()), &terminal)),
        None => print(text),
    }
}

/// Writes results to stdout. A reader that has seen enough (`| head`) is no error.
///
/// # Errors
/// A full disk, and the like.
pub fn print(text: impl AsRef<str>) -> Result<()> {
    write(&printable_lines(text.as_ref()))
}

/// Writes what is safe to be written.
fn write(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
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
    print_markdown(below(verdicts))
}

/// Verdicts as they stand below a table; empty where nothing is expected.
pub fn below(verdicts: &Verdicts) -> String {
    let text = verdicts.markdown();
    if text.is_empty() { text } else { format!("\n{text}") }
}
