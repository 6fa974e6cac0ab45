//! The augmentation of one training sample.

use super::bilinear::{Bilinear, Pixel};
use super::colour::{self, Distortion};
use super::crop::{Labels, draw_crop};
use super::normalise::{NORMALISED, append_planes};
use super::region::Region;
use super::resize::{append_label, random_size};
use crate::decoded::Decoded;
use crate::kernel::{self, Kernel};
use crate::random::Random;

/// What a training sample goes through: resize, crop, flip, photometric distortion, normalise, pad.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentConfig {
    /// Size (height, width) that the random ratio is relative to.
    pub resize: [usize; 2],
    /// Range of the ratio, drawn uniformly; aspect is kept.
    pub ratio: [f32; 2],
    /// Size (height, width) of the crop, which is the result.
    pub crop: [usize; 2],
    /// A crop is drawn again while one class has at least this share of the labelled pixels.
    pub max_class_share: f32,
    /// Probability of a horizontal flip.
    pub flip: f32,
    /// Whether to distort brightness, contrast, saturation and hue.
    pub photometric: bool,
}

impl AugmentConfig {
    /// The protocol's augmentation: ratio 0.5-2, largest share of a class 0.75, flip 0.5,
    /// photometric distortion.
    pub fn protocol(resize: [usize; 2], crop: [usize; 2]) -> Self {
        Self { resize, ratio: [0.5, 2.0], crop, max_class_share: 0.75, flip: 0.5, photometric: true }
    }

    /// Appends one training sample: `image` 3 x height x width and `label` height x width of the
    /// crop. Where the resized image is smaller than the crop, it is padded right and below with
    /// the mean colour, and the label with 255.
    pub(crate) fn append(&self, sample: &Decoded, random: &mut Random, image: &mut Vec<f32>, label: &mut Vec<u8>) {
        self.draw(sample, random).append(sample, self.crop, image, label);
    }

    fn draw(&self, sample: &Decoded, random: &mut Random) -> Draw {
        let ratio = random.between(self.ratio[0].into(), self.ratio[1].into());
        let size = random_size(sample.image.size(), self.resize, ratio);
        let labels = Labels { map: &sample.label, planes: sample.planes.as_ref() };
        let region = draw_crop(labels, size, self.crop, self.max_class_share.into(), random);
        let mirrored = random.chance(self.flip.into());
        let steps = if self.photometric { colour::draw(random) } else { Vec::new() };
        Draw { size, region, mirrored, steps }
    }
}

/// What was drawn for one training sample.
struct Draw {
    /// Size (height, width) of the resized image.
    size: [usize; 2],
    /// The part of the resized image that is kept.
    region: Region,
    mirrored: bool,
    steps: Vec<Distortion>,
}

impl Draw {
    /// Appends the sample as it was drawn, as [`AugmentConfig::append`] does. `crop` is the size
    /// (height, width) of the result.
    fn append(&self, sample: &Decoded, crop: [usize; 2], image: &mut Vec<f32>, label: &mut Vec<u8>) {
        let Self { size, region, mirrored, ref steps } = *self;
        let (mixing, levels) = colour::split(steps);
        let rows = Bilinear::new(&sample.image, size, region, mirrored);
        let pixels = kernel::run(Distorted { rows, region, steps: mixing });
        let tables = NORMALISED.each_ref().map(|table| levels.map(|level| table[level as usize]));
        append_planes(&pixels, [region.height, region.width], crop, &tables, image);

        append_label(&sample.label, size, region, mirrored, crop, label);
    }
}

/// The rows of a crop and what is done to their colours.
struct Distorted<'a> {
    rows: Bilinear<'a>,
    region: Region,
    steps: &'a [Distortion],
}

impl Kernel for Distorted<'_> {
    /// height x width.
    type Output = Vec<Pixel>;

    #[inline(always)]
    fn run<const FUSED: bool>(mut self) -> Vec<Pixel> {
        let Region { height, width, .. } = self.region;
        let mut pixels = vec![[0; 4]; height * width];
        for y in 0..height {
            let row = &mut pixels[y * width..][..width];
            self.rows.row(y, row);
            for step in self.steps {
                colour::apply::<FUSED>(row, *step);
            }
        }
        pixels
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golden;
    use crate::random::Purpose;
    use crate::raster::{IGNORE_INDEX, LabelMap, RgbImage8};
    use crate::transform::{denormalise, fit_size, reference, resize_image, resize_label};

    /// Augments one sample: 3 x height x width and height x width.
    fn append(config: &AugmentConfig, sample: &Decoded, random: &mut Random) -> (Vec<f32>, Vec<u8>) {
        let (mut image, mut label) = (Vec::new(), Vec::new());
        config.append(sample, random, &mut image, &mut label);
        (image, label)
    }

    fn random(seed: u64) -> Random {
        Random::new(seed, Purpose::Augment, 0, 0)
    }

    #[test]
    fn golden_flip() {
        for golden in golden::folders() {
            let sample = Decoded::new((golden.image("image"), golden.label("label")));
            let size = sample.image.size();
            let always =
                AugmentConfig { ratio: [1.0; 2], flip: 1.0, photometric: false, ..AugmentConfig::protocol(size, size) };
            let (image, label) = append(&always, &sample, &mut random(0));
            assert_eq!(denormalise(&image, size[0], size[1]), golden.image("flip"));
            assert_eq!(label, golden.label("flip_label").data);
        }
    }

    /// Patches of `labels` labels, some of them ignored.
    fn patches(size: [usize; 2], labels: usize, random: &mut Random) -> LabelMap {
        let mut map = LabelMap::filled(size[0], size[1], 0);
        for _ in 0..random.below(30) {
            let label = if random.chance(0.1) { IGNORE_INDEX } else { random.below(labels) as u8 };
            let [top, left] = size.map(|side| random.below(side));
            let [bottom, right] = size.map(|side| random.below(side));
            for y in top..=bottom.max(top) {
                map.data[y * size[1]..][left..=right.max(left)].fill(label);
            }
        }
        map
    }

    proptest! {
        #[test]
        fn a_sample_is_what_whole_images_give(
            size in (1usize..70, 1usize..150), reference in (1usize..70, 1usize..150),
            crop in (1usize..60, 1usize..100), ratio in (0.3f32..1.0, 1.0f32..3.0), share in 0.3f32..1.1, photometric in prop::bool::ANY,
            labels in 1usize..14, seed in 0u64..1_000_000,
        ) {
            let mut drawn = random(seed);
            let data = (0..3 * size.0 * size.1).map(|_| drawn.below(256) as u8).collect();
            let image = RgbImage8 { height: size.0, width: size.1, data };
            let label = patches([size.0, size.1], labels, &mut drawn);
            let config = AugmentConfig {
                ratio: [ratio.0, ratio.1],
                max_class_share: share,
                photometric,
                ..AugmentConfig::protocol([reference.0, reference.1], [crop.0, crop.1])
            };
            let (want_image, want_label) = reference::sample(&config, &image, &label, &mut random(seed + 1));
            let (got_image, got_label) = append(&config, &Decoded::new((image, label)), &mut random(seed + 1));
            prop_assert!(got_label == want_label);
            let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            prop_assert!(bits(&got_image) == bits(&want_image));
        }

        #[test]
        fn all_processors_give_the_same(seed in 0u64..1_000_000) {
            let mut random = random(seed);
            let data = (0..9 * 50 * 3).map(|_| random.below(256) as u8).collect();
            let image = RgbImage8 { height: 9, width: 50, data };
            let steps = colour::draw(&mut random);
            let region = Region { y: 3, x: 5, height: 7, width: 40 };
            let rows = || Bilinear::new(&image, [13, 61], region, false);
            let distorted = || Distorted { rows: rows(), region, steps: &steps };
            prop_assert_eq!(distorted().run::<true>(), distorted().run::<false>());
        }
    }

    /// Whole samples, image and label together, of the reference's own pipeline
    /// (scripts/parity/samples.py).
    #[test]
    fn golden_samples() {
        let folders: Vec<_> = golden::folders().filter(|folder| folder.has("samples.json")).collect();
        assert!(!folders.is_empty());
        for golden in folders {
            let sample = Decoded::new((golden.image("image"), golden.label("label")));
            let recorded = golden.json("samples.json");
            let [reference, crop] = ["resize", "crop"].map(|key| golden::pair_of(&recorded[key]));
            let cases = recorded["samples"].as_array().unwrap();
            for (index, case) in cases.iter().enumerate() {
                let [y, x] = golden::pair_of(&case["offset"]);
                let size = random_size(sample.image.size(), reference, case["ratio"].as_f64().unwrap());
                let region = Region { y, x, height: crop[0].min(size[0]), width: crop[1].min(size[1]) };
                let step = |step: &serde_json::Value| {
                    Distortion::recorded(step[0].as_str().unwrap(), step[1].as_f64().unwrap())
                };
                let steps = case["steps"].as_array().unwrap().iter().map(step).collect();
                let draw = Draw { size, region, mirrored: case["mirrored"].as_bool().unwrap(), steps };
                let (mut values, mut ids) = (Vec::new(), Vec::new());
                draw.append(&sample, crop, &mut values, &mut ids);

                let (image, normalised) = (denormalise(&values, crop[0], crop[1]), values);
                let (shape, colours) = golden.tensor_of("samples.safetensors", &format!("{index}.image"));
                assert_eq!(shape, [region.height, region.width, 3], "sample {index}");
                let (shape, labels) = golden.tensor_of("samples.safetensors", &format!("{index}.label"));
                assert_eq!(shape, [region.height, region.width], "sample {index}");
                let area = crop[0] * crop[1];
                for (at, id) in ids.into_iter().enumerate() {
                    let (y, x) = (at / crop[1], at % crop[1]);
                    let what = format!("row {y}, column {x} of sample {index}: {case}");
                    if y < region.height && x < region.width {
                        let from = y * region.width + x;
                        assert_eq!(id, labels[from], "label of {what}");
                        assert_eq!(image.pixel(y, x)[..], colours[3 * from..][..3], "colour of {what}");
                    } else {
                        assert_eq!(id, IGNORE_INDEX, "label of {what}");
                        assert!(
                            [0, 1, 2].iter().all(|channel| normalised[channel * area + at] == 0.0),
                            "colour of {what}"
                        );
                    }
                }
            }
            assert!(cases.len() >= 12);
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
