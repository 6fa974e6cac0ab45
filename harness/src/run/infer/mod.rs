//! From an image to a class per pixel.

use crate::experiment::settings::{InferMode, InferSpec, RunSettings};
use crate::run::windows::{Window, windows};
use crate::support::memory;
use anyhow::{Result, ensure};
use atrous_data::{RgbImage8, fit_size, normalise, resize_image};
use atrous_models::burn::tensor::{Device, Tensor, TensorData};
use atrous_models::ops::resize_bilinear::{ResizeShape, cpu as resize};
use atrous_models::{Segmentor, ops};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// NormalisedImage that go through the network at once, about.
pub const BATCH_PIXELS: usize = 8 * 128 * 128;

/// How images are brought into the network and its logits back.
#[derive(Clone, Debug)]
pub struct Inference {
    /// Height and width that an image is fitted into before the network sees it.
    pub resize: [usize; 2],
    pub infer: InferSpec,
    /// Sides that the network takes are multiples of this.
    pub divisor: usize,
    pub classes: usize,
}

/// A class per pixel of the original image.
pub struct Prediction {
    pub height: usize,
    pub width: usize,
    /// height x width, row-major: train ids.
    pub labels: Vec<u8>,
    /// Logits, classes x height x width; where several views are averaged, probabilities.
    scores: Vec<f32>,
    /// Whether `scores` are logits.
    are_logits: bool,
}

impl Prediction {
    /// Gives the probabilities of the classes, classes x height x width: softmax of the logits, and
    /// the mean of that over all views.
    pub fn probabilities(&self) -> Vec<f32> {
        if !self.are_logits {
            return self.scores.clone();
        }
        let mut probabilities = Vec::new();
        let classes = self.scores.len() / self.labels.len();
        add_softmax(&mut probabilities, &self.scores, classes, 1.0);
        probabilities
    }
}

/// Normalised pixels, 3 x height x width.
struct NormalisedImage {
    size: [usize; 2],
    data: Vec<f32>,
}

/// An image at one size, mirrored or not: one of those whose probabilities are averaged.
struct View {
    size: [usize; 2],
    flip: bool,
    windows: Vec<Window>,
}

impl Inference {
    pub fn of(settings: &RunSettings) -> Self {
        Inference {
            resize: settings.resize,
            infer: settings.infer.clone(),
            divisor: settings.model.kind.size_divisor(),
            classes: settings.dataset.class_names().len(),
        }
    }

    /// Predicts an image. `network` tracks no gradients and lives on `device`. `proceed` is told of
    /// windows done and in all; where it returns false, nothing more is computed and the result is
    /// `None`.
    ///
    /// Logits of windows are averaged by count and resized to the image's own size, and the largest
    /// wins. With several sizes, or mirrored, the largest mean of their softmax wins.
    pub fn predict(
        &self,
        network: &mut Segmentor,
        device: &Device,
        image: &RgbImage8,
        proceed: &dyn Fn(usize, usize) -> bool,
    ) -> Option<Prediction> {
        let scores = self.scores(network, device, image, proceed)?;
        let labels = argmax(&scores, image.height * image.width);
        let are_logits = self.views(image.size()).len() == 1;
        Some(Prediction { height: image.height, width: image.width, labels, scores, are_logits })
    }

    /// Refuses an image whose prediction takes more memory than is left; `path` is for messages.
    ///
    /// # Errors
    /// Names the image, what it takes at least, and what is left.
    pub fn check_memory(&self, path: &Path, image: [usize; 2]) -> Result<()> {
        /// The most that an image took, which the allocator keeps for the next one.
        static TAKEN: AtomicU64 = AtomicU64::new(0);
        let needed = self.bytes(image);
        let is_short = || memory::available().is_some_and(|left| needed > left);
        if needed > TAKEN.load(Ordering::Relaxed) && is_short() {
            // What was freed is kept, and counts as taken.
            memory::release();
            self.check_memory_of(path, image, memory::available())?;
        }
        TAKEN.fetch_max(needed, Ordering::Relaxed);
        Ok(())
    }

    fn check_memory_of(&self, path: &Path, image: [usize; 2], left: Option<u64>) -> Result<()> {
        let (needed, left) = (self.bytes(image), left.unwrap_or(u64::MAX));
        let [height, width] = image;
        let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
        ensure!(
            needed <= left,
            "{}: its prediction takes at least {} ({} are the {} classes of {height}x{width} pixels) and {} are left: \
             cut the image into parts, or give the program more memory",
            path.display(),
            gigabytes(needed),
            gigabytes(self.logits(image)),
            self.classes,
            gigabytes(left),
        );
        Ok(())
    }

    /// The bytes that predicting an image of this size takes at least: the logits of a view, those
    /// of the windows that go through the network at once, and the pixels.
    fn bytes(&self, image: [usize; 2]) -> u64 {
        let of_view = |view: &View| {
            let [height, width] = view.size;
            let window = &view.windows[0];
            let at_once = (window.rows.len() * window.columns.len()).min(height * width);
            let resized = if view.size == image { 0 } else { self.logits(image) };
            let average = self.logits([1, at_once]) + 4 * 3 * (height * width) as u64;
            self.logits(view.size) + average.max(resized)
        };
        self.views(image).iter().map(of_view).max().unwrap_or(0)
    }

    /// Bytes of the logits of so many pixels.
    fn logits(&self, [height, width]: [usize; 2]) -> u64 {
        4 * self.classes as u64 * height as u64 * width as u64
    }

    /// Lists the sizes (height, width) of what goes through the network to predict an image of this
    /// size: one for each window of each view.
    pub fn inputs(&self, image: [usize; 2]) -> Vec<[usize; 2]> {
        let views = self.views(image);
        let windows = views.iter().flat_map(|view| &view.windows);
        windows.map(|window| self.input(window)).collect()
    }

    /// Gives the size of a window as the network takes it.
    fn input(&self, window: &Window) -> [usize; 2] {
        [&window.rows, &window.columns].map(|side| side.len().next_multiple_of(self.divisor))
    }

    /// Computes what [`Inference::predict`] takes the largest of: classes x height x width, logits
    /// where there is one view of the image.
    pub fn scores(
        &self,
        network: &mut Segmentor,
        device: &Device,
        image: &RgbImage8,
        proceed: &dyn Fn(usize, usize) -> bool,
    ) -> Option<Vec<f32>> {
        let views = self.views(image.size());
        let all = views.iter().map(|view| view.windows.len()).sum();
        let (mut done, mut mean) = (0, Vec::new());
        for view in &views {
            let pixels = view.pixels(image);
            let proceed = |windows: usize| proceed(done + windows, all);
            let logits = self.average(network, device, &pixels, &view.windows, &proceed)?;
            let logits = if view.flip { mirrored(logits, view.size[1]) } else { logits };
            let align_corners = network.align_corners;
            let shape = ResizeShape { input: view.size, output: image.size(), align_corners };
            let logits = if view.size == image.size() { logits } else { resize::forward(&logits, &shape) };
            if views.len() == 1 {
                return Some(logits);
            }
            add_softmax(&mut mean, &logits, self.classes, 1.0 / views.len() as f32);
            done += view.windows.len();
        }
        Some(mean)
    }

    /// All sizes, each as it is and then mirrored.
    fn views(&self, image: [usize; 2]) -> Vec<View> {
        let flips: &[bool] = if self.infer.flip { &[false, true] } else { &[false] };
        let base = fit_size(image, self.resize);
        let view = |&ratio: &f64, &flip: &bool| {
            let target = base.map(|side| ((side as f64 * ratio + 0.5) as usize).max(1));
            let size = if ratio == 1.0 { base } else { fit_size(image, target) };
            let windows = match (self.infer.mode, self.infer.window, self.infer.stride) {
                (InferMode::Slide, Some(window), Some(stride)) => windows(size, window, stride),
                // A checked spec has both for slide.
                _ => vec![Window { rows: 0..size[0], columns: 0..size[1] }],
            };
            View { size, flip, windows }
        };
        self.infer.ratios.iter().flat_map(|ratio| flips.iter().map(move |flip| view(ratio, flip))).collect()
    }

    /// Mean of the windows' logits: classes x height x width.
    fn average(
        &self,
        network: &mut Segmentor,
        device: &Device,
        pixels: &NormalisedImage,
        windows: &[Window],
        proceed: &dyn Fn(usize) -> bool,
    ) -> Option<Vec<f32>> {
        let [height, width] = pixels.size;
        let area = height * width;
        let mut sum = vec![0.0f32; self.classes * area];
        let mut count = vec![0.0f32; area];
        // All windows of an image are of one size.
        let input = self.input(&windows[0]);
        let batch = (BATCH_PIXELS / (input[0] * input[1])).max(1);
        for (done, group) in windows.chunks(batch).enumerate() {
            if !proceed(done * batch) {
                return None;
            }
            let images = group.iter().flat_map(|window| cut(pixels, window, input)).collect::<Vec<f32>>();
            let images = TensorData::new(images, [group.len(), 3, input[0], input[1]]);
            let logits = network.forward(Tensor::from_data(images, device));
            let logits = ops::resize_bilinear(logits, input, network.align_corners).into_data();
            let logits = logits.as_slice::<f32>().expect("logits are 32-bit floats");
            for (window, logits) in group.iter().zip(logits.chunks_exact(self.classes * input[0] * input[1])) {
                add(&mut sum, area, width, window, logits, input);
                for y in window.rows.clone() {
                    count[y * width..][window.columns.clone()].iter_mut().for_each(|n| *n += 1.0);
                }
            }
        }
        for plane in sum.chunks_exact_mut(area) {
            plane.iter_mut().zip(&count).for_each(|(value, count)| *value /= count);
        }
        Some(sum)
    }
}

impl View {
    fn pixels(&self, image: &RgbImage8) -> NormalisedImage {
        let size = self.size;
        let data = if size == image.size() { normalise(image) } else { normalise(&resize_image(image, size)) };
        NormalisedImage { size, data: if self.flip { mirrored(data, size[1]) } else { data } }
    }
}

/// Rows of `width` values, each from right to left.
fn mirrored(mut values: Vec<f32>, width: usize) -> Vec<f32> {
    values.chunks_exact_mut(width).for_each(<[f32]>::reverse);
    values
}

/// Adds `weight` times the softmax over the classes; an empty `mean` is all zeros.
fn add_softmax(mean: &mut Vec<f32>, logits: &[f32], classes: usize, weight: f32) {
    let area = logits.len() / classes;
    mean.resize(logits.len(), 0.0);
    for pixel in 0..area {
        let values = (0..classes).map(|class| logits[class * area + pixel]);
        let peak = values.clone().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = values.map(|value| (value - peak).exp()).sum();
        for class in 0..classes {
            mean[class * area + pixel] += weight * (logits[class * area + pixel] - peak).exp() / sum;
        }
    }
}

/// A window's pixels, 3 x input size; what reaches beyond the window is 0, the mean colour.
fn cut(pixels: &NormalisedImage, window: &Window, input: [usize; 2]) -> Vec<f32> {
    let [height, width] = pixels.size;
    let mut image = vec![0.0; 3 * input[0] * input[1]];
    for (channel, plane) in image.chunks_exact_mut(input[0] * input[1]).enumerate() {
        for (row, y) in plane.chunks_exact_mut(input[1]).zip(window.rows.clone()) {
            let source = &pixels.data[(channel * height + y) * width..][window.columns.clone()];
            row[..source.len()].copy_from_slice(source);
        }
    }
    image
}

/// Adds a window's logits (classes x input size) to the image's (classes x area).
fn add(sum: &mut [f32], area: usize, width: usize, window: &Window, logits: &[f32], input: [usize; 2]) {
    for (plane, logits) in sum.chunks_exact_mut(area).zip(logits.chunks_exact(input[0] * input[1])) {
        for (y, row) in window.rows.clone().zip(logits.chunks_exact(input[1])) {
            let target = &mut plane[y * width..][window.columns.clone()];
            target.iter_mut().zip(row).for_each(|(value, logit)| *value += logit);
        }
    }
}

/// The class with the largest logit at each pixel; the first of equals.
fn argmax(logits: &[f32], area: usize) -> Vec<u8> {
    let mut best = logits[..area].to_vec();
    let mut labels = vec![0u8; area];
    for (class, plane) in logits.chunks_exact(area).enumerate().skip(1) {
        for ((label, best), logit) in labels.iter_mut().zip(&mut best).zip(plane) {
            if logit > best {
                (*label, *best) = (class as u8, *logit);
            }
        }
    }
    labels
}

#[cfg(test)]
mod golden;

#[cfg(test)]
mod tests {
    use super::*;
    use atrous_models::SegmentorConfig;

    fn network(device: &Device) -> Segmentor {
        SegmentorConfig::unet_s5_d16(2, 2, vec![1, 2], 3).init(1, device)
    }

    fn image(height: usize, width: usize) -> RgbImage8 {
        let data = (0..height * width * 3).map(|i| (i * 7919 % 251) as u8).collect();
        RgbImage8 { height, width, data }
    }

    fn inference(mode: InferMode, size: [usize; 2]) -> Inference {
        let infer = match mode {
            InferMode::Slide => InferSpec::slide([32, 32], [16, 16]),
            InferMode::Whole => InferSpec::whole(),
        };
        Inference { resize: size, infer, divisor: 16, classes: 3 }
    }

    #[test]
    fn one_window_is_the_whole_image() {
        let device = Device::flex();
        let image = image(32, 32);
        let slide = inference(InferMode::Slide, [32, 32]).predict(&mut network(&device), &device, &image, &|_, _| true);
        let whole = inference(InferMode::Whole, [32, 32]).predict(&mut network(&device), &device, &image, &|_, _| true);
        assert_eq!(slide.unwrap().labels, whole.unwrap().labels);
    }

    #[test]
    fn predictions_have_the_images_own_size() {
        let device = Device::flex();
        for (mode, resize) in
            [(InferMode::Slide, [50, 70]), (InferMode::Whole, [100, 140]), (InferMode::Slide, [20, 28])]
        {
            let seen = std::cell::Cell::new((0, 0));
            let proceed = |done, all| {
                seen.set((done, all));
                true
            };
            let prediction = inference(mode, resize).predict(&mut network(&device), &device, &image(50, 70), &proceed);
            let prediction = prediction.unwrap();
            assert_eq!((prediction.height, prediction.width, prediction.labels.len()), (50, 70, 3500));
            assert!(seen.get().0 < seen.get().1);
            let probabilities = prediction.probabilities();
            for (pixel, label) in prediction.labels.iter().enumerate() {
                let of = |class: usize| probabilities[class * 3500 + pixel];
                assert!(((0..3).map(of).sum::<f32>() - 1.0).abs() < 1e-5);
                assert!((0..3).all(|class| of(class) <= of(usize::from(*label))));
            }
        }
    }

    #[test]
    fn memory_that_an_image_takes_is_known_before() {
        let classes = |infer: Inference| Inference { classes: 19, ..infer };
        let whole = classes(inference(InferMode::Whole, [9000, 9000]));
        // The logits, twice, and the pixels.
        assert_eq!(whole.bytes([9000, 9000]), 4 * (19 + 19 + 3) * 9000 * 9000);
        // Windows of 32 x 32, resized at the end.
        let slide = classes(inference(InferMode::Slide, [900, 900]));
        assert_eq!(slide.bytes([9000, 9000]), 4 * 19 * (900 * 900 + 9000 * 9000));
        let check = |left| whole.check_memory_of(Path::new("big.png"), [9000, 9000], left);
        let message = check(Some(2_500_000_000)).unwrap_err().to_string();
        assert!(
            message.starts_with("big.png: its prediction takes at least 13.3 GB (6.2 GB are the 19 classes"),
            "{message}"
        );
        assert!(message.contains("2.5 GB are left: cut the image") && !message.contains('\n'), "{message}");
        assert!(check(Some(14_000_000_000)).is_ok() && check(None).is_ok());
        assert!(whole.check_memory(Path::new("small.png"), [16, 16]).is_ok());
    }

    #[test]
    fn a_request_to_stop_is_obeyed() {
        let device = Device::flex();
        let inference = inference(InferMode::Slide, [64, 64]);
        assert!(inference.predict(&mut network(&device), &device, &image(64, 64), &|_, _| false).is_none());
    }

    #[test]
    fn the_first_of_equal_logits_wins() {
        assert_eq!(argmax(&[1.0, 0.0, 1.0, 1.0, 0.0, 1.0], 2), [0, 1]);
    }
}
