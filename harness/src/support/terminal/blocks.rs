//! Markdown as a terminal shows it: headings, lists and paragraphs that fit its width.

use super::style::{Look, escaped, inline};
use super::wrap::wrapped;
use super::{Terminal, table};

/// A text in Markdown, as this program writes it, laid out for a terminal.
pub fn rendered(markdown: &str, terminal: &Terminal) -> String {
    let lines: Vec<&str> = markdown.lines().collect();
    let same = |a: &&str, b: &&str| is_table(a) && is_table(b);
    let blocks = lines.chunk_by(same).map(|block| match block {
        [first, ..] if is_table(first) => table::rendered(block, terminal),
        other => other.iter().map(|line| plain(line, terminal)).collect(),
    });
    escaped(&blocks.collect::<String>())
}

fn is_table(line: &str) -> bool {
    line.starts_with('|')
}

/// A line that is none of a table.
fn plain(line: &str, terminal: &Terminal) -> String {
    if let Some(title) = line.strip_prefix('#') {
        let title = title.trim_start_matches('#').trim();
        let title = if terminal.colour { Look::Bold.marked(title) } else { title.to_owned() };
        return wrapped("", &title, terminal.width, "");
    }
    let indent = if line.starts_with("- ") { "  " } else { "" };
    wrapped("", &inline(line, terminal), terminal.width, indent)
}

#[cfg(test)]
mod tests {
    use super::super::style::seen;
    use super::*;

    const TEXT: &str = "\
# Results

No setting beats 1, 12, 24, 36 on STARE: 3 seeds would have found 2.61 points.

| rates            | difference | 95 %           | p     | verdict                                   |
| ---------------- | ---------- | -------------- | ----- | ----------------------------------------- |
| 1, 6, 12, 18     | +1.18      | -0.44 to +2.79 | 0.146 | undetermined (2.13 would have been found) |
| **1, 24, 48, 72** | +6.70      | -1.31 to +2.64 | 0.622 | **better**                                |

- No winner: 1, 6, 12, 18 are best by mDice; **undetermined**.
";

    fn plain(width: usize) -> String {
        rendered(TEXT, &Terminal { width, colour: false })
    }

    #[test]
    fn every_line_fits_and_no_word_is_broken() {
        let words = |text: &str| -> Vec<String> {
            let letters = |c: char| c.is_alphanumeric() || "+.%".contains(c);
            let all = text.split(|c: char| !letters(c)).filter(|word| !word.is_empty());
            let mut all: Vec<String> = all.map(str::to_owned).collect();
            all.sort_unstable();
            all
        };
        for width in 30..140 {
            let text = plain(width);
            for line in text.lines() {
                assert!(seen(line) <= width, "{width}: {line}");
            }
            if text.contains('─') {
                assert_eq!(words(&text), words(TEXT), "{width}:\n{text}");
            }
            for word in ["undetermined", "difference", "+1.18", "would"] {
                assert!(text.contains(word), "{width}: {word}\n{text}");
            }
        }
        assert!(plain(100).contains("─") && !plain(100).contains("| --"));
        assert!(plain(70).contains("1, 6, 12, 18") && plain(70).contains("-0.44 to +2.79"), "{}", plain(70));
        assert!(plain(34).contains("  verdict: undetermined"), "{}", plain(34));
    }

    #[test]
    fn colours_are_those_of_verdicts_and_take_no_room() {
        let width = 90;
        let text = rendered(TEXT, &Terminal { width, colour: true });
        for part in [
            "\u{1b}[33mundetermined\u{1b}[0m",
            "\u{1b}[32mbetter\u{1b}[0m",
            "\u{1b}[1m1, 24, 48, 72\u{1b}[0m",
            "\u{1b}[1mResults\u{1b}[0m",
        ] {
            assert!(text.contains(part), "{part:?} in\n{text:?}");
        }
        assert!(!text.contains("**"));
        let mut bare = text;
        for code in ["0", "1", "31", "32", "33"] {
            bare = bare.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(bare, rendered(&TEXT.replace("**", ""), &Terminal { width, colour: false }), "the same places");
        assert!(!plain(width).contains('\u{1b}'));
    }
}
