//! Random cropping that avoids regions of nearly one class.

use super::region::Region;
use super::resize::nearest_indexes;
use crate::class_planes::{ClassPlanes, Crossings};
use crate::random::Random;
use crate::raster::{IGNORE_INDEX, LabelMap};

/// Crops that are checked; the next one is taken as it is.
const CHECKED_DRAWS: usize = 10;

/// Draws the region of a resized label map to crop. A map smaller than the crop gives a region cut
/// short.
///
/// `size` is the resized size; the label map itself is read at its own size, only where the region
/// needs it. A `max_class_share` of 1 or more accepts the first draw.
pub(super) fn draw_crop(
    labels: Labels,
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
    // An image that is not larger than the crop gives one region again and again.
    let mut refused = None;
    choose(draw, |region| {
        let accepted =
            max_class_share >= 1.0 || refused != Some(region) && is_mixed(labels, size, region, max_class_share);
        refused = Some(region);
        accepted
    })
}

/// Takes the first accepted draw of ten, else the eleventh unchecked.
fn choose(mut draw: impl FnMut() -> Region, mut accept: impl FnMut(Region) -> bool) -> Region {
    for _ in 0..CHECKED_DRAWS {
        let region = draw();
        if accept(region) {
            return region;
        }
    }
    draw()
}

/// Whether a region holds at least two labels, ignored pixels aside, and the most frequent one has
/// strictly less than `max_class_share`, a share below 1, of the pixels.
fn is_mixed(labels: Labels, size: [usize; 2], region: Region, max_class_share: f64) -> bool {
    let mut counts = labels.count(size, region);
    counts[IGNORE_INDEX as usize] = 0;
    let (most, all) = (counts.iter().max().copied().unwrap_or(0) as f64, counts.iter().sum::<u64>() as f64);
    // Of no pixels the share is not a number, and of one label it is 1.
    most / all < max_class_share
}

/// A label map, and the same as bits if there are.
#[derive(Clone, Copy)]
pub(super) struct Labels<'a> {
    pub map: &'a LabelMap,
    pub planes: Option<&'a ClassPlanes>,
}

impl Labels<'_> {
    /// Counts the pixels of each label in a region of the resized map.
    fn count(self, size: [usize; 2], region: Region) -> [u64; 256] {
        let Self { map, planes } = self;
        let crossings = Crossings {
            rows: nearest_indexes(map.height, size[0], region.y, region.height).collect(),
            columns: nearest_indexes(map.width, size[1], region.x, region.width).collect(),
        };
        if let Some(planes) = planes {
            return planes.count(&crossings);
        }
        count_runs(map, &crossings)
    }
}

/// Counts the pixels of each label at the crossings. Label maps are runs of equal labels: each is
/// measured and counted at once.
fn count_runs(map: &LabelMap, Crossings { rows, columns }: &Crossings) -> [u64; 256] {
    let (first, last) = (columns[0], columns[columns.len() - 1]);
    // Columns left of each source pixel from `first` on.
    let mut left = vec![0; last - first + 2];
    columns.iter().for_each(|x| left[x - first + 1] += 1);
    (1..left.len()).for_each(|x| left[x] += left[x - 1]);
    let mut counts = [0; 256];
    for repeated in rows.chunk_by(|a, b| a == b) {
        let row = &map.data[repeated[0] * map.width..][first..=last];
        let mut start = 0;
        while start < row.len() {
            let end = start + run_length(&row[start..]);
            counts[row[start] as usize] += (left[end] - left[start]) * repeated.len() as u64;
            start = end;
        }
    }
    counts
}

/// Counts how many of the first labels are equal.
fn run_length(labels: &[u8]) -> usize {
    let (words, rest) = labels.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let differing = u64::from_le_bytes(*word) ^ u64::from_ne_bytes([labels[0]; 8]);
        if differing != 0 {
            return 8 * index + differing.trailing_zeros() as usize / 8;
        }
    }
    8 * words.len() + rest.iter().take_while(|label| **label == labels[0]).count()
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
            let planes = ClassPlanes::new(&label);
            let (rows, draws) = (rule["rows"].as_array().unwrap(), rule["draws"].as_array().unwrap());
            for planes in [None, planes.as_ref()] {
                let accept = |region| is_mixed(Labels { map: &label, planes }, label.size(), region, limit);
                for row in rows {
                    assert_eq!(accept(region(&row["offset"])), row["accepted"].as_bool().unwrap(), "{row}");
                }
                for row in draws {
                    let mut offsets = row["offsets"].as_array().unwrap().iter();
                    let chosen = choose(|| region(offsets.next().unwrap()), accept);
                    assert_eq!(chosen, region(&row["chosen"]), "{row}");
                }
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
        let labels = Labels { map: &label, planes: None };
        let region = draw_crop(labels, [5, 300], [128, 128], 0.75, &mut random);
        assert_eq!((region.y, region.height, region.width), (0, 5, 128));
    }
}
