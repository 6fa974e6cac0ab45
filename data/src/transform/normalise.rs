//! Normalisation and padding: the last two steps before the network.

use crate::kind::IGNORE_INDEX;
use crate::raster::{LabelMap, RgbImage8};

/// Mean of each channel (RGB), in grey levels.
pub const MEAN: [f64; 3] = [123.675, 116.28, 103.53];
/// Standard deviation of each channel (RGB), in grey levels.
pub const STD: [f64; 3] = [58.395, 57.12, 57.375];

/// `(v - mean) / std`, 3 x height x width.
pub fn normalise(image: &RgbImage8) -> Vec<f32> {
    let mut out = vec![0.0; 3 * image.height * image.width];
    normalise_padded(image, image.size(), &mut out);
    out
}

/// Normalises into `out`, 3 x height x width of `size`, padded right and below with 0: the mean colour.
pub(crate) fn normalise_padded(image: &RgbImage8, [height, width]: [usize; 2], out: &mut [f32]) {
    out.fill(0.0);
    for (channel, plane) in out.chunks_exact_mut(height * width).enumerate() {
        let table: [f32; 256] = std::array::from_fn(|level| ((level as f64 - MEAN[channel]) / STD[channel]) as f32);
        let rows = image.data.chunks_exact(3 * image.width);
        for (to, from) in plane.chunks_exact_mut(width).zip(rows) {
            for (to, pixel) in to.iter_mut().zip(from.chunks_exact(3)) {
                *to = table[pixel[channel] as usize];
            }
        }
    }
}

/// Copies into `out`, height x width of `size`, padded right and below with 255.
pub(crate) fn pad_label(label: &LabelMap, [_, width]: [usize; 2], out: &mut [u8]) {
    out.fill(IGNORE_INDEX);
    for (to, from) in out.chunks_exact_mut(width).zip(label.data.chunks_exact(label.width)) {
        to[..from.len()].copy_from_slice(from);
    }
}

/// The inverse of [`normalise`]: 3 x height x width to an image.
pub(crate) fn denormalise(values: &[f32], height: usize, width: usize) -> RgbImage8 {
    let mut image = RgbImage8::filled(height, width, [0; 3]);
    for (channel, plane) in values.chunks_exact(height * width).enumerate() {
        for (pixel, value) in image.data.chunks_exact_mut(3).zip(plane) {
            pixel[channel] = (f64::from(*value) * STD[channel] + MEAN[channel]).round() as u8;
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;
    use crate::transform::resize::{Region, resize_image_region, resize_label_region};

    #[test]
    fn golden_normalise_and_pad() {
        for golden in golden::folders() {
            let (image, label) = (golden.image("image"), golden.label("label"));
            let rule = &golden.transforms()["normalise_pad"];
            let [top, bottom] = golden::pair_of(&rule["rows"]);
            let [left, right] = golden::pair_of(&rule["columns"]);
            let size = golden::pair_of(&rule["size"]);
            let region = Region { y: top, x: left, height: bottom - top, width: right - left };
            let image = resize_image_region(&image, image.size(), region);
            let label = resize_label_region(&label, label.size(), region);
            let mut values = vec![f32::NAN; 3 * size[0] * size[1]];
            normalise_padded(&image, size, &mut values);
            let mut padded = vec![0; size[0] * size[1]];
            pad_label(&label, size, &mut padded);

            let (shape, bytes) = golden.tensor("image");
            assert_eq!(shape, [1, 3, size[0], size[1]]);
            for (got, bytes) in values.iter().zip(bytes.chunks_exact(4)) {
                let want = f32::from_le_bytes(bytes.try_into().unwrap());
                // The reference subtracts and divides in f32, this in f64: values up to 2.64, two steps of rounding.
                assert!((got - want).abs() <= 2.0 * f32::EPSILON, "{got} {want}");
            }
            assert_eq!(golden.tensor("label"), (vec![1, size[0], size[1]], padded));
        }
    }

    #[test]
    fn golden_image_comes_back_from_denormalising() {
        for golden in golden::folders() {
            let image = golden.image("image");
            assert_eq!(denormalise(&normalise(&image), image.height, image.width), image);
        }
    }
}
