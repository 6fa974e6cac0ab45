//! `table.md`: an overview, then a section per experiment; scores in percent.

mod contrast;
mod detection;
mod protocol;

use super::cell::Cell;
use super::published::PublishedComparison;
use super::section::{Section, Table};
use crate::conclusions::format::{self, interval, percent, points, rates_beside, score};
use crate::conclusions::grid::grid;
use crate::results::scores::Metric;

impl Table {
    /// The table for people, scores in percent.
    pub fn markdown(&self) -> String {
        text(self)
    }
}

impl Section {
    /// Network, schedule, inference, data and device in one line.
    pub fn protocol(&self) -> String {
        protocol::protocol(&self.settings, &self.devices)
    }

    /// What can be said of the best rates, in a few words: `better than the baseline`,
    /// `undetermined (2.24 would have been found)` ...
    pub fn conclusion(&self) -> String {
        contrast::verdict(self)
    }

    /// Sentences on the winner, what it rests on, the published value, collapsed and failed runs.
    pub fn notes(&self) -> Vec<String> {
        contrast::note(self).into_iter().chain(remarks(self)).collect()
    }

    /// The notes without the one on the winner.
    pub fn remarks(&self) -> Vec<String> {
        remarks(self)
    }
}

fn text(table: &Table) -> String {
    if table.sections.is_empty() {
        return "# Results\n\nNo run has finished yet.\n".into();
    }
    let mut text = format!(
        "# Results\n\n{}\n\nScores in percent: mean ± standard deviation over seeds. \
         ρ = largest rate / feature size.\n\n",
        answer(table)
    );
    if table.sections.iter().any(|section| section.cells.iter().any(|cell| cell.contrast.is_some())) {
        text += contrast::LEGEND;
    }
    let header = ["experiment", "data set", "best rates", "verdict", "ρ", "metric", "here", "published", "difference"];
    let lines: Vec<_> = table.sections.iter().map(overview).collect();
    text += &grid(&header, &lines);
    for section in &table.sections {
        text += &section_text(section);
    }
    text
}

/// The answer in words: a sentence, or one per line.
fn answer(table: &Table) -> String {
    let sentences = table.answer();
    match &sentences[..] {
        [one] => one.clone(),
        several => several.iter().map(|sentence| format!("- {sentence}")).collect::<Vec<_>>().join("\n"),
    }
}

/// The best rates of an experiment, next to the published value.
fn overview(section: &Section) -> Vec<String> {
    let best = section.best().next();
    let none = || "-".to_owned();
    let comparison = section.comparison.as_ref();
    let obstacle = comparison.and_then(|comparison| comparison.obstacle.as_ref());
    let difference = match (obstacle, comparison.and_then(|comparison| comparison.difference(best?))) {
        (Some(obstacle), _) => format!("not comparable: {obstacle}"),
        (None, Some(difference)) => points(difference),
        (None, None) => none(),
    };
    let rates: Vec<String> = section.best().map(|cell| rates_beside(&cell.rates, &section.baseline)).collect();
    vec![
        section.settings.experiment.clone(),
        section.settings.dataset.title().into(),
        if rates.is_empty() { none() } else { rates.join("; ") },
        contrast::verdict(section),
        best.map_or_else(none, |cell| format::relative_rate(cell.relative_rate)),
        section.metric.to_string(),
        score(best.and_then(|cell| cell.score(section.metric))),
        comparison.map_or_else(none, |comparison| percent(comparison.reference.value_fraction)),
        difference,
    ]
}

fn section_text(section: &Section) -> String {
    let settings = &section.settings;
    let mut text = format!("\n## {}: {}\n\n{}\n\n", settings.experiment, settings.dataset.title(), section.protocol());
    let spread = format!("{} 95 %", section.metric);
    let header = ["rates", "ρ", "runs", "failed", "collapsed", "mIoU", "mDice", "aAcc", &spread];
    let lines: Vec<_> = section.cells.iter().map(|cell| cell_line(cell, section)).collect();
    text += &grid(&header, &lines);
    text += "\n";
    text += &contrast::text(section);
    text += &detection::text(section);
    for note in section.notes() {
        text += &format!("- {note}\n");
    }
    text
}

fn cell_line(cell: &Cell, section: &Section) -> Vec<String> {
    let bold = |text: String| if cell.winner { format!("**{text}**") } else { text };
    let decisive = |metric: Metric| match metric == section.metric {
        true => bold(score(cell.score(metric))),
        false => score(cell.score(metric)),
    };
    vec![
        bold(rates_beside(&cell.rates, &section.baseline)),
        format::relative_rate(cell.relative_rate),
        cell.runs.to_string(),
        cell.failed.len().to_string(),
        cell.collapsed.len().to_string(),
        decisive(Metric::Miou),
        decisive(Metric::Mdice),
        score(cell.aacc),
        interval(cell.score(section.metric).and_then(|score| score.interval), percent),
    ]
}

fn remarks(section: &Section) -> Vec<String> {
    let mut notes = contrast::grounds(section);
    notes.extend(section.comparison.as_ref().map(|comparison| published(comparison, section.best().next())));
    for cell in &section.cells {
        for collapsed in &cell.collapsed {
            let (rates, classes) = (format::rates(&cell.rates), collapsed.classes.join(", "));
            notes.push(format!("Collapsed: rates {rates}, seed {}, never predicts {classes}.", collapsed.seed));
        }
        for failed in &cell.failed {
            let rates = format::rates(&cell.rates);
            notes.push(format!(
                "Failed: rates {rates}, seed {}, at iteration {}: {}.",
                failed.seed, failed.iteration, failed.reason
            ));
        }
    }
    notes
}

fn published(comparison: &PublishedComparison, best: Option<&Cell>) -> String {
    let reference = &comparison.reference;
    let value = percent(reference.value_fraction);
    let printed = match reference.value_published.parse::<f64>() {
        Ok(number) if number <= 1.0 => format!("printed as {}, ", reference.value_published),
        _ => String::new(),
    };
    let mut text = format!("Published: {value} ({printed}{}, {}", reference.model, reference.source);
    if reference.metric_published == reference.held_against.to_string() {
        text += &format!("), as {}", reference.metric_published);
    } else {
        text += &format!(
            "), as {}; the value fits {}, which it is held against",
            reference.metric_published, reference.held_against
        );
    }
    match (&comparison.obstacle, best.and_then(|cell| comparison.difference(cell))) {
        (Some(obstacle), _) => text + &format!(". Not comparable: {obstacle}."),
        (None, Some(difference)) => text + &format!(". Difference of the best: {} points.", points(difference)),
        (None, None) => text + ".",
    }
}
