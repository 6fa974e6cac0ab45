//! Photometric distortion: brightness, contrast, saturation and hue, each with probability one half.

use super::hsv::{hsv_to_rgb, rgb_to_hsv};
use crate::random::Random;
use crate::raster::RgbImage8;

/// Pixels that OpenCV's vector code takes at once (AVX2).
const VECTOR: usize = 32;

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

/// Changes hue, saturation and value. OpenCV's vector code, which takes whole groups of pixels of a row, truncates on
/// the way back; its scalar code, which takes the rest of the row, rounds half to even.
fn map_hsv(image: &mut RgbImage8, change: impl Fn([u8; 3]) -> [u8; 3]) {
    let changed = |pixel: &[u8]| hsv_to_rgb(change(rgb_to_hsv([pixel[0], pixel[1], pixel[2]])));
    let grouped = image.width / VECTOR * VECTOR;
    for row in image.data.chunks_exact_mut(3 * image.width) {
        let (groups, rest) = row.split_at_mut(3 * grouped);
        // `as` clips to 0..=255 and truncates.
        for pixel in groups.chunks_exact_mut(3) {
            pixel.copy_from_slice(&changed(pixel).map(|level| level as u8));
        }
        for pixel in rest.chunks_exact_mut(3) {
            pixel.copy_from_slice(&changed(pixel).map(|level| level.round_ties_even() as u8));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::golden;

    /// Distances in grey levels of all channels of all pixels.
    fn distances(a: &RgbImage8, b: &RgbImage8) -> Vec<u8> {
        assert_eq!(a.size(), b.size());
        a.data.iter().zip(&b.data).map(|(a, b)| a.abs_diff(*b)).collect()
    }

    /// The steps of a recorded case, in their order.
    fn steps(case: &serde_json::Value) -> Vec<Step> {
        let number = |key: &str| case[key].as_f64().unwrap();
        let step = |op: &str, key: &str| match op {
            "brightness" => Step::Brightness(number(key) as f32),
            "contrast" => Step::Contrast(number(key) as f32),
            "saturation" => Step::Saturation(number(key) as f32),
            "hue" => Step::Hue(number(key) as i32),
            other => panic!("unknown step {other}"),
        };
        match (case["op"].as_str().unwrap(), case["mode"].as_u64()) {
            ("chain", Some(1)) => ["brightness", "contrast", "saturation", "hue"].map(|op| step(op, op)).into(),
            ("chain", Some(0)) => ["brightness", "saturation", "hue", "contrast"].map(|op| step(op, op)).into(),
            (op, _) => vec![step(op, "value")],
        }
    }

    #[test]
    fn golden_photometric_steps() {
        for golden in golden::folders() {
            let (original, rule) = (golden.image("image"), golden.transforms());
            let mut ops = BTreeMap::new();
            for (name, case) in rule["colour"].as_object().unwrap() {
                let mut got = original.clone();
                steps(case).into_iter().for_each(|step| apply(&mut got, step));
                let distances = distances(&got, &golden.image(name));
                let largest = distances.iter().max().unwrap();
                let share = distances.iter().filter(|distance| **distance > 0).count() as f64 / distances.len() as f64;
                println!("{name}: largest distance {largest}, share of differing values {share}");
                // None differs from OpenCV with AVX2 and FMA; with other instructions it may by one level.
                let op = case["op"].as_str().unwrap();
                assert!(*largest <= u8::from(!["brightness", "contrast"].contains(&op)), "{name}");
                assert!(share < 0.005, "{name}");
                *ops.entry(op).or_insert(0) += 1;
            }
            let expected = [("brightness", 4), ("chain", 2), ("contrast", 4), ("hue", 4), ("saturation", 4)];
            assert!(expected.iter().all(|(op, least)| ops.get(op) >= Some(least)), "{ops:?}");
        }
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
