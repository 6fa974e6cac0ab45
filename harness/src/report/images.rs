//! Validation images with what the networks of the best, the worst and the baseline rates make of
//! them.

use super::material::{Report, ReportedExperiment, ShownImage, ShownPrediction};
use super::parts::{count, missing, percent, rates, set};
use super::picture::{AGREED, MISSED, Picture, SUPERFLUOUS};
use maud::{Markup, html};

pub(super) fn section(report: &Report) -> Markup {
    let hex = |[red, green, blue]: [u8; 3]| format!("background:rgb({red},{green},{blue})");
    html! {
        section id="images" {
            h2 { "Images" }
            p {
                "The first validation images, not chosen by their scores. In the differences: "
                span.swatch style=(hex(AGREED)) {} " correct (with two classes: found), "
                span.swatch style=(hex(SUPERFLUOUS)) {} " wrong (with two classes: predicted and not there), "
                span.swatch style=(hex(MISSED)) {} " there and not predicted; dark: rightly nothing, grey: not scored."
            }
            @for experiment in &report.experiments {
                @let body = html! {
                    @for shown in &experiment.images.shown { (image(experiment, shown)) }
                    (missing("Missing: ", &experiment.images.missing))
                    @if experiment.images.shown.is_empty() && experiment.images.missing.is_empty() {
                        p.missing { "Missing: no image was predicted." }
                    }
                };
                (set(report, &format!("{}-images", experiment.id), &experiment.title(), None, body))
            }
        }
    }
}

fn image(experiment: &ReportedExperiment, shown: &ShownImage) -> Markup {
    let metric = experiment.section.metric;
    let others: Vec<&ShownPrediction> = shown.predictions.iter().filter(|p| p.as_recorded == Some(false)).collect();
    html! {
        h4 { (shown.name) }
        div.gallery {
            (picture(&shown.image, &format!("Image {}", shown.name), "image"))
            (picture(&shown.truth, &format!("Truth of {}", shown.name), "truth"))
        }
        @for prediction in &shown.predictions {
            @let who = format!("{}: rates {}, seed {}", prediction.role.name(), rates(&prediction.rates), prediction.seed);
            p { (who) "; " (metric) " of this image " (percent(Some(prediction.score))) }
            div.gallery {
                (picture(&prediction.prediction, &format!("Prediction for {}, {who}", shown.name), "prediction"))
                (picture(&prediction.difference, &format!("Difference from the truth of {}, {who}", shown.name), "difference"))
            }
        }
        @if !others.is_empty() {
            p.missing {
                (count(others.len(), "prediction differs", "predictions differ"))
                " from what the run has recorded of this image: other data, or another device."
            }
        }
    }
}

fn picture(picture: &Picture, text: &str, caption: &str) -> Markup {
    html! {
        figure.picture {
            img src=(picture.source) alt=(text) width=(picture.width) height=(picture.height) loading="eager";
            figcaption { (caption) }
        }
    }
}
