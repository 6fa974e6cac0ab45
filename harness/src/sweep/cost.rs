//! A rough cost model: multiply-adds of a run, and how many of them this processor does in a
//! second.

use crate::experiment::network::{self, NetworkCost};
use crate::experiment::settings::{DataSource, InferSpec, RunSettings};
use crate::run::windows::count;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Forward and backward pass over forward pass: gradients of the input and of the weights cost one
/// each.
const TRAINING_FACTOR: f64 = 3.0;

/// Multiply-adds of training a run.
pub fn training(settings: &RunSettings) -> f64 {
    let [height, width] = settings.crop;
    let crops = settings.train.iterations as f64 * settings.train.batch as f64;
    TRAINING_FACTOR * crops * (height * width) as f64 * per_pixel(settings)
}

/// Multiply-adds of scoring `images` images.
pub fn evaluation(settings: &RunSettings, images: usize) -> f64 {
    let [height, width] = settings.resize;
    let views = if settings.infer.flip { 2.0 } else { 1.0 };
    let pixels: f64 = settings
        .infer
        .ratios
        .iter()
        .map(|ratio| [height, width].map(|side| (side as f64 * ratio) as usize))
        .map(|[height, width]| views * scored_pixels(&settings.infer, height, width) as f64)
        .sum();
    images as f64 * pixels * per_pixel(settings)
}

/// Multiply-adds of a run, by its settings alone: where its images are files, as many are scored as
/// the publishers' split has.
pub fn planned(settings: &RunSettings) -> f64 {
    let images = match &settings.data {
        DataSource::Synthetic(synthetic) => synthetic.val,
        DataSource::Files => settings.dataset.protocol().validation_images,
    };
    training(settings) + evaluation(settings, images)
}

/// Pixels that pass the network for one image: windows overlap.
fn scored_pixels(infer: &InferSpec, height: usize, width: usize) -> usize {
    match (infer.window, infer.stride) {
        (Some(window), Some(stride)) => {
            let windows = count(height, window[0], stride[0]) * count(width, window[1], stride[1]);
            windows * window[0] * window[1]
        }
        _ => height * width,
    }
}

/// Multiply-adds per input pixel of a forward pass, both heads included.
fn per_pixel(settings: &RunSettings) -> f64 {
    NetworkCost::of(&network::config(settings)).multiply_adds
}

/// Multiply-adds of a training step, in units of a billion.
fn step(settings: &RunSettings) -> f64 {
    training(settings) / settings.train.iterations as f64 / 1e9
}

/// CPU threads that are worth giving to a run where others could use them: two with a billion
/// multiply-adds a step, twice as many with ten times the work, at least one. The kernels of a
/// narrow network are over before many threads have started on them.
pub fn useful_threads(settings: &RunSettings) -> usize {
    (2.0 * step(settings).powf(std::f64::consts::LOG10_2)).max(1.0) as usize
}

/// How many times as fast as one thread so many are. Two threads were measured to be 1.57, 1.71 and
/// 1.76 times as fast with 0.8, 5 and 13 billion multiply-adds a step: by Amdahl's law, a part of
/// the step that shrinks with the fourth root of the work has to wait for one thread. Part of a
/// thread is shared.
pub fn speedup(settings: &RunSettings, threads: f64) -> f64 {
    let alone = (0.26 * step(settings).powf(-0.25)).min(1.0);
    if threads <= 1.0 { threads } else { threads / (1.0 + alone * (threads - 1.0)) }
}

/// Multiply-adds per second that training reaches on this processor, from a matrix product that
/// takes a fraction of a second, once in the life of the program. Good to a factor of two or three.
pub fn processor_rate() -> f64 {
    static RATE: LazyLock<f64> = LazyLock::new(measured_rate);
    *RATE
}

/// The fastest product of each thread counts: a machine that others use is not taken for a slow
/// one.
fn measured_rate() -> f64 {
    const SIDE: usize = 192;
    let fastest: Vec<f64> = rayon::broadcast(|_| {
        let (began, mut fastest) = (Instant::now(), f64::INFINITY);
        while began.elapsed() < Duration::from_millis(150) {
            let started = Instant::now();
            // Without a use, the product would be optimised away.
            std::hint::black_box(product(SIDE));
            fastest = fastest.min(started.elapsed().as_secs_f64());
        }
        fastest
    });
    fastest.into_iter().map(|seconds| (SIDE * SIDE * SIDE) as f64 / seconds).sum()
}

/// Sum of the product of two square matrices.
fn product(side: usize) -> f32 {
    let left: Vec<f32> = (0..side * side).map(|i| (i % 7) as f32).collect();
    let right: Vec<f32> = (0..side * side).map(|i| (i % 5) as f32).collect();
    let mut out = vec![0.0_f32; side * side];
    for (row, sums) in left.chunks_exact(side).zip(out.chunks_exact_mut(side)) {
        for (&factor, values) in row.iter().zip(right.chunks_exact(side)) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += factor * value;
            }
        }
    }
    out.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::{ModelKind, ModelSpec, tests::example};

    #[test]
    fn cost_grows_with_width_and_iterations() {
        let narrow = example();
        let mut wide = example();
        wide.model.base_channels *= 2;
        let ratio = training(&wide) / training(&narrow);
        assert!((3.0..4.5).contains(&ratio), "{ratio}");
        let mut long = example();
        long.train.iterations *= 3;
        assert_eq!(training(&long), 3.0 * training(&narrow));
    }

    #[test]
    fn a_planned_run_costs_what_its_settings_say() {
        let mut drawn = example();
        let DataSource::Synthetic(synthetic) = &drawn.data else { panic!("{:?}", drawn.data) };
        assert_eq!(planned(&drawn), training(&drawn) + evaluation(&drawn, synthetic.val));
        drawn.data = DataSource::Files;
        assert_eq!(planned(&drawn), training(&drawn) + evaluation(&drawn, 10));
    }

    #[test]
    fn the_published_networks_cost_what_they_are_known_to() {
        let count = |kind| {
            let config = ModelSpec::published(kind).config(&[1, 12, 24, 36], 19);
            NetworkCost::of(&config).multiply_adds * 512.0 * 1024.0 / 1e9
        };
        let (r50, r101) = (count(ModelKind::DeeplabV3R50D8), count(ModelKind::DeeplabV3R101D8));
        assert!(r50 > 200.0 && r50 < 600.0 && r101 > r50 * 1.1, "{r50} {r101}");
        assert!(count(ModelKind::DeeplabV3R50D16) < r50 / 2.0);
        let r18 = count(ModelKind::DeeplabV3R18D8);
        assert!(r18 < r50 / 4.0, "{r18} {r50}");
    }

    #[test]
    fn wide_networks_have_use_for_more_threads() {
        let mut settings = RunSettings { crop: [64, 64], ..example() };
        settings.model.aspp_channels = 8;
        assert_eq!(useful_threads(&settings), 1);
        assert!((1.54..1.60).contains(&speedup(&settings, 2.0)), "{}", speedup(&settings, 2.0));
        settings.crop = [128, 128];
        settings.model.aspp_channels = 16;
        assert_eq!(useful_threads(&settings), 3);
        assert!((1.68..1.74).contains(&speedup(&settings, 2.0)), "{}", speedup(&settings, 2.0));
        settings.model = ModelSpec::published(ModelKind::UnetS5D16);
        assert!((8..12).contains(&useful_threads(&settings)), "{}", useful_threads(&settings));
        settings.model.base_channels = 1;
        settings.crop = [16, 16];
        assert_eq!((useful_threads(&settings), speedup(&settings, 1.0), speedup(&settings, 0.5)), (1, 1.0, 0.5));
    }

    #[test]
    fn windows_overlap() {
        let slide = InferSpec::slide([128; 2], [85; 2]);
        // 605x700: 7 x 8 windows.
        assert_eq!(scored_pixels(&slide, 605, 700), 7 * 8 * 128 * 128);
        assert_eq!(scored_pixels(&slide, 64, 64), 128 * 128);
        let whole = InferSpec::whole();
        assert_eq!(scored_pixels(&whole, 605, 700), 605 * 700);
    }
}
