//! Lines that fit a width.

use super::style::seen;

/// Breaks a text between words; the first line begins with `first`, further ones with `indent`. A
/// word that is longer than a line stays whole.
pub(super) fn wrapped(first: &str, text: &str, width: usize, indent: &str) -> String {
    let (mut lines, mut line, mut begun) = (String::new(), first.to_owned(), false);
    for word in text.split(' ') {
        if begun && seen(&line) + 1 + seen(word) > width {
            lines += &format!("{}\n", line.trim_end());
            (line, begun) = (indent.to_owned(), false);
        }
        line += if begun { " " } else { "" };
        line += word;
        begun = true;
    }
    lines + line.trim_end() + "\n"
}
