//! The same as one page: the answer, the endpoints, figures and scores.

use crate::answer;
use crate::family::{Family, FamilyMember};
use crate::scores::PartScores;
use crate::table::{HEADER, score_header, score_lines};
use anyhow::Result;
use atrous_harness::report;
use atrous_harness::support::plot::Figure;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Returns the page of a part, of its endpoints and of a figure for each data set, or of none. It
/// is one file, which loads nothing.
///
/// # Errors
/// A figure that cannot be drawn.
pub fn page(part: &PartScores, judged: &PartScores, family: &Family, figures: &[Figure]) -> Result<String> {
    let drawn = figures.iter().map(|figure| Ok((figure, figure.inline()?))).collect::<Result<Vec<_>>>()?;
    let runs: usize =
        part.0.values().flatten().map(|fold| fold.scores.values().map(|seeds| seeds.len()).sum::<usize>()).sum();
    let title = "Does the size of the input decide, or that of the objects?";
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(report::style())) }
            }
            body {
                header {
                    h1 { (title) }
                    @for sentence in answer::sentences(family) { p.answer { (sentence) } }
                    p.facts {
                        (runs) " runs, of which " (part.collapsed()) " collapsed (they never predict a class). "
                        @if judged.collapsed() > 0 { "Without the seeds of collapsed runs: endpoints.md. " }
                        "The plan: docs/notes/size-or-objects.md."
                    }
                }
                main {
                    h2 { "Endpoints" }
                    p { "In points of mDice; " (family.said()) "." }
                    (table("Endpoints", &HEADER, &endpoint_lines(family)))
                    @for (figure, svg) in &drawn {
                        figure { (PreEscaped(svg)) figcaption { (figure.description) "; intervals (95 %) each for itself." } }
                    }
                    h2 { "Scores" }
                    p {
                        "Means over seeds and subjects, and how many seeds"
                        // What is judged are then differences to the runs at full scale.
                        @if part != judged { ", of images at half their scale" }
                        "."
                    }
                    @for (kind, folds) in &part.0 { (table(kind.title(), &score_header(kind.title()), &score_lines(folds))) }
                }
            }
        }
    }
    .into_string())
}

fn endpoint_lines(family: &Family) -> Vec<Vec<String>> {
    let line = |member: &FamilyMember| {
        [member.kind.title().to_owned(), member.name()].into_iter().chain(member.cells()).collect()
    };
    family.0.iter().map(line).collect()
}

fn table<S: AsRef<str>>(label: &str, header: &[S], lines: &[Vec<String>]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table {
                thead { tr { @for name in header { th scope="col" { (name.as_ref()) } } } }
                tbody {
                    @for line in lines {
                        tr {
                            @for (column, cell) in line.iter().enumerate() {
                                @if column == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
