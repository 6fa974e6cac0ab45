//! Bold letters and colours: marks of no width while a text is laid out, escapes when it is done.

use super::Terminal;

/// How a word looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Bold,
    Good,
    Bad,
    Open,
}

/// The end of a look. These characters are invisible operators of mathematics: they have no width,
/// and no text of results has them.
const END: char = '\u{2060}';

impl Look {
    const ALL: [Look; 4] = [Look::Bold, Look::Good, Look::Bad, Look::Open];

    fn mark(self) -> char {
        match self {
            Look::Bold => '\u{2061}',
            Look::Good => '\u{2062}',
            Look::Bad => '\u{2063}',
            Look::Open => '\u{2064}',
        }
    }

    fn escape(self) -> &'static str {
        match self {
            Look::Bold => "\u{1b}[1m",
            Look::Good => "\u{1b}[32m",
            Look::Bad => "\u{1b}[31m",
            Look::Open => "\u{1b}[33m",
        }
    }

    /// The look of a verdict; `None` for other words.
    fn of_verdict(word: &str) -> Option<Self> {
        match word.trim_matches(['*', ',', '.', ':', ';']) {
            "better" | "winner" | "met" | "fits" | "equal" => Some(Look::Good),
            "worse" | "differs" | "failed" | "changed" => Some(Look::Bad),
            "undetermined" => Some(Look::Open),
            _ => None,
        }
    }

    /// Marks every word of a text, so that a look survives a line break.
    pub fn marked(self, text: &str) -> String {
        let word = |word: &str| if word.is_empty() { String::new() } else { format!("{}{word}{END}", self.mark()) };
        text.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }
}

/// Marks what is bold in Markdown; without colours the asterisks stay.
pub(super) fn inline(text: &str, terminal: &Terminal) -> String {
    if !terminal.colour {
        return text.to_owned();
    }
    let parts: Vec<&str> = text.split("**").collect();
    let paired = parts.len() % 2 == 1;
    let part = |(place, part): (usize, &&str)| match place % 2 {
        1 if paired => Look::Bold.marked(part),
        _ => (*part).to_owned(),
    };
    parts.iter().enumerate().map(part).collect::<Vec<_>>().join(if paired { "" } else { "**" })
}

/// Marks a cell whose text begins with a verdict.
pub(super) fn cell(text: &str, terminal: &Terminal) -> String {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    match Look::of_verdict(first).filter(|_| terminal.colour) {
        Some(look) => {
            let first = look.marked(first.trim_matches('*'));
            format!("{first} {}", rest.trim_end_matches("**")).trim_end().to_owned()
        }
        None => inline(text, terminal),
    }
}

/// The blank between numbers that belong together, as the rates of a list.
pub(super) const JOIN: char = '\u{a0}';

/// Keeps the numbers of a cell together: `1, 12, 24, 36`, `82.63 ± 0.22`, `-0.44 to +2.79`.
pub(super) fn joined(text: &str) -> String {
    let number = |word: &str| {
        let word = word.trim_matches('*');
        word == "±" || word == "to" || word.trim_end_matches(',').parse::<f64>().is_ok()
    };
    let words: Vec<&str> = text.split(' ').collect();
    let blank = |pair: &[&str]| if number(pair[0]) && number(pair[1]) { JOIN } else { ' ' };
    let mut joined = words[0].to_owned();
    for pair in words.windows(2) {
        joined.push(blank(pair));
        joined += pair[1];
    }
    joined
}

/// The number of characters that are seen.
pub(super) fn seen(text: &str) -> usize {
    text.chars().filter(|c| !(END..=Look::Open.mark()).contains(c)).count()
}

/// Replaces marks by what a terminal understands.
pub(super) fn escaped(text: &str) -> String {
    let ended = text.replace(JOIN, " ").replace(END, "\u{1b}[0m");
    Look::ALL.iter().fold(ended, |text, look| text.replace(look.mark(), look.escape()))
}
