//! From an image to a class per pixel.

use crate::settings::{InferMode, InferSpec, RunSettings};
use crate::windows::{Window, windows};
use atrous_data::{RgbImage8, fit_size, normalise, resize_image};
use atrous_models::Segmentor;
use atrous_models::burn::tensor::{Device, Tensor, TensorData};
use atrous_models::kernels::resize::{self, ResizeShape};

/// Pixels that go through the network at once, about.
const BATCH_PIXELS: usize = 8 * 128 * 128;

/// How images are brought into the network and its logits back.
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
}

/// Normalised pixels, 3 x height x width.
struct Pixels {
    size: [usize; 2],
    data: Vec<f32>,
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

    /// Predicts an image. `network` tracks no gradients and lives on `device`. `proceed` is told of windows done and in
    /// all; where it returns false, nothing more is computed and the result is `None`.
    ///
    /// Logits of windows are averaged by count, resized to the image's own size, and the largest wins.
    pub fn predict(
        &self,
        network: &mut Segmentor,
        device: &Device,
        image: &RgbImage8,
        proceed: &dyn Fn(usize, usize) -> bool,
    ) -> Option<Prediction> {
        let size = fit_size(image.size(), self.resize);
        let data = if size == image.size() { normalise(image) } else { normalise(&resize_image(image, size)) };
        let pixels = Pixels { size, data };
        let windows = match (self.infer.mode, self.infer.window, self.infer.stride) {
            (InferMode::Slide, Some(window), Some(stride)) => windows(size, window, stride),
            // A checked spec has both for slide.
            _ => vec![Window { rows: 0..size[0], columns: 0..size[1] }],
        };
        let logits = self.average(network, device, &pixels, &windows, proceed)?;
        let shape = ResizeShape { input: size, output: image.size(), align_corners: false };
        let logits = if size == image.size() { logits } else { resize::forward(&logits, &shape) };
        let labels = argmax(&logits, image.height * image.width);
        Some(Prediction { height: image.height, width: image.width, labels })
    }

    /// Mean of the windows' logits: classes x height x width.
    fn average(
        &self,
        network: &mut Segmentor,
        device: &Device,
        pixels: &Pixels,
        windows: &[Window],
        proceed: &dyn Fn(usize, usize) -> bool,
    ) -> Option<Vec<f32>> {
        let [height, width] = pixels.size;
        let area = height * width;
        let mut sum = vec![0.0f32; self.classes * area];
        let mut count = vec![0.0f32; area];
        // All windows of an image are of one size.
        let window = [windows[0].rows.len(), windows[0].columns.len()];
        let input = window.map(|side| side.next_multiple_of(self.divisor));
        let batch = (BATCH_PIXELS / (input[0] * input[1])).max(1);
        for (done, group) in windows.chunks(batch).enumerate() {
            if !proceed(done * batch, windows.len()) {
                return None;
            }
            let images = group.iter().flat_map(|window| cut(pixels, window, input)).collect::<Vec<f32>>();
            let images = TensorData::new(images, [group.len(), 3, input[0], input[1]]);
            let logits = network.forward(Tensor::from_data(images, device)).into_data();
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

/// A window's pixels, 3 x input size; what reaches beyond the window is 0, the mean colour.
fn cut(pixels: &Pixels, window: &Window, input: [usize; 2]) -> Vec<f32> {
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
mod tests {
    use super::*;
    use atrous_models::SegmentorConfig;

    fn network(device: &Device) -> Segmentor {
        SegmentorConfig { base_channels: 2, aspp_channels: 2, rates: vec![1, 2], classes: 3 }.init(1, device)
    }

    fn image(height: usize, width: usize) -> RgbImage8 {
        let data = (0..height * width * 3).map(|i| (i * 7919 % 251) as u8).collect();
        RgbImage8 { height, width, data }
    }

    fn inference(mode: InferMode, size: [usize; 2]) -> Inference {
        let (window, stride) = match mode {
            InferMode::Slide => (Some([32, 32]), Some([16, 16])),
            InferMode::Whole => (None, None),
        };
        Inference { resize: size, infer: InferSpec { mode, window, stride }, divisor: 16, classes: 3 }
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
        }
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
