//! Resizing of 8-bit images and label maps, exactly as OpenCV does it, of a region of the result
//! only.

use std::iter::repeat_n;

use super::bilinear::Bilinear;
use super::region::Region;
use crate::kernel::{self, Kernel};
use crate::prefetch::{ROWS_AHEAD, prefetch};
use crate::raster::{IGNORE_INDEX, LabelMap, RgbImage8};

/// Computes the size that keeps the image's aspect and fits inside the target, sides rounded half
/// up (mmcv's `rescale_size`). Sizes are (height, width); the target's long side bounds the image's
/// long side.
pub fn fit_size([height, width]: [usize; 2], target: [usize; 2]) -> [usize; 2] {
    let long = target[0].max(target[1]) as f64 / height.max(width) as f64;
    let short = target[0].min(target[1]) as f64 / height.min(width) as f64;
    let factor = long.min(short);
    [height, width].map(|side| ((side as f64 * factor + 0.5) as usize).max(1))
}

/// Computes the size of mmcv's RandomResize: the reference times one ratio, **truncated**, then
/// [`fit_size`].
pub(super) fn random_size(image: [usize; 2], reference: [usize; 2], ratio: f64) -> [usize; 2] {
    fit_size(image, reference.map(|side| ((side as f64 * ratio) as usize).max(1)))
}

/// Resizes an image to `size` (height, width): bilinear, half-pixel centres, no antialiasing.
pub fn resize_image(image: &RgbImage8, size: [usize; 2]) -> RgbImage8 {
    resize_image_region(image, size, Region::whole(size))
}

/// Resizes a label map to `size` (height, width): nearest, without half-pixel shift.
pub fn resize_label(label: &LabelMap, size: [usize; 2]) -> LabelMap {
    resize_label_region(label, size, Region::whole(size))
}

/// Computes a region of what [`resize_image`] gives, and nothing else of it.
pub(super) fn resize_image_region(image: &RgbImage8, size: [usize; 2], region: Region) -> RgbImage8 {
    let rows = Bilinear::new(image, size, region, false);
    RgbImage8 { height: region.height, width: region.width, data: kernel::run(WholeRegion { rows, region }) }
}

struct WholeRegion<'a> {
    rows: Bilinear<'a>,
    region: Region,
}

impl Kernel for WholeRegion<'_> {
    /// height x width x 3.
    type Output = Vec<u8>;

    #[inline(always)]
    fn run<const FUSED: bool>(mut self) -> Vec<u8> {
        let Region { height, width, .. } = self.region;
        let mut row = vec![[0; 4]; width];
        let mut data = vec![0; 3 * height * width];
        for y in 0..height {
            self.rows.row(y, &mut row);
            let out = &mut data[3 * y * width..][..3 * width];
            for (out, pixel) in out.as_chunks_mut::<3>().0.iter_mut().zip(&row) {
                *out = [pixel[0], pixel[1], pixel[2]];
            }
        }
        data
    }
}

/// Lists the source index of the result pixels `start..start + count`: `floor(i * step)` with `step
/// = 1 / (result / source)` in f64. Written as `source / result` the last bit differs, and with it
/// whole rows.
pub(super) fn nearest_indexes(source: usize, result: usize, start: usize, count: usize) -> impl Iterator<Item = usize> {
    let step = 1.0 / (result as f64 / source as f64);
    (start..start + count).map(move |i| ((i as f64 * step) as u32 as usize).min(source - 1))
}

/// Computes a region of what [`resize_label`] gives, and nothing else of it.
pub(super) fn resize_label_region(label: &LabelMap, size: [usize; 2], region: Region) -> LabelMap {
    let mut data = Vec::with_capacity(region.height * region.width);
    append_label(label, size, region, false, [region.height, region.width], &mut data);
    LabelMap { height: region.height, width: region.width, data }
}

/// Appends the region of the resized label map, its columns in reverse order where `mirrored`, and
/// right and below of it 255 until it is height x width of `padded`.
pub(super) fn append_label(
    label: &LabelMap,
    size: [usize; 2],
    region: Region,
    mirrored: bool,
    padded: [usize; 2],
    out: &mut Vec<u8>,
) {
    let rows: Vec<usize> = nearest_indexes(label.height, size[0], region.y, region.height).collect();
    let mut columns: Vec<usize> = nearest_indexes(label.width, size[1], region.x, region.width).collect();
    let seen = columns.first().zip(columns.last()).map_or(0..0, |(first, last)| *first..last + 1);
    if mirrored {
        columns.reverse();
    }
    for (i, &y) in rows.iter().enumerate() {
        if let Some(ahead) = rows.get(i + ROWS_AHEAD) {
            prefetch(&label.data[ahead * label.width..][seen.clone()]);
        }
        if i > 0 && rows[i - 1] == y {
            out.extend_from_within(out.len() - padded[1]..);
            continue;
        }
        let row = &label.data[y * label.width..][..label.width];
        out.extend(columns.iter().map(|&x| row[x]));
        out.extend(repeat_n(IGNORE_INDEX, padded[1] - region.width));
    }
    out.extend(repeat_n(IGNORE_INDEX, (padded[0] - region.height) * padded[1]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Random};
    use proptest::prelude::*;

    fn noise(height: usize, width: usize, seed: u64) -> (RgbImage8, LabelMap) {
        let mut random = Random::new(seed, Purpose::Synthetic, 0, 0);
        let mut bytes = |count: usize| (0..count).map(|_| random.below(256) as u8).collect();
        let image = RgbImage8 { height, width, data: bytes(3 * height * width) };
        (image, LabelMap { height, width, data: bytes(height * width) })
    }

    proptest! {
        #[test]
        fn a_region_equals_the_crop_of_the_whole(
            source in (1usize..40, 1usize..40), result in (1usize..80, 1usize..80),
            corner in (0.0..1.0f64, 0.0..1.0f64), extent in (0.0..1.0f64, 0.0..1.0f64), seed in 0u64..1000,
        ) {
            let (image, label) = noise(source.0, source.1, seed);
            let size = [result.0, result.1];
            let (y, x) = ((corner.0 * result.0 as f64) as usize, (corner.1 * result.1 as f64) as usize);
            let height = 1 + (extent.0 * (result.0 - y) as f64) as usize;
            let width = 1 + (extent.1 * (result.1 - x) as f64) as usize;
            let region = Region { y, x, height: height.min(result.0 - y), width: width.min(result.1 - x) };
            let (whole, part) = (resize_image(&image, size), resize_image_region(&image, size, region));
            let (map, map_part) = (resize_label(&label, size), resize_label_region(&label, size, region));
            for row in 0..region.height {
                for column in 0..region.width {
                    prop_assert_eq!(part.pixel(row, column), whole.pixel(y + row, x + column));
                    prop_assert_eq!(
                        map_part.data[row * region.width + column],
                        map.data[(y + row) * map.width + x + column]
                    );
                }
            }
        }

        #[test]
        fn fitted_sizes_stay_inside_the_target(
            image in (1usize..3000, 1usize..3000), target in (1usize..3000, 1usize..3000),
        ) {
            let fitted = fit_size([image.0, image.1], [target.0, target.1]);
            let (long, short) = (target.0.max(target.1), target.0.min(target.1));
            prop_assert!(fitted[0].max(fitted[1]) <= long && fitted[0].min(fitted[1]) <= short);
        }
    }

    #[test]
    fn one_to_one_changes_nothing() {
        let (image, label) = noise(17, 23, 1);
        assert_eq!(resize_image(&image, [17, 23]), image);
        assert_eq!(resize_label(&label, [17, 23]), label);
    }
}
