//! Resizing of 8-bit images and label maps, exactly as OpenCV does it, of a region of the result only.

use crate::raster::{LabelMap, RgbImage8};

/// The size that keeps the image's aspect and fits inside the target, sides rounded half up (mmcv's
/// `rescale_size`). Sizes are (height, width); the target's long side bounds the image's long side.
pub fn fit_size([height, width]: [usize; 2], target: [usize; 2]) -> [usize; 2] {
    let long = target[0].max(target[1]) as f64 / height.max(width) as f64;
    let short = target[0].min(target[1]) as f64 / height.min(width) as f64;
    let factor = long.min(short);
    [height, width].map(|side| ((side as f64 * factor + 0.5) as usize).max(1))
}

/// mmcv's RandomResize: the reference times one ratio, **truncated**, then [`fit_size`].
pub(super) fn random_size(image: [usize; 2], reference: [usize; 2], ratio: f64) -> [usize; 2] {
    fit_size(image, reference.map(|side| ((side as f64 * ratio) as usize).max(1)))
}

/// A rectangle of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub y: usize,
    pub x: usize,
    pub height: usize,
    pub width: usize,
}

impl Region {
    /// All of an image.
    pub fn whole([height, width]: [usize; 2]) -> Self {
        Self { y: 0, x: 0, height, width }
    }
}

/// Bilinear, half-pixel centres, no antialiasing. `size` is (height, width).
pub fn resize_image(image: &RgbImage8, size: [usize; 2]) -> RgbImage8 {
    resize_image_region(image, size, Region::whole(size))
}

/// Nearest, without half-pixel shift. `size` is (height, width).
pub fn resize_label(label: &LabelMap, size: [usize; 2]) -> LabelMap {
    resize_label_region(label, size, Region::whole(size))
}

/// Source pixels and weights (in 1/2048) of one result pixel along one side.
#[derive(Clone, Copy)]
struct Tap {
    low: usize,
    high: usize,
    weight_low: i32,
    weight_high: i32,
}

/// Taps of the result's pixels `start..start + count`. Columns clamp the weight at the border, rows only the
/// index; positions are f32 as in OpenCV.
fn taps(source: usize, result: usize, start: usize, count: usize, clamp_weight: bool) -> Vec<Tap> {
    let step = 1.0 / (result as f64 / source as f64);
    let last = source as isize - 1;
    (start..start + count)
        .map(|i| {
            let position = ((i as f64 + 0.5) * step - 0.5) as f32;
            let floor = position.floor();
            let low = floor as isize;
            let outside = low < 0 || low >= last;
            let fraction = if clamp_weight && outside { 0.0 } else { position - floor };
            let weight = |share: f32| (share * 2048.0).round_ties_even() as i32;
            Tap {
                low: low.clamp(0, last) as usize,
                high: (low + 1).clamp(0, last) as usize,
                weight_low: weight(1.0 - fraction),
                weight_high: weight(fraction),
            }
        })
        .collect()
}

/// The region of what [`resize_image`] gives, computed alone.
pub(crate) fn resize_image_region(image: &RgbImage8, size: [usize; 2], region: Region) -> RgbImage8 {
    let columns = taps(image.width, size[1], region.x, region.width, true);
    let rows = taps(image.height, size[0], region.y, region.height, false);
    // Source rows resized along x; neighbouring result rows share them.
    let mut upper = ResizedRow::new(region.width);
    let mut lower = ResizedRow::new(region.width);
    let mut data = Vec::with_capacity(3 * region.height * region.width);
    for row in rows {
        if lower.source == Some(row.low) {
            std::mem::swap(&mut upper, &mut lower);
        }
        upper.fill(image, row.low, &columns);
        lower.fill(image, row.high, &columns);
        // Both products are shifted before they are added: OpenCV's vector code, part of the exact result.
        data.extend(upper.values.iter().zip(&lower.values).map(|(&above, &below)| {
            let sum = ((row.weight_low * above) >> 16) + ((row.weight_high * below) >> 16);
            ((sum + 2) >> 2).clamp(0, 255) as u8
        }));
    }
    RgbImage8 { height: region.height, width: region.width, data }
}

/// One source row, resized along x: values times 2048, shifted right by 4.
struct ResizedRow {
    source: Option<usize>,
    values: Vec<i32>,
}

impl ResizedRow {
    fn new(width: usize) -> Self {
        Self { source: None, values: vec![0; 3 * width] }
    }

    fn fill(&mut self, image: &RgbImage8, source: usize, columns: &[Tap]) {
        if self.source == Some(source) {
            return;
        }
        self.source = Some(source);
        let row = &image.data[3 * source * image.width..3 * (source + 1) * image.width];
        for (out, tap) in self.values.chunks_exact_mut(3).zip(columns) {
            let (low, high) = (&row[3 * tap.low..3 * tap.low + 3], &row[3 * tap.high..3 * tap.high + 3]);
            for channel in 0..3 {
                let sum = i32::from(low[channel]) * tap.weight_low + i32::from(high[channel]) * tap.weight_high;
                out[channel] = sum >> 4;
            }
        }
    }
}

/// Source index of each result pixel: `floor(i * step)` with `step = 1 / (result / source)` in f64. Written as
/// `source / result` the last bit differs, and with it whole rows.
pub(crate) fn nearest_indexes(source: usize, result: usize, start: usize, count: usize) -> Vec<usize> {
    let step = 1.0 / (result as f64 / source as f64);
    (start..start + count).map(|i| ((i as f64 * step) as usize).min(source - 1)).collect()
}

/// The region of what [`resize_label`] gives, computed alone.
pub(crate) fn resize_label_region(label: &LabelMap, size: [usize; 2], region: Region) -> LabelMap {
    let columns = nearest_indexes(label.width, size[1], region.x, region.width);
    let mut data = Vec::with_capacity(region.height * region.width);
    for y in nearest_indexes(label.height, size[0], region.y, region.height) {
        let row = &label.data[y * label.width..(y + 1) * label.width];
        data.extend(columns.iter().map(|&x| row[x]));
    }
    LabelMap { height: region.height, width: region.width, data }
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
