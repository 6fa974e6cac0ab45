//! Scores of a network on images of a data set.

use crate::results::image_counts::ImageCounts;
use crate::results::scores::Confusion;
use crate::run::infer::Inference;
use crate::support::count::count;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Context, Result};
use atrous_data::Sample;
use atrous_models::Segmentor;
use atrous_models::burn::tensor::Device;
use std::time::Instant;

/// Counts over the set, from which the scores follow.
pub struct Evaluation {
    pub confusion: Confusion,
    /// The counts of each image, in the order of the set.
    pub images: Vec<ImageCounts>,
    pub seconds: f64,
}

/// Predicts every image and counts. `None` where `stop` was requested on the way.
///
/// # Errors
/// An image or mask that cannot be read; names the file.
pub fn evaluate(
    network: &mut Segmentor,
    device: &Device,
    samples: &[Sample],
    inference: &Inference,
    progress: &Progress,
    stop: &StopFlag,
) -> Result<Option<Evaluation>> {
    let started = Instant::now();
    let mut confusion = Confusion::new(inference.classes);
    let mut images = Vec::with_capacity(samples.len());
    // Large images have many windows: the bar moves within an image.
    let bar = progress.bar_of_thousandths(samples.len() as u64, format!("score {}", count(samples.len(), "image")));
    for (index, sample) in samples.iter().enumerate() {
        let (image, truth) = sample.load()?;
        inference.check_memory(&sample.image, image.size())?;
        let proceed = |done: usize, all: usize| {
            bar.set(1000 * index as u64 + (1000 * done / all) as u64);
            !stop.requested()
        };
        let Some(prediction) = inference.predict(network, device, &image, &proceed) else { return Ok(None) };
        let mut counts = Confusion::new(inference.classes);
        counts
            .add(&truth.data, &prediction.labels)
            .with_context(|| format!("{} cannot be scored", sample.label.display()))?;
        confusion.merge(&counts);
        images.push(ImageCounts { image: sample.id.clone(), confusion: counts });
        bar.set(1000 * (index as u64 + 1));
    }
    bar.finish();
    Ok(Some(Evaluation { confusion, images, seconds: started.elapsed().as_secs_f64() }))
}
