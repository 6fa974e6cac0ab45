//! The augmentation of one training sample.

use super::colour;
use super::crop::draw_crop;
use super::resize::{random_size, resize_image_region, resize_label_region};
use crate::random::Random;
use crate::raster::{LabelMap, RgbImage8};

/// What a training sample goes through: resize, crop, flip, photometric distortion, normalise, pad.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentConfig {
    /// Size (height, width) that the random ratio is relative to.
    pub resize: [usize; 2],
    /// Range of the ratio, drawn uniformly; aspect is kept.
    pub ratio: [f32; 2],
    /// Size (height, width) of the result.
    pub crop: [usize; 2],
    /// A crop is drawn again while one class has at least this share of the labelled pixels.
    pub max_class_share: f32,
    /// Probability of a horizontal flip.
    pub flip: f32,
    /// Whether to distort brightness, contrast, saturation and hue.
    pub photometric: bool,
}

impl AugmentConfig {
    /// The protocol: ratio 0.5-2, largest share of a class 0.75, flip 0.5, photometric distortion.
    pub fn protocol(resize: [usize; 2], crop: [usize; 2]) -> Self {
        Self { resize, ratio: [0.5, 2.0], crop, max_class_share: 0.75, flip: 0.5, photometric: true }
    }

    /// All steps up to normalisation. The result is smaller than the crop where the resized image is.
    pub(crate) fn apply(&self, image: &RgbImage8, label: &LabelMap, random: &mut Random) -> (RgbImage8, LabelMap) {
        let ratio = random.between(self.ratio[0].into(), self.ratio[1].into());
        let size = random_size(image.size(), self.resize, ratio);
        let region = draw_crop(label, size, self.crop, self.max_class_share.into(), random);
        let mut image = resize_image_region(image, size, region);
        let mut label = resize_label_region(label, size, region);
        if random.chance(self.flip.into()) {
            flip(&mut image, &mut label);
        }
        if self.photometric {
            for step in colour::draw(random) {
                colour::apply(&mut image, step);
            }
        }
        (image, label)
    }
}

/// Mirrors left and right.
fn flip(image: &mut RgbImage8, label: &mut LabelMap) {
    for row in label.data.chunks_exact_mut(label.width) {
        row.reverse();
    }
    for row in image.data.chunks_exact_mut(3 * image.width) {
        // Reversing all bytes reverses the pixels and, within each, the channels.
        row.reverse();
        row.chunks_exact_mut(3).for_each(<[u8]>::reverse);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;
    use crate::transform::{fit_size, resize_image, resize_label};

    #[test]
    fn golden_flip() {
        for golden in golden::folders() {
            let (mut image, mut label) = (golden.image("image"), golden.label("label"));
            flip(&mut image, &mut label);
            assert_eq!(image, golden.image("flip"));
            assert_eq!(label, golden.label("flip_label"));
        }
    }

    #[test]
    fn golden_resize_pixels() {
        for golden in golden::folders() {
            let (image, label, rule) = (golden.image("image"), golden.label("label"), golden.transforms());
            let cases = rule["resize"]["images"].as_object().unwrap();
            for (name, case) in cases {
                let size = golden::pair_of(&case["height_width"]);
                assert!(resize_image(&image, size) == golden.image(name), "{name}");
                assert!(resize_label(&label, size) == golden.label(&format!("{name}_label")), "{name}");
            }
            assert!(cases.len() >= 5);
        }
    }

    #[test]
    fn golden_resize_sizes() {
        for golden in golden::folders() {
            let rule = &golden.transforms()["resize"];
            let by_factor = rule["by_factor"].as_array().unwrap();
            for row in by_factor {
                let (image, target) = (golden::pair_of(&row["height_width"]), golden::pair_of(&row["scale"]));
                assert_eq!(fit_size(image, target), golden::pair_of(&row["result"]), "{row}");
            }
            let random_resize = rule["random_resize"].as_array().unwrap();
            for row in random_resize {
                let (image, reference) = (golden::pair_of(&row["height_width"]), golden::pair_of(&row["scale"]));
                let ratio = 0.5 + row["uniform"].as_f64().unwrap() * 1.5;
                assert_eq!(random_size(image, reference, ratio), golden::pair_of(&row["result"]), "{row}");
            }
            assert!(by_factor.len() >= 35 && random_resize.len() >= 48);
        }
    }
}
