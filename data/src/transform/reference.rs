//! The augmentation spelt out on whole images, pixel by pixel: what the fast path must equal.

use super::colour::{self, Distortion};
use super::resize::random_size;
use super::{AugmentConfig, MEAN, STD};
use crate::random::Random;
use crate::raster::{IGNORE_INDEX, LabelMap, RgbImage8};

/// Augments a sample: 3 x height x width values and height x width labels of the crop.
pub(super) fn sample(
    config: &AugmentConfig,
    image: &RgbImage8,
    label: &LabelMap,
    random: &mut Random,
) -> (Vec<f32>, Vec<u8>) {
    let ratio = random.between(config.ratio[0].into(), config.ratio[1].into());
    let size = random_size(image.size(), config.resize, ratio);
    let (image, label) = (bilinear(image, size), nearest(label, size));
    let corner = corner(&label, config, random);
    let cropped = [0, 1].map(|side| config.crop[side].min(size[side]));
    let mirrored = random.chance(config.flip.into());
    let at = |y: usize, x: usize| [corner[0] + y, corner[1] + if mirrored { cropped[1] - 1 - x } else { x }];

    let mut distorted = RgbImage8::filled(cropped[0], cropped[1], [0; 3]);
    for (y, x) in pixels(cropped) {
        let [from_y, from_x] = at(y, x);
        distorted.set_pixel(y, x, image.pixel(from_y, from_x));
    }
    for step in if config.photometric { colour::draw(random) } else { Vec::new() } {
        distort(&mut distorted, step);
    }
    let area = config.crop[0] * config.crop[1];
    let (mut values, mut ids) = (vec![0.0; 3 * area], vec![IGNORE_INDEX; area]);
    for (y, x) in pixels(cropped) {
        let to = y * config.crop[1] + x;
        for (channel, level) in distorted.pixel(y, x).into_iter().enumerate() {
            values[channel * area + to] = ((f64::from(level) - MEAN[channel]) / STD[channel]) as f32;
        }
        let [from_y, from_x] = at(y, x);
        ids[to] = label.data[from_y * label.width + from_x];
    }
    (values, ids)
}

fn pixels([height, width]: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    (0..height).flat_map(move |y| (0..width).map(move |x| (y, x)))
}

/// Draws the upper left corner of the crop.
fn corner(label: &LabelMap, config: &AugmentConfig, random: &mut Random) -> [usize; 2] {
    let mut drawn = [0; 2];
    for attempt in 0..11 {
        drawn = [0, 1].map(|side| random.below(label.size()[side].saturating_sub(config.crop[side]) + 1));
        let mut counts = [0u32; 256];
        for y in drawn[0]..(drawn[0] + config.crop[0]).min(label.height) {
            for x in drawn[1]..(drawn[1] + config.crop[1]).min(label.width) {
                counts[label.data[y * label.width + x] as usize] += 1;
            }
        }
        counts[IGNORE_INDEX as usize] = 0;
        let present = counts.iter().filter(|count| **count > 0).count();
        let share = f64::from(*counts.iter().max().unwrap()) / f64::from(counts.iter().sum::<u32>());
        let limit = f64::from(config.max_class_share);
        if attempt == 10 || limit >= 1.0 || present > 1 && share < limit {
            break;
        }
    }
    drawn
}

fn bilinear(image: &RgbImage8, size: [usize; 2]) -> RgbImage8 {
    let tap = |side: usize, i: usize, clamp_weight: bool| {
        let (step, last) = (1.0 / (size[side] as f64 / image.size()[side] as f64), image.size()[side] as isize - 1);
        let position = ((i as f64 + 0.5) * step - 0.5) as f32;
        let low = position.floor() as isize;
        let outside = low < 0 || low >= last;
        let fraction = if clamp_weight && outside { 0.0 } else { position - position.floor() };
        let weights = [1.0 - fraction, fraction].map(|share| (share * 2048.0).round_ties_even() as i32);
        ([low, low + 1].map(|at| at.clamp(0, last) as usize), weights)
    };
    let mut resized = RgbImage8::filled(size[0], size[1], [0; 3]);
    for (y, x) in pixels(size) {
        let ((rows, above_below), (columns, left_right)) = (tap(0, y, false), tap(1, x, true));
        let colour = [0, 1, 2].map(|channel| {
            let terms = [0, 1].map(|row| {
                let level = |column: usize| i32::from(image.pixel(rows[row], columns[column])[channel]);
                let along_x = (level(0) * left_right[0] + level(1) * left_right[1]) >> 4;
                (along_x * above_below[row]) >> 16
            });
            ((terms[0] + terms[1] + 2) >> 2).clamp(0, 255) as u8
        });
        resized.set_pixel(y, x, colour);
    }
    resized
}

fn nearest(label: &LabelMap, size: [usize; 2]) -> LabelMap {
    let index = |side: usize, i: usize| {
        let step = 1.0 / (size[side] as f64 / label.size()[side] as f64);
        ((i as f64 * step) as usize).min(label.size()[side] - 1)
    };
    let mut resized = LabelMap::filled(size[0], size[1], 0);
    for (y, x) in pixels(size) {
        resized.data[y * size[1] + x] = label.data[index(0, y) * label.width + index(1, x)];
    }
    resized
}

fn distort(image: &mut RgbImage8, step: Distortion) {
    for (y, x) in pixels(image.size()) {
        let colour = image.pixel(y, x);
        let hsv = |change: &dyn Fn([u8; 3]) -> [u8; 3]| {
            let levels = hsv_to_rgb(change(rgb_to_hsv(colour)));
            levels.map(|level| if x < image.width / 32 * 32 { level as u8 } else { level.round_ties_even() as u8 })
        };
        let changed = match step {
            Distortion::Brightness(beta) => colour.map(|level| (f32::from(level) + beta) as u8),
            Distortion::Contrast(alpha) => colour.map(|level| (f32::from(level) * alpha) as u8),
            Distortion::Saturation(alpha) => hsv(&|[h, s, v]| [h, (f32::from(s) * alpha) as u8, v]),
            Distortion::Hue(delta) => hsv(&|[h, s, v]| [(i32::from(h) + delta).rem_euclid(180) as u8, s, v]),
        };
        image.set_pixel(y, x, changed);
    }
}

/// Converts as OpenCV does: with integers of 12 fractional bits.
fn rgb_to_hsv(rgb: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = rgb.map(i32::from);
    let value = r.max(g).max(b);
    let chroma = value - r.min(g).min(b);
    let offset = if value == r {
        g - b
    } else if value == g {
        b - r + 2 * chroma
    } else {
        r - g + 4 * chroma
    };
    let reciprocal =
        |numerator: f64, n: i32| if n == 0 { 0 } else { (numerator / f64::from(n)).round_ties_even() as i32 };
    let hue = (offset * reciprocal(30.0 * 4096.0, chroma) + 2048) >> 12;
    let saturation = (chroma * reciprocal(255.0 * 4096.0, value) + 2048) >> 12;
    [hue.rem_euclid(180) as u8, saturation as u8, value as u8]
}

/// Converts as OpenCV does: in f32, `1 - a b` rounded once.
fn hsv_to_rgb([hue, saturation, value]: [u8; 3]) -> [f32; 3] {
    let hue = f32::from(hue) * (6.0f64 / 180.0) as f32;
    let saturation = f32::from(saturation) * (1.0f64 / 255.0) as f32;
    let value = f32::from(value) * (1.0f64 / 255.0) as f32;
    let fraction = hue - hue.floor();
    let p = value * (1.0 - saturation);
    let q = value * (-saturation).mul_add(fraction, 1.0);
    let t = value * (-saturation).mul_add(1.0 - fraction, 1.0);
    let rgb = match hue as u8 % 6 {
        0 => [value, t, p],
        1 => [q, value, p],
        2 => [p, value, t],
        3 => [p, q, value],
        4 => [t, p, value],
        _ => [value, p, q],
    };
    rgb.map(|channel| channel * 255.0)
}
