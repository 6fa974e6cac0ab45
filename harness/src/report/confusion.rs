//! The section on classes: which are taken for which, and the scores of each.

use super::material::{Report, ReportedExperiment};
use super::parts::{percent, rates, rates_beside, set};
use crate::conclusions::table::{Cell, CellVerdict};
use crate::results::scores::{Confusion, Scores};
use maud::{Markup, html};

pub(super) fn section(report: &Report) -> Markup {
    html! {
        section id="confusion" {
            h2 { "Classes" }
            p {
                "Scores of each class in percent, from the pixels of all validation images and seeds together. In the confusion tables a row \
                 is a class of the truth, and says as which classes its pixels were predicted, in percent of the row."
            }
            @for experiment in &report.experiments {
                (set(report, &format!("{}-classes", experiment.id), &experiment.title(), None, experiment_part(experiment)))
            }
        }
    }
}

fn experiment_part(experiment: &ReportedExperiment) -> Markup {
    let section = &experiment.section;
    let cells: Vec<(&Cell, Confusion)> =
        section.cells.iter().filter_map(|cell| Some((cell, counts(experiment, cell)?))).collect();
    let shown = cells.iter().filter(|(cell, _)| cell.best || cell.verdict == CellVerdict::Baseline);
    html! {
        @if cells.is_empty() { p.missing { "Missing: no run has finished." } }
        @else { (class_scores(experiment, &cells)) }
        @for (cell, counts) in shown {
            (matrix(experiment, &rates_beside(&cell.rates, &section.baseline), counts))
        }
    }
}

/// Pixels over all seeds of a cell.
fn counts(experiment: &ReportedExperiment, cell: &Cell) -> Option<Confusion> {
    let mut runs = experiment.finished(&cell.rates).map(|(_, result)| &result.confusion);
    let mut sum = runs.next()?.clone();
    runs.for_each(|counts| sum.merge(counts));
    Some(sum)
}

/// A line per class, a pair of columns per rates.
fn class_scores(experiment: &ReportedExperiment, cells: &[(&Cell, Confusion)]) -> Markup {
    let scores: Vec<(String, Scores)> =
        cells.iter().map(|(cell, counts)| (rates(&cell.rates), counts.scores())).collect();
    let names = experiment.section.settings.dataset.class_names();
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Scores per class of " (experiment.name()) } {
            table.classes {
                thead {
                    tr {
                        th scope="col" rowspan="2" { "class" }
                        @for (rates, _) in &scores { th.group scope="colgroup" colspan="2" { (rates) } }
                    }
                    tr { @for _ in &scores { th.group scope="col" { "IoU" } th scope="col" { "Dice" } } }
                }
                tbody {
                    @for (class, name) in names.iter().enumerate() {
                        tr {
                            th scope="row" { (name) }
                            @for (_, scores) in &scores {
                                td.group { (percent(Some(scores.iou[class]))) }
                                td { (percent(Some(scores.dice[class]))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn matrix(experiment: &ReportedExperiment, who: &str, counts: &Confusion) -> Markup {
    let names = experiment.section.settings.dataset.class_names();
    let row = |class: usize| &counts.counts[class * counts.classes..(class + 1) * counts.classes];
    let label = format!("Confusion of {}, rates {who}", experiment.name());
    html! {
        h4 { "Confusion, rates " (who) }
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table.matrix {
                thead { tr { th scope="col" { "truth ↓ prediction →" } @for name in names { th scope="col" { (name) } } } }
                tbody {
                    @for (class, name) in names.iter().enumerate() {
                        @let pixels: u64 = row(class).iter().sum();
                        tr {
                            th scope="row" { (name) }
                            @for count in row(class) {
                                @let share = if pixels == 0 { f64::NAN } else { *count as f64 / pixels as f64 };
                                td style={ "--share:" (format!("{:.3}", if share.is_nan() { 0.0 } else { share })) } {
                                    (percent(Some(share)))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
