//! A page that was written, held against what the runs give now.

use super::material::{Report, ReportedSweep};
use super::runs_left::RunsLeft;
use crate::results::provenance::Provenance;
use crate::results::rows::Rows;
use crate::support::input_file;
use crate::sweep::verification::{Agreement, VerifiedFile};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::path::Path;

/// The page's name in a folder of results.
const PAGE: &str = "report.html";

/// Sections whose pictures are made of images and weights, and not of what the runs have kept.
const PICTURED: [&str; 2] = ["images", "receptive-field"];

/// What begins the line in which the page names the program that wrote it.
const WRITTEN_BY: &str = "Written by atrous ";

/// Renders the page of a folder anew, without pictures, and compares; nothing where there is none.
/// `margins` are those that it may have been made with.
///
/// # Errors
/// A file that cannot be read; names it.
pub fn verify_page(results: &Path, rows: &Rows, left: RunsLeft, margins: &[f64]) -> Result<Vec<VerifiedFile>> {
    let path = results.join(PAGE);
    let bytes = input_file::read_if_present(&path, input_file::REFERENCE_BYTES)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let Some(bytes) = bytes else { return Ok(Vec::new()) };
    let written = String::from_utf8_lossy(&bytes);
    let sweep = ReportedSweep { out: results.to_owned(), rows: rows.clone(), left };
    let mut content = None;
    for margin in margins {
        let mut report = Report::new(std::slice::from_ref(&sweep), *margin)?;
        report.read_curves();
        let found = compare(&written, &report.page()?, &Provenance::current().git_commit);
        let differs = matches!(found, Agreement::Differs(_));
        if content.is_none() || !differs {
            content = Some(found);
        }
        if !differs {
            break;
        }
    }
    Ok(content.map(|content| VerifiedFile { file: PAGE.into(), content }).into_iter().collect())
}

/// Compares two pages part by part. Pages of other programs are laid out otherwise.
fn compare(written: &str, computed: &str, own_commit: &str) -> Agreement {
    let writer = writer(written);
    let differing: Vec<String> = differing_parts(&parts(written), &parts(computed));
    let pictured = |part: &String| PICTURED.contains(&part.as_str());
    match differing.iter().find(|part| !pictured(part)) {
        Some(_) if !writer.contains(own_commit) => Agreement::NotChecked(format!(
            "another program ({writer}) wrote the page, and lays it out otherwise: atrous report writes it anew"
        )),
        Some(part) => Agreement::Differs(format!("its part {part} is not what the runs give")),
        None if differing.is_empty() => Agreement::Fits("as the runs give it".into()),
        None => {
            Agreement::NotChecked("its pictures follow from images and weights; the rest is as the runs give it".into())
        }
    }
}

/// The program that a page says to be of: version and commit.
fn writer(page: &str) -> String {
    let end = page.rsplit(WRITTEN_BY).next().filter(|_| page.contains(WRITTEN_BY)).unwrap_or_default();
    let name: String = end.chars().take_while(|c| *c != '<').take(100).collect();
    if name.is_empty() { "unknown".into() } else { name.trim_end_matches('.').to_owned() }
}

/// The parts of a page with their names: the sections by their ids, and what stands around them.
/// The line that names the program is none of them.
fn parts(page: &str) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let (page, _) = page.rsplit_once(WRITTEN_BY).unwrap_or((page, ""));
    let mut pieces = page.split("<section id=\"");
    found.push(("head".to_owned(), pieces.next().unwrap_or_default()));
    found.extend(
        pieces.map(|piece| piece.split_once('"').map_or(("?".to_owned(), piece), |(id, text)| (id.to_owned(), text))),
    );
    found
}

/// The names of the parts that two pages do not have in common.
fn differing_parts(written: &[(String, &str)], computed: &[(String, &str)]) -> Vec<String> {
    let names: BTreeSet<&String> = written.iter().chain(computed).map(|(name, _)| name).collect();
    let of = |parts: &[(String, &str)], name: &String| -> Vec<String> {
        parts.iter().filter(|(own, _)| own == name).map(|(_, text)| (*text).to_owned()).collect()
    };
    names.into_iter().filter(|name| of(written, name) != of(computed, name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<html><section id=\"scores\">0.6</section><section id=\"images\">none</section>\
                        <footer>Written by atrous 0.1.0 (abc).</footer>";

    #[test]
    fn pages_are_compared_part_by_part() {
        let of = |from: &str, to: &str| compare(&PAGE.replace(from, to), PAGE, "abc");
        assert_eq!(of("0.6", "0.6"), Agreement::Fits("as the runs give it".into()));
        assert_eq!(of("0.6", "0.7"), Agreement::Differs("its part scores is not what the runs give".into()));
        assert_eq!(
            of("<html>", "<html><p>better</p>"),
            Agreement::Differs("its part head is not what the runs give".into())
        );
        assert!(matches!(of("none", "a picture"), Agreement::NotChecked(why) if why.starts_with("its pictures")));
        let twice = "</section><section id=\"scores\">0.9</section>";
        assert!(matches!(of("</section>", twice), Agreement::Differs(_)));
        // Another program's page may look otherwise, which is said, and need not.
        let other = PAGE.replace("(abc)", "(def)");
        assert!(matches!(compare(&other, PAGE, "abc"), Agreement::Fits(_)));
        let changed = compare(&other.replace("0.6", "0.7"), PAGE, "abc");
        assert!(
            matches!(changed, Agreement::NotChecked(why) if why.contains("atrous report") && why.contains("0.1.0 (def)"))
        );
    }
}
