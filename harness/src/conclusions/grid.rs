//! Markdown tables that line up.

use crate::support::printable::printable;

/// A Markdown table whose columns line up as plain text too.
pub(crate) fn grid(header: &[&str], lines: &[Vec<String>]) -> String {
    let header: Vec<String> = header.iter().map(|name| name.to_string()).collect();
    let lines: Vec<Vec<String>> = lines.iter().map(|line| line.iter().map(|cell| printable(cell)).collect()).collect();
    let width = |column: usize| {
        let cells = std::iter::once(&header).chain(&lines).map(|line| line[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let join = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, &width)| format!(" {cell:width$} "));
        format!("|{}|\n", padded.collect::<Vec<_>>().join("|"))
    };
    let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    let mut text = join(&header) + &join(&rule);
    for line in &lines {
        text += &join(line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_as_plain_text() {
        let lines = [vec!["ρ".to_owned(), "12".to_owned()], vec!["0.56".to_owned(), "1".to_owned()]];
        assert_eq!(grid(&["a", "bcd"], &lines), "| a    | bcd |\n| ---- | --- |\n| ρ    | 12  |\n| 0.56 | 1   |\n");
    }
}
