//! A rough cost model: multiply-adds of a run, and how many of them this processor does in a second.

use crate::settings::{InferSpec, ModelSpec, RunSettings};
use crate::windows::count;
use atrous_models::{BackboneConfig, ResnetConfig, Stem};
use std::time::{Duration, Instant};

/// Forward and backward pass over forward pass: gradients of the input and of the weights cost one each.
const TRAINING_FACTOR: f64 = 3.0;

/// Multiply-adds of training a run.
pub fn training(settings: &RunSettings) -> f64 {
    let [height, width] = settings.crop;
    let crops = settings.train.iterations as f64 * settings.train.batch as f64;
    TRAINING_FACTOR * crops * (height * width) as f64 * per_pixel(&settings.model, &settings.rates)
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
    images as f64 * pixels * per_pixel(&settings.model, &settings.rates)
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
fn per_pixel(model: &ModelSpec, rates: &[usize]) -> f64 {
    let config = model.config(rates, 2);
    let stride = config.backbone.output_stride() as f64;
    let (input, branch) = (config.backbone.decode_channels() as f64, model.aspp_channels as f64);
    let branches: f64 = rates.iter().map(|&rate| if rate == 1 { 1.0 } else { 9.0 } * input * branch).sum();
    let head = branches + 9.0 * (rates.len() as f64 + 1.0) * branch * branch;
    let auxiliary = 9.0 * (config.backbone.auxiliary_channels() * model.auxiliary_channels) as f64;
    match &config.backbone {
        BackboneConfig::Unet { base_channels } => unet(*base_channels as f64) + head + auxiliary / 4.0,
        BackboneConfig::Resnet(resnet_config) => resnet(resnet_config) + (head + auxiliary) / (stride * stride),
    }
}

/// Of the U-Net S5-D16.
fn unet(base: f64) -> f64 {
    let stages = 5;
    let mut sum = 0.0;
    for stage in 0..stages {
        let width = base * f64::from(1 << stage);
        let area = 1.0 / f64::from(1 << (2 * stage));
        let input = if stage == 0 { 3.0 } else { width / 2.0 };
        sum += area * 9.0 * (input * width + width * width);
        if stage + 1 < stages {
            // Way up: 1x1 from the wider stage, two 3x3 after the concatenation.
            sum += area * (2.0 * width * width + 9.0 * (2.0 * width * width + width * width));
        }
    }
    sum
}

/// Of a ResNet with bottlenecks: per block two 1x1 convolutions between four times the width and the width, and one 3x3.
fn resnet(config: &ResnetConfig) -> f64 {
    let base = config.base_channels as f64;
    let stem = match config.stem {
        Stem::Deep => 9.0 * (3.0 * base / 2.0 + base * base / 4.0 + base * base / 2.0) / 4.0,
        Stem::Plain => 49.0 * 3.0 * base / 4.0,
    };
    let strides = [4, 8, 16, 32].map(|stride: usize| stride.min(config.output_stride) as f64);
    let blocks = config.depth.blocks().into_iter().zip(strides).enumerate().map(|(stage, (blocks, stride))| {
        let width = base * f64::from(1 << stage);
        blocks as f64 * (8.0 + 9.0) * width * width / (stride * stride)
    });
    stem + blocks.sum::<f64>()
}

/// Multiply-adds per second that training reaches on this processor, from a matrix product that takes a
/// fraction of a second. Good to a factor of two or three.
pub fn processor_rate() -> f64 {
    const SIDE: usize = 192;
    let threads = rayon::current_num_threads();
    let started = Instant::now();
    let mut products = 0;
    let mut sink = 0.0;
    while started.elapsed() < Duration::from_millis(150) {
        let sums: Vec<f32> = rayon::broadcast(|_| product(SIDE));
        sink += sums.iter().sum::<f32>();
        products += threads;
    }
    // Without a use, the products would be optimised away.
    std::hint::black_box(sink);
    (products * SIDE * SIDE * SIDE) as f64 / started.elapsed().as_secs_f64()
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
    use crate::settings::{ModelKind, tests::example};

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
    fn the_published_networks_cost_what_they_are_known_to() {
        let count = |kind| per_pixel(&ModelSpec::published(kind), &[1, 12, 24, 36]) * 512.0 * 1024.0 / 1e9;
        let (r50, r101) = (count(ModelKind::DeeplabV3R50D8), count(ModelKind::DeeplabV3R101D8));
        assert!(r50 > 200.0 && r50 < 600.0 && r101 > r50 * 1.1, "{r50} {r101}");
        assert!(count(ModelKind::DeeplabV3R50D16) < r50 / 2.0);
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
