//! The terminal that results are printed to: how wide it is, and whether it shows colours.

mod blocks;
mod style;
mod table;
mod wrap;

pub use blocks::rendered;

use std::io::IsTerminal;

/// What a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Characters in a line.
    pub width: usize,
    /// Whether it shows colours and bold letters.
    pub colour: bool,
}

/// The width of a terminal that does not say.
const WIDTH: usize = 80;
/// Less than this is no width to set a text in.
const LEAST_WIDTH: usize = 20;

impl Terminal {
    /// The terminal behind stdout; `None` for a file or a pipe.
    ///
    /// `COLUMNS` goes before what the terminal says of itself. There are no colours with `NO_COLOR`
    /// (no-color.org) and on a dumb terminal.
    pub fn of_stdout() -> Option<Self> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let asked = || Some(usize::from(terminal_size::terminal_size()?.0.0));
        std::io::stdout().is_terminal().then(|| Terminal {
            width: width(variable("COLUMNS").as_deref(), asked),
            colour: variable("NO_COLOR").is_none() && variable("TERM").is_none_or(|kind| kind != "dumb"),
        })
    }
}

fn width(columns: Option<&str>, asked: impl FnOnce() -> Option<usize>) -> usize {
    let known = columns.and_then(|columns| columns.parse().ok()).or_else(asked);
    known.filter(|width| *width > 0).unwrap_or(WIDTH).max(LEAST_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_that_are_known_first() {
        assert_eq!([width(Some("60"), || Some(100)), width(Some("wide"), || Some(100))], [60, 100]);
        assert_eq!([width(None, || None), width(None, || Some(0)), width(Some("3"), || None)], [80, 80, 20]);
    }
}
