//! What the rates let each branch see.

use super::fields;
use super::material::{Report, ReportedExperiment};
use super::parts::{cards, rates_beside, set};
use crate::conclusions::guideline::{Branch, RULE, feature_size};
use crate::conclusions::table::Cell;
use maud::{Markup, html};

pub(super) fn section(report: &Report) -> Markup {
    html! {
        section id="receptive-field" {
            h2 { "What the branches see" }
            p {
                "From geometry alone, in a training crop. Field of view: the square that the nine taps of a branch span, in pixels of the input. \
                 Dead: share of the branch's multiplications that read padding; a corner tap at distance r is inside from \
                 (1 - r/F)² of the positions, and from none where r reaches the side F of the map, where the branch has become a 1x1 convolution. "
                b { "The geometric rule of atrous rates: " } (RULE)
            }
            @for experiment in &report.experiments { (experiment_part(report, experiment)) }
        }
    }
}

fn experiment_part(report: &Report, experiment: &ReportedExperiment) -> Markup {
    let section = &experiment.section;
    let settings = &section.settings;
    let stride = settings.model.kind.output_stride();
    let feature = feature_size(settings.crop, stride);
    let line = |cell: &Cell| {
        let branches: Vec<Branch> = cell.rates.iter().map(|rate| Branch::new(*rate, feature)).collect();
        let join = |text: &dyn Fn(&Branch) -> String| branches.iter().map(text).collect::<Vec<_>>().join(", ");
        [
            rates_beside(&cell.rates, &section.baseline),
            format!("{:.2}", cell.relative_rate),
            join(&|branch| branch.field_of_view(stride).to_string()),
            join(&|branch| format!("{:.0} %", 100.0 * branch.dead())),
            join(&|branch| branch.valid(1, 1).map_or_else(|| "-".into(), |valid| format!("{:.0} %", 100.0 * valid))),
        ]
        .map(|text| html! { (text) })
        .to_vec()
    };
    let header = ["rates", "ρ", "field of view, pixels", "dead", "corner taps inside"];
    let lines: Vec<_> = section.cells.iter().map(line).collect();
    let [rows, columns] = feature;
    let body = html! {
        (cards(&format!("Fields of view of {}", experiment.name()), &header, &lines))
        (fields::part(experiment))
    };
    let title = format!("{}: a map of {rows}x{columns}", experiment.title());
    set(report, &format!("{}-field", experiment.id), &title, None, body)
}
