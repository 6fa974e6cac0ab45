//! Validation images with what the networks of the best, the worst and the baseline rates make of them.

use super::Report;
use super::experiment::Experiment;
use super::parts::{count, one_line, percent, rates};
use super::picture::{AGREED, MISSED, Picture, SUPERFLUOUS, draw_classes, draw_difference};
use crate::conclusions::table::{Cell, Verdict};
use crate::results::rows::Row;
use crate::results::run_dir::RunDir;
use crate::results::scores::Confusion;
use crate::run::weights::{Hints, Trained};
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use crate::sweep::drawn_root;
use anyhow::{Context, Result, bail};
use atrous_data::{Dataset, ImageLimit, LabelMap, RgbImage8, Sample, Split};
use atrous_models::ComputeDevice;
use maud::{Markup, html};
use std::path::Path;

/// Which images are shown, and how wide.
#[derive(Clone, Copy, Debug)]
pub struct ImageOptions {
    /// The first so many validation images of each data set.
    pub images: usize,
    /// Pixels; wider images are shrunk.
    pub width: usize,
}

/// The pictures of an experiment.
#[derive(Clone, Debug, Default)]
pub struct Images {
    pub shown: Vec<Shown>,
    /// What is missing, and why.
    pub missing: Vec<String>,
}

/// One image.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its name in the data set.
    pub name: String,
    pub image: Picture,
    pub truth: Picture,
    pub predictions: Vec<ShownPrediction>,
}

/// What one run makes of it.
#[derive(Clone, Debug)]
pub struct ShownPrediction {
    pub role: Role,
    pub rates: Vec<usize>,
    pub seed: u64,
    /// Of this image, by the metric that decides; NaN where undefined.
    pub score: f64,
    /// Whether the counts are those that the run has kept of the image; `None` where it keeps none.
    pub as_recorded: Option<bool>,
    pub prediction: Picture,
    pub difference: Picture,
}

/// Why a rates setting is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Best,
    Worst,
    Baseline,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Role::Best => "best",
            Role::Worst => "worst",
            Role::Baseline => "baseline",
        }
    }
}

impl Experiment {
    /// The cells that are shown, each once.
    fn roles(&self) -> Vec<(Role, &Cell)> {
        let baseline = self.section.cells.iter().find(|cell| cell.verdict == Verdict::Baseline && cell.runs > 0);
        let candidates =
            [(Role::Best, self.section.best().next()), (Role::Baseline, baseline), (Role::Worst, self.worst())];
        let mut roles: Vec<(Role, &Cell)> = Vec::new();
        for (role, cell) in candidates {
            if let Some(cell) = cell.filter(|cell| roles.iter().all(|(_, other)| other.rates != cell.rates)) {
                roles.push((role, cell));
            }
        }
        roles
    }
}

/// Where things are, and what computes.
pub struct Sources<'a> {
    /// The sweep's output directory.
    pub out: &'a Path,
    pub data_root: &'a Path,
    /// The largest image that is read.
    pub image_limit: ImageLimit,
    pub device: &'a ComputeDevice,
    pub progress: &'a Progress,
    pub stop: &'a StopFlag,
}

impl Report {
    /// Predicts the images of all experiments. What is missing is noted in their place. Returns `false` where a stop was
    /// requested on the way.
    pub fn predict(&mut self, options: ImageOptions, sources: &Sources) -> bool {
        for experiment in &mut self.experiments {
            match read(experiment, options, sources) {
                Ok(Some(images)) => experiment.images = images,
                Ok(None) => return false,
                Err(error) => experiment.images.missing.push(one_line(&error)),
            }
        }
        true
    }
}

/// `None` where a stop was requested.
fn read(experiment: &Experiment, options: ImageOptions, sources: &Sources) -> Result<Option<Images>> {
    let settings = &experiment.section.settings;
    let drawn = drawn_root(sources.out, settings);
    let root = drawn.as_deref().unwrap_or(sources.data_root);
    let dataset = Dataset::open(settings.dataset, root)?.with_limit(sources.image_limit);
    let samples = dataset.samples(Split::Val);
    let samples = &samples[..samples.len().min(options.images)];
    let loaded: Vec<(RgbImage8, LabelMap)> = samples.iter().map(Sample::load).collect::<Result<_, _>>()?;
    let kind = dataset.kind;
    let mut images = Images::default();
    for (sample, (image, truth)) in samples.iter().zip(&loaded) {
        images.shown.push(Shown {
            name: sample.id.clone(),
            image: Picture::photograph(image, options.width)?,
            truth: Picture::drawing(&draw_classes(truth, kind), options.width)?,
            predictions: Vec::new(),
        });
    }
    for (role, cell) in experiment.roles() {
        let (row, mut trained) = match trained(experiment, cell, sources) {
            Ok(found) => found,
            Err(error) => {
                images.missing.push(format!("{} rates {}: {}", role.name(), rates(&cell.rates), one_line(&error)));
                continue;
            }
        };
        for (shown, (image, truth)) in images.shown.iter_mut().zip(&loaded) {
            let Some(labels) = predict(&mut trained, image, experiment, sources) else { return Ok(None) };
            let mut counts = Confusion::new(trained.inference.classes);
            counts.add(&truth.data, &labels.data).with_context(|| format!("{} cannot be scored", shown.name))?;
            let kept = row.images.as_ref().and_then(|kept| kept.iter().find(|kept| kept.image == shown.name));
            let difference = draw_difference(truth, &labels.data, trained.inference.classes);
            shown.predictions.push(ShownPrediction {
                role,
                rates: cell.rates.clone(),
                seed: row.settings().seed,
                score: experiment.section.metric.of(&counts.scores()),
                as_recorded: kept.map(|kept| kept.confusion == counts),
                prediction: Picture::drawing(&draw_classes(&labels, kind), options.width)?,
                difference: Picture::drawing(&difference, options.width)?,
            });
        }
    }
    Ok(Some(images))
}

/// The first run of a cell that still has its weights.
pub(super) fn trained<'a>(experiment: &'a Experiment, cell: &'a Cell, sources: &Sources) -> Result<(&'a Row, Trained)> {
    let mut missing = None;
    for (row, _) in experiment.finished(&cell.rates) {
        let path = RunDir::new(sources.out, row.settings(), row.run_id()).checkpoint();
        if path.is_file() {
            return Ok((row, Trained::read(&path, &Hints::default(), sources.device)?));
        }
        missing = missing.or(Some(path));
    }
    match missing {
        Some(path) => bail!("there is no checkpoint {}", path.strip_prefix(sources.out).unwrap_or(&path).display()),
        None => bail!("no run has finished"),
    }
}

fn predict(trained: &mut Trained, image: &RgbImage8, experiment: &Experiment, sources: &Sources) -> Option<LabelMap> {
    let bar = sources.progress.bar(0, format!("predict an image of {}", experiment.name()));
    let proceed = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set(done as u64);
        !sources.stop.requested()
    };
    let Trained { network, inference, .. } = trained;
    let found = inference.predict(network, &sources.device.device, image, &proceed)?;
    bar.finish();
    Some(LabelMap { height: found.height, width: found.width, data: found.labels })
}

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
                h3 id={ (experiment.id) "-images" } { (experiment.title()) }
                @for shown in &experiment.images.shown { (image(experiment, shown)) }
                @for missing in &experiment.images.missing { p.missing { "Missing: " (missing) "." } }
                @if experiment.images.shown.is_empty() && experiment.images.missing.is_empty() {
                    p.missing { "Missing: no image was predicted." }
                }
            }
        }
    }
}

fn image(experiment: &Experiment, shown: &Shown) -> Markup {
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
