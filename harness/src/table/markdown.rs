//! `table.md`: an overview, then a section per experiment; scores in percent.

use super::{Cell, Comparison, Section, Statistic, Table};
use crate::settings::{DataSource, InferMode, ModelSpec, Part, RunSettings, one_ratio};

pub(super) fn text(table: &Table) -> String {
    if table.sections.is_empty() {
        return "# Results\n\nNo run has finished yet.\n".into();
    }
    let mut text = String::from(
        "# Results\n\nScores in percent: mean ± standard deviation over seeds. \
         ρ = largest rate / feature size.\n\n",
    );
    let header = ["experiment", "data set", "best rates", "ρ", "metric", "here", "published", "difference"];
    let lines: Vec<_> = table.sections.iter().map(overview).collect();
    text += &grid(&header, &lines);
    for section in &table.sections {
        text += &section_text(section);
    }
    text
}

/// The best rates of an experiment, next to the published value.
fn overview(section: &Section) -> Vec<String> {
    let best = section.best().next();
    let none = || "-".to_owned();
    let comparison = section.comparison.as_ref();
    let obstacle = comparison.and_then(|comparison| comparison.obstacle.as_ref());
    let difference = comparison.and_then(|comparison| comparison.difference(best?));
    let difference = match (obstacle, difference) {
        (Some(obstacle), _) => format!("not comparable: {obstacle}"),
        (None, Some(difference)) => points(difference),
        (None, None) => none(),
    };
    let rates: Vec<String> = section.best().map(|cell| rates(cell, &section.baseline)).collect();
    vec![
        section.settings.experiment.clone(),
        section.settings.dataset.title().into(),
        if rates.is_empty() { none() } else { rates.join("; ") },
        best.map_or_else(none, |cell| format!("{:.2}", cell.relative_rate)),
        section.metric.to_string(),
        score(best.and_then(|cell| cell.score(section.metric))),
        comparison.map_or_else(none, |comparison| percent(comparison.reference.value_fraction)),
        difference,
    ]
}

fn section_text(section: &Section) -> String {
    let settings = &section.settings;
    let mut text = format!(
        "\n## {}: {}\n\n{}\n\n",
        settings.experiment,
        settings.dataset.title(),
        protocol(settings, &section.devices)
    );
    let header = ["rates", "ρ", "runs", "failed", "mIoU", "mDice", "aAcc"];
    let lines: Vec<_> = section.cells.iter().map(|cell| cell_line(cell, &section.baseline)).collect();
    text += &grid(&header, &lines);
    text += "\n";
    for note in notes(section) {
        text += &format!("- {note}\n");
    }
    text
}

fn cell_line(cell: &Cell, baseline: &[usize]) -> Vec<String> {
    let bold = |text: String| if cell.best { format!("**{text}**") } else { text };
    vec![
        bold(rates(cell, baseline)),
        format!("{:.2}", cell.relative_rate),
        cell.runs.to_string(),
        cell.failed.len().to_string(),
        bold(score(cell.miou)),
        bold(score(cell.mdice)),
        bold(score(cell.aacc)),
    ]
}

/// `1, 12, 24, 36 (baseline)`
fn rates(cell: &Cell, baseline: &[usize]) -> String {
    let rates = cell.rates.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    if cell.rates == baseline { format!("{rates} (baseline)") } else { rates }
}

/// One line on network, schedule, inference, data and device.
fn protocol(settings: &RunSettings, devices: &[String]) -> String {
    let RunSettings { model, train, infer, .. } = settings;
    let sides = |[height, width]: [usize; 2]| format!("{height}x{width}");
    let inference = match (infer.mode, infer.window, infer.stride) {
        (InferMode::Slide, Some(window), Some(stride)) => {
            format!("scored in windows of {}, step {}", sides(window), sides(stride))
        }
        _ => "scored as whole images".into(),
    };
    let data = match &settings.data {
        DataSource::Files => "images from files".into(),
        DataSource::Synthetic(drawing) => {
            format!("synthetic images ({} + {} of {})", drawing.train, drawing.val, sides(drawing.size))
        }
    };
    format!(
        "{} with {} base and {} ASPP channels{}; {} iterations of {} crops of {}; {inference}; {data}; on {}.",
        model.kind,
        model.base_channels,
        model.aspp_channels,
        extras(settings),
        train.iterations,
        train.batch,
        sides(settings.crop),
        devices.join(", ")
    )
}

/// What is not as in the published protocol's networks, losses and views, each behind a comma.
fn extras(settings: &RunSettings) -> String {
    let RunSettings { model, train, infer, init, .. } = settings;
    let published = ModelSpec::published(model.kind);
    let mut extras = Vec::new();
    if model.auxiliary_channels * published.base_channels != published.auxiliary_channels * model.base_channels {
        extras.push(format!("{} auxiliary channels", model.auxiliary_channels));
    }
    if model.stem != published.stem {
        extras.push("plain stem".to_owned());
    }
    if model.align_corners {
        extras.push("align_corners".to_owned());
    }
    if train.dice_weight != 0.0 {
        extras.push(format!("cross entropy + {} Dice", train.dice_weight));
    }
    if let Some(init) = init {
        let part = match init.part {
            Part::Network => "network",
            Part::Backbone => "backbone",
        };
        extras.push(format!("{part} from weights {}", init.sha256.get(..8).unwrap_or(&init.sha256)));
    }
    if infer.ratios != one_ratio() {
        extras.push(format!("at sizes {}", infer.ratios.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")));
    }
    if infer.flip {
        extras.push("with mirror images".to_owned());
    }
    extras.iter().map(|extra| format!(", {extra}")).collect()
}

fn notes(section: &Section) -> Vec<String> {
    let mut notes = Vec::new();
    if section.best().next().is_some() {
        notes.push(format!("Best by {} in bold.", section.metric));
    }
    if section.most_seeds() == 1 && section.cells.len() > 1 {
        notes.push(
            "One seed per setting proves nothing: equal runs with one seed have been seen 2 points apart \
             on small sets."
                .into(),
        );
    }
    notes.extend(section.comparison.as_ref().map(|comparison| published(comparison, section.best().next())));
    for cell in &section.cells {
        for failed in &cell.failed {
            let rates = rates(cell, &[]);
            notes.push(format!(
                "Failed: rates {rates}, seed {}, at iteration {}: {}.",
                failed.seed, failed.iteration, failed.reason
            ));
        }
    }
    notes
}

fn published(comparison: &Comparison, best: Option<&Cell>) -> String {
    let reference = &comparison.reference;
    let mut text = format!("Published: {} ({}, {}", reference.value_published, reference.model, reference.source);
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

/// `81.20 ± 0.35`, `81.20` for one seed, `-` for none.
fn score(statistic: Option<Statistic>) -> String {
    match statistic {
        None => "-".into(),
        Some(Statistic { mean, deviation: None }) => percent(mean),
        Some(Statistic { mean, deviation: Some(deviation) }) => {
            format!("{} ± {}", percent(mean), percent(deviation))
        }
    }
}

fn percent(fraction: f64) -> String {
    format!("{:.2}", 100.0 * fraction)
}

/// A difference in percentage points, with its sign.
fn points(fraction: f64) -> String {
    format!("{:+.2}", 100.0 * fraction)
}

/// A Markdown table whose columns line up as plain text too.
fn grid(header: &[&str], lines: &[Vec<String>]) -> String {
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
