//! Random cropping that avoids regions of nearly one class.

use super::resize::{Region, nearest_indexes};
use crate::kind::IGNORE_INDEX;
use crate::random::Random;
use crate::raster::LabelMap;

/// Crops that are checked; the next one is taken as it is.
const CHECKED_DRAWS: usize = 10;

/// Draws the region of a resized label map to crop. A map smaller than the crop gives a region cut short.
///
/// `size` is the resized size; the label map itself is read at its own size, only where the region needs it.
/// A `max_class_share` of 1 or more accepts the first draw.
pub(super) fn draw_crop(
    label: &LabelMap,
    size: [usize; 2],
    crop: [usize; 2],
    max_class_share: f64,
    random: &mut Random,
) -> Region {
    let draw = || {
        let mut offset = |side: usize, crop: usize| random.below(side.saturating_sub(crop) + 1);
        let (y, x) = (offset(size[0], crop[0]), offset(size[1], crop[1]));
        Region { y, x, height: crop[0].min(size[0]), width: crop[1].min(size[1]) }
    };
    choose(draw, |region| max_class_share >= 1.0 || is_mixed(label, size, region, max_class_share))
}

/// The first accepted draw of ten, else the eleventh unchecked.
fn choose(mut draw: impl FnMut() -> Region, accept: impl Fn(Region) -> bool) -> Region {
    for _ in 0..CHECKED_DRAWS {
        let region = draw();
        if accept(region) {
            return region;
        }
    }
    draw()
}

/// Whether a region holds at least two labels, ignored pixels aside, and the most frequent one has strictly
/// less than `max_class_share` of the pixels.
fn is_mixed(label: &LabelMap, size: [usize; 2], region: Region, max_class_share: f64) -> bool {
    let columns = nearest_indexes(label.width, size[1], region.x, region.width);
    let mut counts = [0u64; 256];
    for y in nearest_indexes(label.height, size[0], region.y, region.height) {
        let row = &label.data[y * label.width..(y + 1) * label.width];
        for &x in &columns {
            counts[row[x] as usize] += 1;
        }
    }
    counts[IGNORE_INDEX as usize] = 0;
    let (present, most) = (counts.iter().filter(|count| **count > 0).count(), counts.iter().max());
    let (most, all) = (most.copied().unwrap_or(0) as f64, counts.iter().sum::<u64>() as f64);
    present > 1 && most / all < max_class_share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;
    use crate::transform::resize::{resize_image_region, resize_label_region};

    #[test]
    fn golden_crop_acceptance() {
        for golden in golden::folders() {
            let (label, rule) = (golden.label("label"), &golden.transforms()["crop"]);
            let [height, width] = golden::pair_of(&rule["size"]);
            let limit = rule["cat_max_ratio"].as_f64().unwrap();
            let region = |offset: &serde_json::Value| {
                let [y, x] = golden::pair_of(offset);
                Region { y, x, height, width }
            };
            let accept = |region| is_mixed(&label, label.size(), region, limit);
            let (rows, draws) = (rule["rows"].as_array().unwrap(), rule["draws"].as_array().unwrap());
            for row in rows {
                assert_eq!(accept(region(&row["offset"])), row["accepted"].as_bool().unwrap(), "{row}");
            }
            for row in draws {
                let mut offsets = row["offsets"].as_array().unwrap().iter();
                let chosen = choose(|| region(offsets.next().unwrap()), accept);
                assert_eq!(chosen, region(&row["chosen"]), "{row}");
            }
            assert!(rows.len() >= 20 && draws.len() >= 2);
        }
    }

    #[test]
    fn golden_crop_pixels() {
        for golden in golden::folders() {
            let (image, label) = (golden.image("image"), golden.label("label"));
            let rule = &golden.transforms()["crop"];
            let [height, width] = golden::pair_of(&rule["size"]);
            let cases = rule["images"].as_object().unwrap();
            for (name, offset) in cases {
                let [y, x] = golden::pair_of(offset);
                let region = Region { y, x, height, width };
                assert_eq!(resize_image_region(&image, image.size(), region), golden.image(name));
                let cropped = resize_label_region(&label, label.size(), region);
                assert_eq!(cropped, golden.label(&format!("{name}_label")));
            }
            assert!(cases.len() >= 3);
        }
    }

    #[test]
    fn a_small_image_gives_a_region_cut_short() {
        let label = LabelMap::filled(5, 300, 0);
        let mut random = Random::new(0, crate::random::Purpose::Augment, 0, 0);
        let region = draw_crop(&label, [5, 300], [128, 128], 0.75, &mut random);
        assert_eq!((region.y, region.height, region.width), (0, 5, 128));
    }
}
