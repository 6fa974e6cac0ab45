//! Photometric distortion: brightness, contrast, saturation and hue, each with probability one half.

use super::hsv::{hsv_to_rgb, rgb_to_hsv};
use crate::random::Random;
use crate::raster::RgbImage8;

/// One step; every step clips to 8 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// Adds, in grey levels.
    Brightness(f32),
    /// Multiplies the channels.
    Contrast(f32),
    /// Multiplies the saturation.
    Saturation(f32),
    /// Adds to the hue, in steps of 2 degrees.
    Hue(i32),
}

/// Draws the steps of one image: brightness +-32, contrast and saturation 0.5-1.5, hue -18..=17, contrast
/// before or after saturation and hue.
pub(super) fn draw(random: &mut Random) -> Vec<Step> {
    let brightness = random.chance(0.5).then(|| Step::Brightness(random.between(-32.0, 32.0) as f32));
    let contrast_first = random.chance(0.5);
    let contrast = random.chance(0.5).then(|| Step::Contrast(random.between(0.5, 1.5) as f32));
    let saturation = random.chance(0.5).then(|| Step::Saturation(random.between(0.5, 1.5) as f32));
    let hue = random.chance(0.5).then(|| Step::Hue(random.below(36) as i32 - 18));
    let order =
        if contrast_first { [brightness, contrast, saturation, hue] } else { [brightness, saturation, hue, contrast] };
    order.into_iter().flatten().collect()
}

/// Applies one step in place.
pub(super) fn apply(image: &mut RgbImage8, step: Step) {
    match step {
        Step::Brightness(beta) => map_levels(image, &levels(1.0, beta)),
        Step::Contrast(alpha) => map_levels(image, &levels(alpha, 0.0)),
        Step::Saturation(alpha) => {
            let table = levels(alpha, 0.0);
            map_hsv(image, |[hue, saturation, value]| [hue, table[saturation as usize], value]);
        }
        Step::Hue(delta) => map_hsv(image, |[hue, saturation, value]| {
            [(i32::from(hue) + delta).rem_euclid(180) as u8, saturation, value]
        }),
    }
}

/// `v * alpha + beta` in f32, clipped and truncated, for each of the 256 levels.
fn levels(alpha: f32, beta: f32) -> [u8; 256] {
    std::array::from_fn(|level| (level as f32 * alpha + beta) as u8)
}

fn map_levels(image: &mut RgbImage8, table: &[u8; 256]) {
    for channel in &mut image.data {
        *channel = table[*channel as usize];
    }
}

fn map_hsv(image: &mut RgbImage8, change: impl Fn([u8; 3]) -> [u8; 3]) {
    for pixel in image.data.chunks_exact_mut(3) {
        let hsv = rgb_to_hsv([pixel[0], pixel[1], pixel[2]]);
        pixel.copy_from_slice(&hsv_to_rgb(change(hsv)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    /// Distance of each channel in grey levels, over the first columns.
    fn distances<'a>(a: &'a RgbImage8, b: &'a RgbImage8, columns: usize) -> impl Iterator<Item = u8> + 'a {
        assert_eq!(a.size(), b.size());
        let rows = a.data.chunks_exact(3 * a.width).zip(b.data.chunks_exact(3 * b.width));
        rows.flat_map(move |(a, b)| a.iter().zip(b).take(3 * columns)).map(|(a, b)| a.abs_diff(*b))
    }

    #[test]
    fn golden_photometric_steps() {
        let original = golden::image("image");
        let mut seen = 0;
        for (name, case) in golden::transforms()["colour"].as_object().unwrap() {
            let number = |key: &str| case[key].as_f64().unwrap();
            let steps = match case["op"].as_str().unwrap() {
                "brightness" => vec![Step::Brightness(number("value") as f32)],
                "contrast" => vec![Step::Contrast(number("value") as f32)],
                "saturation" => vec![Step::Saturation(number("value") as f32)],
                "hue" => vec![Step::Hue(number("value") as i32)],
                "chain" => {
                    let contrast = Step::Contrast(number("contrast") as f32);
                    let saturation = Step::Saturation(number("saturation") as f32);
                    let hue = Step::Hue(number("hue") as i32);
                    let brightness = Step::Brightness(number("brightness") as f32);
                    if case["mode"] == 1 {
                        vec![brightness, contrast, saturation, hue]
                    } else {
                        vec![brightness, saturation, hue, contrast]
                    }
                }
                other => panic!("unknown step {other}"),
            };
            let mut got = original.clone();
            steps.iter().for_each(|step| apply(&mut got, *step));
            let expected = golden::image(name);
            // The reference truncates whole groups of 32 columns, as here, and rounds the rest of the row; what
            // that makes in a chain is multiplied by its later steps.
            let truncated = original.width / 32 * 32;
            let exact = name.starts_with("brightness") || name.starts_with("contrast");
            let limit = if exact { 0 } else { steps.len() as u8 };
            let largest = distances(&got, &expected, original.width).max().unwrap();
            assert!(largest <= limit, "{name}: {largest}");
            let differing = distances(&got, &expected, truncated).filter(|gap| *gap > 0).count();
            let share = differing as f64 / (3 * truncated * original.height) as f64;
            assert!(share < 0.005, "{name}: {share}");
            seen += 1;
        }
        assert_eq!(seen, 18);
    }

    #[test]
    fn every_step_occurs_half_of_the_time() {
        let mut random = Random::new(3, crate::random::Purpose::Augment, 0, 0);
        let (mut counts, mut contrast_last) = ([0; 4], 0);
        for _ in 0..4000 {
            let steps = draw(&mut random);
            for step in &steps {
                let index = match step {
                    Step::Brightness(beta) => (beta.abs() <= 32.0).then_some(0),
                    Step::Contrast(alpha) => (0.5..=1.5).contains(alpha).then_some(1),
                    Step::Saturation(alpha) => (0.5..=1.5).contains(alpha).then_some(2),
                    Step::Hue(delta) => (-18..=17).contains(delta).then_some(3),
                };
                counts[index.expect("in range")] += 1;
            }
            contrast_last += usize::from(matches!(steps[..], [.., Step::Hue(_), Step::Contrast(_)]));
        }
        assert!(counts.iter().all(|count| (1850..2150).contains(count)), "{counts:?}");
        // Hue, contrast and the order: one half each.
        assert!((420..580).contains(&contrast_last), "{contrast_last}");
    }
}
