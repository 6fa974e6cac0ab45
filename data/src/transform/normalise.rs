//! Normalisation and padding: the last two steps before the network.

use std::iter::repeat_n;

use crate::raster::RgbImage8;

/// Mean of each channel (RGB), in grey levels.
pub const MEAN: [f64; 3] = [123.675, 116.28, 103.53];
/// Standard deviation of each channel (RGB), in grey levels.
pub const STD: [f64; 3] = [58.395, 57.12, 57.375];

/// `(v - mean) / std` of each grey level of each channel.
pub(super) static NORMALISED: [[f32; 256]; 3] = normalised();

const fn normalised() -> [[f32; 256]; 3] {
    let mut tables = [[0.0; 256]; 3];
    let mut channel = 0;
    while channel < 3 {
        let mut level = 0;
        while level < 256 {
            tables[channel][level] = ((level as f64 - MEAN[channel]) / STD[channel]) as f32;
            level += 1;
        }
        channel += 1;
    }
    tables
}

/// Normalises an image to `(v - mean) / std`: 3 x height x width.
pub fn normalise(image: &RgbImage8) -> Vec<f32> {
    let mut out = Vec::with_capacity(image.data.len());
    append_planes(image.data.as_chunks::<3>().0, image.size(), image.size(), &NORMALISED, &mut out);
    out
}

/// Appends 3 x height x width of `padded` values: those that each channel's table has for the
/// pixels, height x width of `size`, and right and below of them 0, the mean colour.
pub(super) fn append_planes<const N: usize>(
    pixels: &[[u8; N]],
    size: [usize; 2],
    padded: [usize; 2],
    tables: &[[f32; 256]; 3],
    out: &mut Vec<f32>,
) {
    for (channel, table) in tables.iter().enumerate() {
        let value = |pixel: &[u8; N]| table[pixel[channel] as usize];
        if size[1] == padded[1] {
            out.extend(pixels.iter().map(value));
        } else {
            for row in pixels.chunks_exact(size[1]) {
                out.extend(row.iter().map(value));
                out.extend(repeat_n(0.0, padded[1] - size[1]));
            }
        }
        out.extend(repeat_n(0.0, (padded[0] - size[0]) * padded[1]));
    }
}

/// Turns 3 x height x width normalised values back into an image: the inverse of [`normalise`].
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
    use crate::transform::region::Region;
    use crate::transform::resize::{append_label, resize_image_region};

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
            let (mut values, mut padded) = (Vec::new(), Vec::new());
            append_planes(image.data.as_chunks::<3>().0, image.size(), size, &NORMALISED, &mut values);
            append_label(&label, label.size(), region, false, size, &mut padded);

            let (shape, bytes) = golden.tensor("image");
            assert_eq!(shape, [1, 3, size[0], size[1]]);
            assert_eq!(values.len(), 3 * size[0] * size[1]);
            for (got, bytes) in values.iter().zip(bytes.chunks_exact(4)) {
                let want = f32::from_le_bytes(bytes.try_into().unwrap());
                // The reference subtracts and divides in f32, this in f64: values up to 2.64, two
                // steps of rounding.
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
