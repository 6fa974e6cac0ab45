//! Validation images, predicted by the networks of the best, the worst and the baseline rates.

use super::sources::{Sources, trained};
use crate::report::material::{Report, ReportedExperiment, ShownImage, ShownImages, ShownPrediction};
use crate::report::parts::{one_line, rates};
use crate::report::picture::{Picture, draw_classes, draw_difference};
use crate::results::scores::Confusion;
use crate::run::weights::Trained;
use crate::sweep::drawn_root;
use anyhow::{Context, Result};
use atrous_data::{LabelMap, RgbImage8, Sample, Split};

/// How many images are shown, and how wide they are.
#[derive(Clone, Copy, Debug)]
pub struct ImageOptions {
    /// The first so many validation images of each data set.
    pub images: usize,
    /// Pixels; wider images are shrunk.
    pub width: usize,
}

impl Report {
    /// Predicts the images of all experiments. What is missing is noted in their place. Returns
    /// `false` where a stop was requested on the way.
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

/// Predicts the images of one experiment. `None` where a stop was requested.
fn read(experiment: &ReportedExperiment, options: ImageOptions, sources: &Sources) -> Result<Option<ShownImages>> {
    let settings = &experiment.section.settings;
    let drawn = drawn_root(&experiment.out, settings);
    let root = drawn.as_deref().unwrap_or(&sources.data.data_root);
    let dataset = sources.data.open_in(root, settings.dataset)?;
    let samples = dataset.samples(Split::Val);
    let samples = &samples[..samples.len().min(options.images)];
    let loaded: Vec<(RgbImage8, LabelMap)> = samples.iter().map(Sample::load).collect::<Result<_, _>>()?;
    let kind = dataset.kind;
    let mut images = ShownImages::default();
    for (sample, (image, truth)) in samples.iter().zip(&loaded) {
        images.shown.push(ShownImage {
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

fn predict(
    trained: &mut Trained,
    image: &RgbImage8,
    experiment: &ReportedExperiment,
    sources: &Sources,
) -> Option<LabelMap> {
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
