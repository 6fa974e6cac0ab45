//! The page of made-up runs.

use super::*;
use crate::conclusions::table::{MARGIN, Table};
use crate::conclusions::verdict::Verdicts;
use crate::experiment::settings::{RunSettings, run_id, tests::example as settings};
use crate::experiment::{Answer, Expectation};
use crate::results::rows::Rows;
use crate::results::rows::{Row, RowEnd, testing};
use crate::results::run_dir::{RunDir, RunFile};
use crate::run::train::{Log, LogRow};

fn finished(rates: &[usize], seed: u64, counts: [u64; 4]) -> Row {
    testing::finished(RunSettings { rates: rates.to_vec(), seed, ..settings() }, counts)
}

fn rows() -> Rows {
    Rows(vec![
        finished(&[1, 6, 12, 18], 0, [80, 10, 5, 5]),
        finished(&[1, 6, 12, 18], 1, [85, 5, 5, 5]),
        finished(&[1, 12, 24, 36], 0, [80, 5, 5, 10]),
        finished(&[1, 12, 24, 36], 1, [80, 6, 5, 9]),
        testing::failed(RunSettings { rates: vec![1, 12, 24, 36], seed: 2, ..settings() }),
        finished(&[1, 24, 48, 72], 0, [80, 9, 5, 6]),
    ])
}

fn page(rows: &Rows) -> String {
    Report::new(rows, 2, MARGIN).unwrap().page().unwrap()
}

/// Values of an attribute.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.match_indices(&start).map(|(at, _)| page[at + start.len()..].split('"').next().unwrap()).collect()
}

#[test]
fn headline_numbers_are_those_of_the_table() {
    let rows = rows();
    let table = Table::new(&rows, MARGIN);
    let section = &table.sections[0];
    let best = section.best().next().unwrap().score(section.metric).unwrap();
    let page = page(&rows);
    let here = format!("{:.2} ± {:.2}", 100.0 * best.mean, 100.0 * best.deviation.unwrap());
    let (headline, rest) = page.split_once(" id=\"scores\"").unwrap();
    assert!(rest.contains(&here), "{here} in the table of scores");
    for part in [
        &here[..],
        "90.01",
        "not comparable: synthetic data",
        "5 finished runs of 1 experiment; 2 runs have not ended yet and are not in it",
        "1, 12, 24, 36 (baseline)",
        &section.conclusion(),
        &table.answer()[0],
        &section.notes()[0],
        "at iteration 37: the loss is NaN",
    ] {
        assert!(headline.contains(part), "{part}");
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere_and_links_lead_somewhere() {
    let page = page(&rows());
    let ids = attributes(&page, "id");
    for (index, id) in ids.iter().enumerate() {
        assert!(!ids[..index].contains(id), "{id} is there twice");
    }
    let links = attributes(&page, "href");
    assert!(links.len() > SECTIONS_AT_LEAST);
    for link in links {
        assert!(link == "data:," || link.strip_prefix('#').is_some_and(|id| ids.contains(&id)), "{link}");
    }
    assert!(attributes(&page, "src").iter().all(|source| source.starts_with("data:image/")));
    for foreign in ["<script", "@import", "url(", "<iframe", "onload="] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

const SECTIONS_AT_LEAST: usize = 7;

#[test]
fn names_are_escaped() {
    let mut rows = rows();
    for row in &mut rows.0 {
        match &mut row.end {
            RowEnd::Finished(result) => result.settings.experiment = "<b>&\"x\"".into(),
            RowEnd::Failed(failure) => failure.settings.experiment = "<b>&\"x\"".into(),
        }
    }
    let page = page(&rows);
    assert!(!page.contains("<b>&\"x\"") && page.contains("&lt;b&gt;&amp;&quot;x&quot;"));
    let figures = Report::new(&rows, 0, MARGIN).unwrap().figures();
    assert!(figures.iter().all(|figure| figure.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))));
}

#[test]
fn what_is_missing_is_said() {
    let mut report = Report::new(&rows(), 0, MARGIN).unwrap();
    let folder = tempfile::tempdir().unwrap();
    report.read_curves(folder.path());
    let page = report.page().unwrap();
    assert!(page.contains("Missing: stare 1-6-12-18 seed 0: cannot read "), "no log");
    assert!(page.contains("Missing: no image was predicted"));
}

#[test]
fn curves_are_means_over_seeds() {
    let out = tempfile::tempdir().unwrap();
    let rows = rows();
    for (index, row) in rows.0.iter().enumerate().filter(|(_, row)| row.result().is_some()) {
        let settings = row.settings();
        let run = RunDir::new(out.path(), settings, &run_id(settings, "fingerprint"));
        run.create(&RunFile::new(settings, &[1, 12, 24, 36], row.run_id(), "fingerprint")).unwrap();
        let mut log = Log::new(run.log_csv());
        let loss = 1.0 + index as f64;
        (0..3).for_each(|iteration| log.push(LogRow { iteration, lr: 0.1, loss, decode: loss, auxiliary: 0.0 }));
        log.write().unwrap();
    }
    let mut report = Report::new(&rows, 0, MARGIN).unwrap();
    report.read_curves(out.path());
    let curves = &report.experiments[0].curves;
    // The failed run has no log; it is said to be missing.
    assert_eq!((curves.curves.len(), curves.missing.len()), (3, 1));
    assert_eq!((curves.curves[0].seeds, &curves.curves[0].loss[..]), (2, &[(0.0, 1.5), (1.0, 1.5), (2.0, 1.5)][..]));
    assert!(report.figures().iter().any(|figure| figure.name == "loss-1-stare"));
}

#[test]
fn verdicts_stand_in_the_headline() {
    let mut rows = rows();
    assert!(!page(&rows).contains("id=\"expectations\""), "nothing is expected of these");
    let rates = vec![vec![1, 6, 12, 18], vec![1, 12, 24, 36]];
    let expectation = Expectation { answer: Answer::Best(rates[1].clone()), rates, seeds: vec![0, 1] };
    for row in &mut rows.0 {
        row.expectation = Some(expectation.clone());
    }
    let verdicts = Verdicts::new(&rows);
    let page = page(&rows);
    let (headline, _) = page.split_once(" id=\"scores\"").unwrap();
    let verdict = &verdicts.0[0];
    for part in [&verdicts.summary(), verdict.word(), &verdict.reason(), &verdict.expectation.answer.to_string()] {
        assert!(headline.contains(part), "{part}");
    }
}

#[test]
fn every_figure_is_drawn_both_ways() {
    let figures = Report::new(&rows(), 0, MARGIN).unwrap().figures();
    let names: Vec<&str> = figures.iter().map(|figure| &figure.name[..]).collect();
    assert_eq!(names, ["scores-1-stare", "all-experiments"]);
    for figure in figures {
        assert!(figure.svg().unwrap().contains("relative rate"), "{}", figure.name);
        assert!(image::load_from_memory(&figure.png().unwrap()).is_ok(), "{}", figure.name);
    }
}
