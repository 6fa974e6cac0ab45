//! The effective receptive fields of an experiment: one map per rates, on one scale.

use super::material::{DECADES, ReportedExperiment, ShownField, ShownFields};
use super::parts::{self, cards, percent, rates_beside};
use maud::{Markup, html};

impl ShownField {
    /// Side of the square that holds half of the mass.
    fn half(&self) -> Option<usize> {
        self.numbers.squares.iter().find(|square| square.share == 0.5).map(|square| square.side)
    }
}

/// The maps of an experiment with their numbers.
pub(super) fn part(experiment: &ReportedExperiment) -> Markup {
    let ShownFields { shown, missing, .. } = &experiment.fields;
    let baseline = &experiment.section.baseline;
    let header = [
        "rates",
        "half of the mass within, pixels",
        "mass at the outer taps, %",
        "times denser there",
        "taps beyond the image",
    ];
    let lines: Vec<Vec<Markup>> = shown.iter().map(|field| line(field, baseline)).collect();
    html! {
        @if !shown.is_empty() {
            div.maps {
                @for field in shown {
                    @let who = rates_beside(&field.rates, baseline);
                    figure.picture {
                        img src=(field.picture.source) width=(field.picture.width) height=(field.picture.height)
                            alt={ "Effective receptive field of " (experiment.name()) ", rates " (who) };
                        figcaption { (who) ", seed " (field.seed) }
                    }
                }
            }
            p {
                "How much each pixel of the input moves the logits at the centre, mean over " (shown[0].images)
                " validation images; one scale for all maps, " (DECADES) " powers of ten below the peak. Green: windows around the positions that the \
                 taps look at. A branch of rate r looks at the centre and at eight positions r cells away, so its spots lie on a square; a square \
                 that reaches beyond the image sees padding, and its spots are missing. The bright middle belongs to all branches, and the even \
                 floor is the image pooling's."
            }
            (cards(&format!("Effective receptive fields of {}", experiment.name()), &header, &lines))
        }
        (parts::missing("Missing: receptive field, ", missing))
        @if shown.is_empty() && missing.is_empty() {
            p.missing { "Missing: no receptive field was measured." }
        }
    }
}

/// The numbers of one map, branch by branch.
fn line(field: &ShownField, baseline: &[usize]) -> Vec<Markup> {
    let outer = || field.numbers.taps.branches.iter().filter(|branch| branch.rate > 1);
    let join = |texts: Vec<String>| texts.join(", ");
    let none = || "-".to_owned();
    [
        rates_beside(&field.rates, baseline),
        field.half().map_or_else(none, |side| side.to_string()),
        join(outer().map(|branch| percent(branch.outer_mass)).collect()),
        join(outer().map(|branch| branch.contrast.map_or_else(none, |contrast| format!("{contrast:.1}"))).collect()),
        join(outer().map(|branch| branch.taps.iter().filter(|tap| tap.mass.is_none()).count().to_string()).collect()),
    ]
    .map(|text| html! { (text) })
    .to_vec()
}
