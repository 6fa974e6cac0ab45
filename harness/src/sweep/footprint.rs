//! Memory that a run needs on the CPU, estimated generously: what decides how many fit side by
//! side.

use crate::experiment::network::{self, NetworkCost};
use crate::experiment::settings::{DataSource, InferMode, RunSettings};
use crate::run::infer::BATCH_PIXELS;
use crate::run::options::RunOptions;
use crate::run::train::loader_threads;

/// A run that is to be done, as far as its memory and its threads go.
#[derive(Clone, Copy, Debug)]
pub struct Workload<'s> {
    pub settings: &'s RunSettings,
    /// Images that it trains on.
    pub images: usize,
    pub options: RunOptions,
}

/// The program itself, its kernels' buffers and its threads.
const PROGRAM_BYTES: f64 = 64e6;
/// For each value that a convolution writes, training keeps that value, what batch norm and ReLU
/// make of it, and a copy where maps are put together.
const COPIES_IN_TRAINING: f64 = 3.0;
/// Gradients on their way back, and what the allocator keeps between sizes.
const SLACK: f64 = 2.0;
/// Copies of a weight: value, gradient, velocity, and a checkpoint being put together and written.
const COPIES_OF_WEIGHTS: f64 = 8.0;
/// Bytes of a pixel on its way into a batch: colours as bytes and as numbers, resized and
/// distorted.
const BYTES_PER_LOADED_PIXEL: f64 = 32.0;
const FLOAT_BYTES: f64 = 4.0;

/// Bytes that a run needs at most, as far as can be told without running it. `threads`: the
/// processor's that it has for itself.
pub fn bytes(load: &Workload, threads: usize) -> u64 {
    let settings = load.settings;
    let NetworkCost { written, weights, .. } = NetworkCost::of(&network::config(settings));
    let maps = training(settings, written).max(scoring(settings, written));
    let weights = COPIES_OF_WEIGHTS * FLOAT_BYTES * weights;
    (PROGRAM_BYTES + SLACK * maps + weights + loading(load, threads)) as u64
}

/// Maps of a training step; `written` are values per pixel. Both heads' logits are resized to the
/// crop.
fn training(settings: &RunSettings, written: f64) -> f64 {
    let pixels = (settings.train.batch * settings.crop[0] * settings.crop[1]) as f64;
    pixels * FLOAT_BYTES * COPIES_IN_TRAINING * (written + 2.0 * classes(settings))
}

/// Maps and logits of an image that is scored. Without gradients, few maps live at a time.
fn scoring(settings: &RunSettings, written: f64) -> f64 {
    let largest = settings.infer.ratios.iter().copied().fold(1.0, f64::max);
    let image = image_pixels(settings) * largest * largest;
    let pixels = match (settings.infer.mode, settings.infer.window) {
        (InferMode::Slide, Some([height, width])) => (height * width).max(BATCH_PIXELS) as f64,
        _ => image,
    };
    FLOAT_BYTES * (pixels * written + 3.0 * image * classes(settings))
}

/// Decoded images that are kept, and those on their way into a batch.
fn loading(load: &Workload, threads: usize) -> f64 {
    let Workload { settings, images, options } = *load;
    let pixels = image_pixels(settings);
    // Colours and label, a byte each.
    let kept = (4.0 * images as f64 * pixels).min(options.cache_bytes() as f64);
    let enlarged = f64::from(settings.train.ratio[1]).max(1.0);
    kept + loader_threads(threads) as f64 * BYTES_PER_LOADED_PIXEL * pixels * enlarged * enlarged
}

/// Images are fitted into this, and drawn ones have a size of their own.
fn image_pixels(settings: &RunSettings) -> f64 {
    let area = |[height, width]: [usize; 2]| (height * width) as f64;
    let own = match &settings.data {
        DataSource::Synthetic(drawing) => area(drawing.size),
        DataSource::Files => 0.0,
    };
    own.max(area(settings.resize))
}

fn classes(settings: &RunSettings) -> f64 {
    settings.dataset.class_names().len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::{InferSpec, ModelKind, ModelSpec, tests::example};

    fn bytes(settings: &RunSettings, images: usize, threads: usize) -> u64 {
        super::bytes(&Workload { settings, images, options: RunOptions::default() }, threads)
    }

    /// `results/retina-small`: 182 MB, on ten images of STARE.
    #[test]
    fn the_estimate_is_above_what_was_measured_and_not_out_of_reach() {
        let mut settings = RunSettings { crop: [128, 128], data: DataSource::Files, ..example() };
        settings.model.aspp_channels = 16;
        let estimate = bytes(&settings, 10, 2);
        assert!((250e6..800e6).contains(&(estimate as f64)), "{estimate}");
    }

    #[test]
    fn it_grows_with_what_a_run_is_made_of() {
        let base = bytes(&example(), 8, 2);
        let mut wide = example();
        wide.model = ModelSpec::published(ModelKind::UnetS5D16);
        assert!(bytes(&wide, 8, 2) > 3 * base);
        let mut large = example();
        large.train.batch = 64;
        assert!(bytes(&large, 8, 2) > 3 * base);
        let mut whole = RunSettings { resize: [4096, 4096], ..example() };
        whole.infer = InferSpec::whole();
        assert!(bytes(&whole, 8, 2) > 3 * base);
        assert!(bytes(&example(), 8, 16) > base && bytes(&example(), 800, 2) > base);
    }
}
