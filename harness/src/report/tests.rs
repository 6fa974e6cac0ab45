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
use crate::support::plot::{FigureContent, ForestRow};
use std::path::PathBuf;

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
    Report::new(&[sweep("out", rows, RunsLeft { planned: Some(8), left: 2 })], MARGIN).unwrap().page().unwrap()
}

fn report(rows: &Rows) -> Report {
    Report::new(&[sweep("out", rows, RunsLeft::default())], MARGIN).unwrap()
}

fn sweep(out: impl Into<PathBuf>, rows: &Rows, left: RunsLeft) -> ReportedSweep {
    ReportedSweep { out: out.into(), rows: rows.clone(), left }
}

/// Values of an attribute.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.match_indices(&start).map(|(at, _)| page[at + start.len()..].split('"').next().unwrap()).collect()
}

#[test]
fn the_headline_is_the_verdict_and_what_is_missing_stands_below_it() {
    let rows = rows();
    let table = Table::new(&rows, MARGIN);
    let section = &table.sections[0];
    let page = page(&rows);
    assert!(page.contains(&format!("<h1 id=\"headline\">{}</h1>", table.headline())));
    let (head, rest) = page.split_once(" id=\"scores\"").unwrap();
    for part in ["5 finished runs of 1 experiment", "2 of 8 planned runs are left", &section.missing()[0]] {
        assert!(head.contains(part), "{part}");
    }
    let statistic = section.best().next().unwrap().score(section.metric).unwrap();
    let here = format!("{:.2} ± {:.2}", 100.0 * statistic.mean, 100.0 * statistic.deviation.unwrap());
    for part in [&here[..], "not comparable: synthetic data", "at iteration 37: the loss is NaN", "baseline"] {
        assert!(rest.to_lowercase().contains(&part.to_lowercase()), "{part}");
    }
    // Nobody wins here.
    assert!(!page.to_lowercase().contains("best rates, ") && !page.contains("Best rates"));
}

/// 3 seeds x 8 images, of which so many more pixels of the vessels are right.
fn counted(rates: &[usize], more: u64) -> Vec<Row> {
    let counts = |seed: u64, image: u64| {
        let found = 600 + 40 * image + 3 * seed + more + (seed * 31 + image * 17 + rates[1] as u64 * 7) % 9;
        [9_000, 100, 1_200 - found, found]
    };
    let settings = |seed: u64| RunSettings { rates: rates.to_vec(), seed, ..settings() };
    (0..3).map(|seed| testing::counted(settings(seed), "im", (0..8).map(|image| counts(seed, image)))).collect()
}

#[test]
fn the_figure_shows_seeds_intervals_the_dead_list_and_the_rule() {
    let lists: [(&[usize], u64); 3] = [(&[1, 12, 24, 36], 100), (&[1, 18, 30, 40], 200), (&[1, 96, 192, 288], 90)];
    let rows = Rows(lists.iter().flat_map(|(rates, more)| counted(rates, *more)).collect());
    let report = report(&rows);
    let experiment = &report.experiments[0];
    let figure = forest::figure(experiment);
    let FigureContent::Forest(forest) = &figure.content else { panic!("a forest") };
    let arm = |row: &ForestRow| match row {
        ForestRow::Arm(arm) => Some(arm.clone()),
        ForestRow::Divider(_) => None,
    };
    let arms: Vec<_> = forest.rows.iter().filter_map(arm).collect();
    assert_eq!(arms.iter().map(|arm| arm.dots.len()).collect::<Vec<_>>(), [3, 3, 3]);
    assert_eq!(arms.iter().map(|arm| arm.shaded).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(arms.iter().map(|arm| &arm.note[..]).collect::<Vec<_>>()[..2], ["baseline", "better"]);
    assert!(arms[0].interval.is_none());
    let (cell, mean) = (&experiment.section.cells[1], arms[0].mean.unwrap());
    let (low, high) = arms[1].interval.unwrap();
    let interval = cell.contrast.unwrap().interval;
    assert!((low - mean - 100.0 * interval.low).abs() < 1e-9 && (high - mean - 100.0 * interval.high).abs() < 1e-9);
    let rule = crate::conclusions::guideline::largest_whole_rate([experiment.section.settings.feature_size(); 2]);
    let svg = figure.inline().unwrap();
    for part in
        [&format!("geometric rule: {rule}")[..], "better</title>", "seed 2: mDice", "worse, no context", "simultaneous"]
    {
        assert!(svg.contains(part) || forest::caption(experiment).contains(part), "{part}");
    }
    let page = report.page().unwrap();
    assert!(
        page.contains("<span class=\"tag\">winner</span>") && page.contains("<span class=\"tag\">no context</span>")
    );
}

#[test]
fn many_experiments_are_collapsed() {
    let mut rows = rows();
    let first = rows.0.clone();
    for iterations in 1..=4 {
        rows.0.extend(first.iter().cloned().map(|mut row| {
            match &mut row.end {
                RowEnd::Finished(result) => result.settings.train.iterations = iterations,
                RowEnd::Failed(failure) => failure.settings.train.iterations = iterations,
            }
            row
        }));
    }
    assert!(!page(&self::rows()).contains("<details class=\"set\">"));
    assert_eq!(page(&rows).matches("<details class=\"set\">").count(), 5 * 6, "five experiments in six sections");
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

const SECTIONS_AT_LEAST: usize = 6;

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
    let figures = report(&rows).figures();
    assert!(figures.iter().all(|figure| figure.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))));
}

#[test]
fn what_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut report = Report::new(&[sweep(folder.path(), &rows(), RunsLeft::default())], MARGIN).unwrap();
    report.read_curves();
    let page = report.page().unwrap();
    assert!(page.contains("Missing: stare 1-6-12-18 seed 0: cannot read "), "no log");
    assert!(page.contains("<summary>4 more</summary>"), "six logs");
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
    let mut report = Report::new(&[sweep(out.path(), &rows, RunsLeft::default())], MARGIN).unwrap();
    report.read_curves();
    let curves = &report.experiments[0].curves;
    // The failed run has no log; it is said to be missing.
    assert_eq!((curves.curves.len(), curves.missing.len()), (3, 1));
    assert_eq!((curves.curves[0].seeds, &curves.curves[0].loss[..]), (2, &[(0.0, 1.5), (1.0, 1.5), (2.0, 1.5)][..]));
    assert!(report.figures().iter().any(|figure| figure.name == "loss-1-stare"));
    assert!(report.figures().iter().all(|figure| figure.name != "loss-all"), "one experiment has its own plot");
    // The same runs as two sweeps.
    let pair = [sweep(out.path(), &rows, RunsLeft::default()), sweep(out.path(), &rows, RunsLeft::default())];
    let mut both = Report::new(&pair, MARGIN).unwrap();
    both.read_curves();
    let all = both.figures().into_iter().find(|figure| figure.name == "loss-all").unwrap();
    let FigureContent::Chart(chart) = all.content else { panic!("a chart") };
    let name = out.path().file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(chart.lines.iter().filter(|line| line.name.contains(&name)).count(), 2);
    let page = both.page().unwrap();
    assert!(page.contains("Training loss of all experiments") && page.contains(&format!("sweep {name}")));
    assert!(page.contains("<h1 id=\"headline\">Of 2 experiments, "));
    let ids = attributes(&page, "id");
    assert!(ids.iter().enumerate().all(|(index, id)| !ids[..index].contains(id)));
}

#[test]
fn verdicts_on_what_was_expected_have_their_section() {
    let mut rows = rows();
    assert!(!page(&rows).contains("id=\"expectations\""), "nothing is expected of these");
    let rates = vec![vec![1, 6, 12, 18], vec![1, 12, 24, 36]];
    let expectation = Expectation { answer: Answer::Best(rates[1].clone()), rates, seeds: vec![0, 1] };
    for row in &mut rows.0 {
        row.expectation = Some(expectation.clone());
    }
    let verdicts = Verdicts::new(&rows);
    let page = page(&rows);
    let (_, headline) = page.split_once(" id=\"expectations\"").unwrap();
    let verdict = &verdicts.0[0];
    for part in [&verdicts.summary(), verdict.word(), &verdict.reason(), &verdict.expectation.answer.to_string()] {
        assert!(headline.contains(part), "{part}");
    }
}

#[test]
fn every_figure_is_drawn_both_ways() {
    let figures = report(&rows()).figures();
    let names: Vec<&str> = figures.iter().map(|figure| &figure.name[..]).collect();
    assert_eq!(names, ["answer-1-stare", "scores-1-stare", "all-experiments"]);
    for figure in figures {
        let axis = if figure.name.starts_with("answer") { "mDice in percent" } else { "relative rate" };
        assert!(figure.svg().unwrap().contains(axis), "{}", figure.name);
        assert!(image::load_from_memory(&figure.png().unwrap()).is_ok(), "{}", figure.name);
    }
}
