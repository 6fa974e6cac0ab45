//! Numbers as people read them, in tables that line up.

use crate::conclusions::statistics::Interval;

/// `79.80 to 82.60`, ends as `end` writes them; `-` for none.
pub(crate) fn interval(interval: Option<Interval>, end: fn(f64) -> String) -> String {
    interval.map_or_else(|| "-".into(), |Interval { low, high }| format!("{} to {}", end(low), end(high)))
}

/// `0.031`, `< 0.001`; `-` for none.
pub(crate) fn p_value(p: Option<f64>) -> String {
    match p {
        None => "-".into(),
        Some(p) if p < 0.001 => "< 0.001".into(),
        Some(p) => format!("{p:.3}"),
    }
}

pub(crate) fn percent(fraction: f64) -> String {
    format!("{:.2}", 100.0 * fraction)
}

/// A difference in percentage points, with its sign.
pub(crate) fn points(fraction: f64) -> String {
    let text = format!("{:+.2}", 100.0 * fraction);
    if text == "-0.00" { "+0.00".into() } else { text }
}

/// A Markdown table whose columns line up as plain text too.
pub(crate) fn grid(header: &[&str], lines: &[Vec<String>]) -> String {
    let header: Vec<String> = header.iter().map(|name| name.to_string()).collect();
    let width = |column: usize| {
        let cells = std::iter::once(&header).chain(lines).map(|line| line[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let join = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, &width)| format!(" {cell:width$} "));
        format!("|{}|\n", padded.collect::<Vec<_>>().join("|"))
    };
    let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    let mut text = join(&header) + &join(&rule);
    for line in lines {
        text += &join(line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!([points(0.0312), points(-0.0312), points(-1e-6)], ["+3.12", "-3.12", "+0.00"]);
        assert_eq!([p_value(None), p_value(Some(0.0309)), p_value(Some(0.0009))], ["-", "0.031", "< 0.001"]);
        assert_eq!(interval(Some(Interval { low: -0.5, high: 0.25 }), points), "-50.00 to +25.00");
        assert_eq!(interval(None, percent), "-");
    }
}
