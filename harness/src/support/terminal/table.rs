//! A Markdown table as a terminal shows it: columns where they fit, else a paragraph per line.

use super::Terminal;
use super::style::{Look, cell, joined, seen};
use super::wrap::wrapped;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};

/// Blanks beside each column.
const PADDING: usize = 2;

/// Lays out the lines of a table: its header, the rule below it, and the rest.
pub(super) fn rendered(lines: &[&str], terminal: &Terminal) -> String {
    let mut rows = lines.iter().map(|line| cells(line));
    let header = rows.next().unwrap_or_default();
    let rows: Vec<Vec<String>> = rows.skip(1).collect();
    let styled = |kept: fn(&str) -> String| -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|text| cell(&kept(text), terminal)).collect()).collect()
    };
    let fits = |text: &String| text.lines().all(|line| seen(line) <= terminal.width);
    let together = || columns(&header, &styled(joined), terminal).filter(fits);
    let apart = || columns(&header, &styled(str::to_owned), terminal).filter(fits);
    together().or_else(apart).unwrap_or_else(|| paragraphs(&header, &styled(str::to_owned), terminal))
}

/// The texts of a line.
fn cells(line: &str) -> Vec<String> {
    line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// Columns of which each holds its longest word; `None` where they do not fit beside each other.
fn columns(header: &[String], rows: &[Vec<String>], terminal: &Terminal) -> Option<String> {
    let longest = |text: &String| text.split(' ').map(seen).max().unwrap_or(0);
    let least = |column: usize| {
        let texts = std::iter::once(header).chain(rows.iter().map(Vec::as_slice)).filter_map(|row| row.get(column));
        texts.map(longest).max().unwrap_or(0) + PADDING
    };
    let widths: Vec<usize> = (0..header.len()).map(least).collect();
    if widths.iter().sum::<usize>() > terminal.width {
        return None;
    }
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(terminal.width.min(usize::from(u16::MAX)) as u16);
    let bold = |name: &String| if terminal.colour { Look::Bold.marked(name) } else { name.clone() };
    table.set_header(header.iter().map(bold).collect::<Vec<_>>());
    table.add_rows(rows.iter().cloned());
    for (column, width) in table.column_iter_mut().zip(&widths) {
        column.set_padding((0, PADDING as u16));
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(*width as u16)));
    }
    Some(condensed(&table.to_string(), rows.len()))
}

/// Takes away the rules between rows that have a line each.
fn condensed(table: &str, rows: usize) -> String {
    let is_rule = |line: &&str| line.chars().all(|c| c == '─');
    let body = table.lines().skip_while(|line| !line.starts_with('═')).skip(1);
    let (end, single) = (table.lines().count(), body.filter(|line| !is_rule(line)).count() == rows);
    let inner = |place: usize, line: &str| single && 0 < place && place + 1 < end && is_rule(&line);
    let kept = table.lines().enumerate().filter(|(place, line)| !inner(*place, line));
    kept.map(|(_, line)| format!("{}\n", line.trim_end())).collect()
}

/// A paragraph per line: its first cell, then the others with their names.
fn paragraphs(header: &[String], rows: &[Vec<String>], terminal: &Terminal) -> String {
    let paragraph = |row: &Vec<String>| {
        let (first, rest) = row.split_first().map_or((String::new(), &row[..]), |(first, rest)| (first.clone(), rest));
        let named = header
            .iter()
            .skip(1)
            .zip(rest)
            .map(|(name, text)| wrapped("  ", &format!("{name}: {text}"), terminal.width, "    "));
        wrapped("", &first, terminal.width, "  ") + &named.collect::<String>()
    };
    rows.iter().map(paragraph).collect::<Vec<_>>().join("\n")
}
