//! The page around the sections.

use super::material::Report;
use super::{confusion, curves, experiments, headline, images, provenance, receptive_field};
use crate::results::provenance::Provenance;
use crate::support::plot::{DARK, LIGHT};
use anyhow::Result;
use maud::{DOCTYPE, PreEscaped, html};

const SECTIONS: [(&str, &str); 6] = [
    ("scores", "Rates and scores"),
    ("images", "Images"),
    ("confusion", "Classes"),
    ("receptive-field", "Branches"),
    ("curves", "Training"),
    ("provenance", "Provenance"),
];

impl Report {
    /// The page, as HTML.
    ///
    /// # Errors
    /// A plot that cannot be drawn.
    pub fn page(&self) -> Result<String> {
        page(self)
    }
}

fn page(report: &Report) -> Result<String> {
    let Provenance { version, git_commit, .. } = Provenance::current();
    let experiments = experiments::section(report)?;
    let curves = curves::section(report)?;
    let mut names: Vec<&str> = report.experiments.iter().map(|experiment| experiment.name()).collect();
    names.dedup();
    let title = format!("Atrous rates: {}", names.join(", "));
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                // No file, no request.
                link rel="icon" href="data:,";
                style { (PreEscaped(style())) }
            }
            body {
                a.skip href="#headline" { "Skip to the results" }
                header {
                    p.kicker { (title) }
                    (headline::heading(report))
                    nav aria-label="Sections" {
                        ul { @for (id, name) in SECTIONS { li { a href={ "#" (id) } { (name) } } } }
                    }
                }
                main {
                    (experiments)
                    (headline::expectations(report))
                    (images::section(report))
                    (confusion::section(report))
                    (receptive_field::section(report))
                    (curves)
                    (provenance::section(report))
                }
                footer { p { "Written by atrous " (version) " (" (git_commit) ")." } }
            }
        }
    }
    .into_string())
}

/// The style sheet of pages with plots.
pub fn style() -> String {
    include_str!("style.css").to_owned() + &plot_colours()
}

/// On a dark page the plots' series are brighter; on paper they are as on a light one.
fn plot_colours() -> String {
    let rules: String = LIGHT
        .iter()
        .zip(DARK)
        .map(|(light, dark)| {
            format!(".plot [stroke=\"{light}\"]{{stroke:{dark}}}.plot [fill=\"{light}\"]{{fill:{dark}}}")
        })
        .collect();
    format!("@media screen and (prefers-color-scheme:dark){{{rules}}}")
}
