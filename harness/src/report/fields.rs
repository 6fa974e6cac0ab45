//! The effective receptive fields of an experiment: one map per rates, on one scale.

use super::field_map;
use super::material::{DECADES, ReportedExperiment, ShownField, ShownFields};
use super::parts::{self, cards, count, percent, rates_beside};
use crate::measure::receptive_field::BranchTaps;
use crate::support::plot::colour::{Scale, colour};
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
                @for (place, field) in shown.iter().enumerate() {
                    @let who = rates_beside(&field.rates, baseline);
                    figure {
                        figcaption { (title(field, &who)) }
                        (field_map::panels(field, &format!("{}, rates {who}", experiment.name()), &format!("{}-map{place}", experiment.id)))
                    }
                }
            }
            (scale())
            p {
                "How much each pixel of the input moves the logits at the centre, mean over " (shown[0].images)
                " validation images. Green: windows around the positions that the \
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

/// The rates, the run, and the contrast at the taps of each branch.
fn title(field: &ShownField, who: &str) -> Markup {
    let outer: Vec<_> = field.numbers.taps.branches.iter().filter(|branch| branch.rate > 1).collect();
    let contrast = |branch: &BranchTaps| match (branch.outer_mass, branch.contrast) {
        (None, _) => "no tap inside".to_owned(),
        (Some(_), Some(contrast)) => format!("{contrast:.2}"),
        (Some(_), None) => "-".to_owned(),
    };
    let all: Vec<String> = outer.iter().map(|branch| format!("{}: {}", branch.rate, contrast(branch))).collect();
    html! {
        b { (who) } ", seed " (field.seed) ", " (count(field.images, "image", "images"))
        @if !all.is_empty() { ". Contrast at the taps of rate " (all.join(", ")) "." }
    }
}

/// The colours of all maps and what they mean.
fn scale() -> Markup {
    let scale = Scale::Log { decades: DECADES };
    let steps = 40;
    let [dark, light] = scale.ends();
    html! {
        p.scale {
            (dark) " and less "
            svg width="160" height="12" viewBox={ "0 0 " (steps) " 3" } preserveAspectRatio="none" role="img" aria-label="dark to light" {
                @for step in 0..steps {
                    @let [red, green, blue] = colour(f64::from(step) / f64::from(steps - 1));
                    rect x=(step) y="0" width="1.05" height="3" fill={ "rgb(" (red) "," (green) "," (blue) ")" } {}
                }
            }
            " " (light) " of all maps, on a logarithmic scale"
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
