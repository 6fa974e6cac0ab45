//! Scores of a network on images of a data set.

use crate::results::image_counts::ImageCounts;
use crate::results::scores::{Confusion, Detection, DetectionScores, FieldOfView, ProbabilityCounts};
use crate::run::infer::{Inference, Prediction};
use crate::support::count::count;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Context, Result};
use atrous_data::{DataError, IGNORE_INDEX, LabelMap, Sample};
use atrous_models::Segmentor;
use atrous_models::burn::tensor::Device;
use std::time::Instant;

/// Counts over the set, from which the scores follow.
pub struct Evaluation {
    pub confusion: Confusion,
    /// The counts of each image, in the order of the set.
    pub images: Vec<ImageCounts>,
    /// What is said of two classes; `None` for other numbers of them.
    pub detection: Option<Detection>,
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
    let mut detected = (inference.classes == 2).then(|| DetectionCounts::of(samples));
    // Large images have many windows: the bar moves within an image.
    let bar = progress.bar_of_thousandths(samples.len() as u64, format!("score {}", count(samples.len(), "image")));
    for (index, sample) in samples.iter().enumerate() {
        let (image, truth) = match sample.load() {
            Err(DataError::Interrupted { .. }) => return Ok(None),
            loaded => loaded?,
        };
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
        if let Some(detected) = &mut detected {
            detected.add(sample, &truth, &prediction)?;
        }
        confusion.merge(&counts);
        images.push(ImageCounts { image: sample.id.clone(), confusion: counts });
        bar.set(1000 * (index as u64 + 1));
    }
    bar.finish();
    let detection = detected.map(|detected| detected.scores(&confusion));
    Ok(Some(Evaluation { confusion, images, detection, seconds: started.elapsed().as_secs_f64() }))
}

/// Counts of two classes by probability: of all pixels, and of those inside the field of view.
struct DetectionCounts {
    whole: ProbabilityCounts,
    /// `None` unless all images have a mask of it.
    fov: Option<(ProbabilityCounts, Confusion)>,
}

impl DetectionCounts {
    fn of(samples: &[Sample]) -> Self {
        let masked = !samples.is_empty() && samples.iter().all(|sample| sample.fov.is_some());
        let fov = masked.then(|| (ProbabilityCounts::default(), Confusion::new(2)));
        DetectionCounts { whole: ProbabilityCounts::default(), fov }
    }

    fn add(&mut self, sample: &Sample, truth: &LabelMap, prediction: &Prediction) -> Result<()> {
        let area = truth.data.len();
        let probabilities = prediction.probabilities();
        let probabilities = &probabilities[area..];
        self.whole.add(&truth.data, probabilities);
        if let (Some((counts, confusion)), Some(inside)) = (&mut self.fov, sample.load_fov()?) {
            let seen = truth.data.iter().zip(inside).map(|(label, inside)| if inside { *label } else { IGNORE_INDEX });
            let seen: Vec<u8> = seen.collect();
            counts.add(&seen, probabilities);
            confusion.add(&seen, &prediction.labels)?;
        }
        Ok(())
    }

    fn scores(self, confusion: &Confusion) -> Detection {
        let fov = self.fov.map(|(counts, confusion)| FieldOfView {
            detection: DetectionScores::of(&confusion, counts.areas()),
            scores: confusion.scores(),
            confusion,
        });
        Detection { whole: DetectionScores::of(confusion, self.whole.areas()), fov }
    }
}
