//! Photometric distortion: brightness, contrast, saturation and hue, each with probability one
//! half.

use super::bilinear::Pixel;
use super::hsv::{hsv_to_rgb, rgb_to_hsv};
use crate::kernel::{byte, floor, round};
use crate::random::Random;

/// Pixels that OpenCV's vector code takes at once (AVX2).
const VECTOR: usize = 32;

/// One step of the photometric distortion. Every step clips to 8 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Distortion {
    /// Adds, in grey levels.
    Brightness(f32),
    /// Multiplies the channels.
    Contrast(f32),
    /// Multiplies the saturation.
    Saturation(f32),
    /// Adds to the hue, in steps of 2 degrees.
    Hue(i32),
}

#[cfg(test)]
impl Distortion {
    /// A step as it is recorded: its name and its number.
    pub(super) fn recorded(name: &str, number: f64) -> Self {
        match name {
            "brightness" => Distortion::Brightness(number as f32),
            "contrast" => Distortion::Contrast(number as f32),
            "saturation" => Distortion::Saturation(number as f32),
            "hue" => Distortion::Hue(number as i32),
            other => panic!("unknown step {other}"),
        }
    }
}

/// Draws the steps of one image: brightness +-32, contrast and saturation 0.5-1.5, hue -18..=17,
/// contrast before or after saturation and hue.
pub(super) fn draw(random: &mut Random) -> Vec<Distortion> {
    let brightness = random.chance(0.5).then(|| Distortion::Brightness(random.between(-32.0, 32.0) as f32));
    let contrast_first = random.chance(0.5);
    let contrast = random.chance(0.5).then(|| Distortion::Contrast(random.between(0.5, 1.5) as f32));
    let saturation = random.chance(0.5).then(|| Distortion::Saturation(random.between(0.5, 1.5) as f32));
    let hue = random.chance(0.5).then(|| Distortion::Hue(random.below(36) as i32 - 18));
    let order =
        if contrast_first { [brightness, contrast, saturation, hue] } else { [brightness, saturation, hue, contrast] };
    order.into_iter().flatten().collect()
}

/// Splits the steps into those up to the last one that mixes channels, and what the rest make of
/// each grey level.
pub(super) fn split(steps: &[Distortion]) -> (&[Distortion], [u8; 256]) {
    let mixes = |step: &Distortion| matches!(step, Distortion::Saturation(_) | Distortion::Hue(_));
    let (mixing, rest) = steps.split_at(steps.iter().rposition(mixes).map_or(0, |last| last + 1));
    let through = |value, step: &Distortion| match *step {
        Distortion::Brightness(beta) => level::<false>(value, 1.0, beta),
        Distortion::Contrast(alpha) => level::<false>(value, alpha, 0.0),
        Distortion::Saturation(_) | Distortion::Hue(_) => unreachable!("mixes channels"),
    };
    (mixing, std::array::from_fn(|value| rest.iter().fold(value as u8, through)))
}

/// Applies one step to a row of the image, in place. `FUSED`: as for
/// [`Kernel::run`](crate::kernel::Kernel::run).
#[inline(always)]
pub(super) fn apply<const FUSED: bool>(row: &mut [Pixel], step: Distortion) {
    match step {
        Distortion::Brightness(beta) => map_levels::<FUSED>(row, 1.0, beta),
        Distortion::Contrast(alpha) => map_levels::<FUSED>(row, alpha, 0.0),
        Distortion::Saturation(alpha) => map_hsv::<FUSED>(row, |[hue, saturation, value]| {
            [hue, floor::<FUSED>((saturation * alpha).clamp(0.0, 255.0)), value]
        }),
        Distortion::Hue(delta) => {
            // The same turn, but never backwards.
            let up = delta.rem_euclid(180) as f32;
            map_hsv::<FUSED>(row, |[hue, saturation, value]| {
                [if hue + up >= 180.0 { hue + up - 180.0 } else { hue + up }, saturation, value]
            });
        }
    }
}

/// Computes `v * alpha + beta` in f32, clipped and truncated.
#[inline(always)]
fn level<const FUSED: bool>(value: u8, alpha: f32, beta: f32) -> u8 {
    byte::<FUSED>((f32::from(value) * alpha + beta).clamp(0.0, 255.0))
}

#[inline(always)]
fn map_levels<const FUSED: bool>(row: &mut [Pixel], alpha: f32, beta: f32) {
    for value in row.as_flattened_mut() {
        *value = level::<FUSED>(*value, alpha, beta);
    }
}

/// Changes hue, saturation and value. OpenCV's vector code, which takes whole groups of pixels of a
/// row, truncates on the way back; its scalar code, which takes the rest of the row, rounds half to
/// even.
#[inline(always)]
fn map_hsv<const FUSED: bool>(row: &mut [Pixel], change: impl Fn([f32; 3]) -> [f32; 3]) {
    let changed = |pixel: Pixel| {
        // One number per pixel: taken apart by shifts, it stays in its place of a vector.
        let packed = u32::from_le_bytes(pixel);
        let rgb = [0, 8, 16].map(|shift| (packed >> shift & 255) as f32);
        hsv_to_rgb::<FUSED>(change(rgb_to_hsv::<FUSED>(rgb)))
    };
    let pack = |rgb: [f32; 3]| {
        let [r, g, b] = rgb.map(|level| u32::from(byte::<FUSED>(level)));
        (r | g << 8 | b << 16).to_le_bytes()
    };
    let (groups, rest) = row.split_at_mut(row.len() / VECTOR * VECTOR);
    for pixel in groups {
        *pixel = pack(changed(*pixel));
    }
    for pixel in rest {
        *pixel = pack(changed(*pixel).map(round));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::golden;
    use crate::raster::RgbImage8;

    /// Distances in grey levels of all channels of all pixels.
    fn distances(a: &RgbImage8, b: &RgbImage8) -> Vec<u8> {
        assert_eq!(a.size(), b.size());
        a.data.iter().zip(&b.data).map(|(a, b)| a.abs_diff(*b)).collect()
    }

    /// The image after some steps, with and without fused instructions.
    fn distorted(image: &RgbImage8, steps: &[Distortion]) -> RgbImage8 {
        let mut data = Vec::new();
        for row in image.data.chunks_exact(3 * image.width) {
            let mut fused: Vec<Pixel> = row.as_chunks().0.iter().map(|[r, g, b]| [*r, *g, *b, 77]).collect();
            let mut other = fused.clone();
            for step in steps {
                apply::<true>(&mut fused, *step);
                apply::<false>(&mut other, *step);
            }
            assert!(fused == other);
            data.extend(fused.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]));
        }
        RgbImage8 { data, ..*image }
    }

    /// The steps of a recorded case, in their order.
    fn steps(case: &serde_json::Value) -> Vec<Distortion> {
        let step = |op: &str, key: &str| Distortion::recorded(op, case[key].as_f64().unwrap());
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
                let distances = distances(&distorted(&original, &steps(case)), &golden.image(name));
                let largest = distances.iter().max().unwrap();
                let share = distances.iter().filter(|distance| **distance > 0).count() as f64 / distances.len() as f64;
                println!("{name}: largest distance {largest}, share of differing values {share}");
                // None differs from OpenCV with AVX2 and FMA; with other instructions it may by one
                // level.
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
    fn steps_that_mix_no_channels_become_a_table() {
        let [add, multiply, hue] = [Distortion::Brightness(-31.7), Distortion::Contrast(1.3), Distortion::Hue(5)];
        let image = RgbImage8 { height: 1, width: 256, data: (0..=255).flat_map(|level| [level; 3]).collect() };
        for (steps, mixing) in [(vec![], 0), (vec![add, multiply], 0), (vec![multiply, hue, add], 2), (vec![hue], 1)] {
            let (first, levels) = split(&steps);
            assert_eq!(first, &steps[..mixing]);
            let got = distorted(&image, first).data.iter().map(|level| levels[*level as usize]).collect::<Vec<u8>>();
            assert_eq!(got, distorted(&image, &steps).data);
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
                    Distortion::Brightness(beta) => (beta.abs() <= 32.0).then_some(0),
                    Distortion::Contrast(alpha) => (0.5..=1.5).contains(alpha).then_some(1),
                    Distortion::Saturation(alpha) => (0.5..=1.5).contains(alpha).then_some(2),
                    Distortion::Hue(delta) => (-18..=17).contains(delta).then_some(3),
                };
                counts[index.expect("in range")] += 1;
            }
            contrast_last += usize::from(matches!(steps[..], [.., Distortion::Hue(_), Distortion::Contrast(_)]));
        }
        assert!(counts.iter().all(|count| (1850..2150).contains(count)), "{counts:?}");
        // Hue, contrast and the order: one half each.
        assert!((420..580).contains(&contrast_last), "{contrast_last}");
    }
}
