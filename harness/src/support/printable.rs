//! Text that comes from files, made fit for a terminal, a table and XML.

/// A text without characters that control a terminal or that XML cannot hold: each is replaced by
/// how Rust writes it, as `\\u{1b}`.
pub fn printable(text: &str) -> String {
    let hidden = |c: char| c != '\t' && c.is_control() || is_invisible(c);
    let plain = |c: char| if hidden(c) { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(plain).collect()
}

/// A text as [`printable`] makes it, of several lines, which stay.
pub fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// Whether a character changes the direction of text, hides, or is none at all.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controls_is_replaced_and_the_rest_stays() {
        assert_eq!(printable("a\u{1b}[31mb\u{0}\n"), "a\\u{1b}[31mb\\u{0}\\u{a}");
        assert_eq!(printable("ρ = 0.5 ± 1, «ü»"), "ρ = 0.5 ± 1, «ü»");
        assert_eq!(printable_lines("a\n\u{202e}b\n"), "a\n\\u{202e}b\n");
    }
}
