//! A planted cue: real images in which some vessels can be known only from a place at a given
//! distance.
//!
//! It measures how sensitive an experiment on atrous rates is. Where a branch of the ASPP looks
//! that far, hidden vessels can be found; where none does, they cannot.

use std::path::Path;

use super::PrepareReport;
use super::convert::convert_changed;
use crate::Progress;
use crate::datasets::DatasetKind;
use crate::error::{DataError, Result};
use crate::limit::ImageLimit;
use crate::random::{Purpose, Random};
use crate::raster::{LabelMap, RgbImage8};

/// A cue for hidden vessels, to be planted in the images of a retina set.
///
/// The image is cut into square blocks. Some of them are hidden: painted over with the colour of
/// their background. The vessels of a hidden block are then drawn faintly into the blue channel,
/// `distance` rows above where they are. Masks stay as they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlantedCue {
    /// Rows from a hidden vessel up to its cue, in pixels of the image; at least 1.
    pub distance: usize,
    /// What the cue adds to the blue channel, 1 to 255; more is clearer.
    pub amplitude: u8,
    /// The probability of a block to be hidden, above 0 and at most 1.
    pub share: f64,
    /// Side of a block in pixels; at least 1.
    pub side: usize,
    /// Chooses the blocks that are hidden.
    pub seed: u64,
}

impl PlantedCue {
    /// Hides vessels of an image, the `index`-th of its split, and plants their cue.
    fn plant(&self, image: &mut RgbImage8, label: &LabelMap, stream: u64) {
        let hidden = self.hidden_blocks(label.size(), stream);
        for block in &hidden {
            block.paint_over(image, label);
        }
        for block in &hidden {
            self.draw_cue(image, label, block);
        }
    }

    /// Chooses the blocks of an image of this size (height, width) that are hidden. Their grid
    /// begins at a random place, so that no pixel is always at an edge.
    fn hidden_blocks(&self, [height, width]: [usize; 2], stream: u64) -> Vec<HiddenBlock> {
        let mut random = Random::new(self.seed, Purpose::Cue, 0, stream);
        let offset = [random.below(self.side), random.below(self.side)];
        let mut blocks = Vec::new();
        for top in (0..height + offset[0]).step_by(self.side) {
            for left in (0..width + offset[1]).step_by(self.side) {
                let span = |start: usize, offset: usize, end: usize| {
                    [start.saturating_sub(offset), (start + self.side).saturating_sub(offset).min(end)]
                };
                if random.chance(self.share) {
                    blocks.push(HiddenBlock {
                        rows: span(top, offset[0], height),
                        columns: span(left, offset[1], width),
                    });
                }
            }
        }
        blocks
    }

    fn draw_cue(&self, image: &mut RgbImage8, label: &LabelMap, block: &HiddenBlock) {
        for (y, x) in block.pixels().filter(|(y, x)| *y >= self.distance && label.data[y * label.width + x] == VESSEL) {
            let [red, green, blue] = image.pixel(y - self.distance, x);
            image.set_pixel(y - self.distance, x, [red, green, blue.saturating_add(self.amplitude)]);
        }
    }
}

/// The train id of vessels in the retina sets.
const VESSEL: u8 = 1;

/// A rectangle of pixels: from the first up to, not including, the second of each pair.
struct HiddenBlock {
    rows: [usize; 2],
    columns: [usize; 2],
}

impl HiddenBlock {
    fn pixels(&self) -> impl Iterator<Item = (usize, usize)> {
        let [left, right] = self.columns;
        (self.rows[0]..self.rows[1]).flat_map(move |y| (left..right).map(move |x| (y, x)))
    }

    /// Paints the block with the mean colour of its background, or of the whole block.
    fn paint_over(&self, image: &mut RgbImage8, label: &LabelMap) {
        let background = |(y, x): &(usize, usize)| label.data[y * label.width + x] != VESSEL;
        let colour = mean_colour(image, self.pixels().filter(background))
            .or_else(|| mean_colour(image, self.pixels()))
            .unwrap_or_default();
        for (y, x) in self.pixels() {
            image.set_pixel(y, x, colour);
        }
    }
}

/// The mean colour of some pixels, rounded; `None` of no pixel.
fn mean_colour(image: &RgbImage8, pixels: impl Iterator<Item = (usize, usize)>) -> Option<[u8; 3]> {
    let mut sums = [0u64; 3];
    let mut count = 0u64;
    for (y, x) in pixels {
        sums.iter_mut().zip(image.pixel(y, x)).for_each(|(sum, value)| *sum += u64::from(value));
        count += 1;
    }
    (count > 0).then(|| sums.map(|sum| ((sum + count / 2) / count) as u8))
}

/// Converts a retina set as [`convert`](super::convert()) does, with a cue planted in each image of
/// both splits. The same cue and the same files give the same images.
///
/// # Errors
/// Those of [`convert`](super::convert()); a set of more classes than background and vessel; a cue
/// beyond its ranges.
pub fn plant_cue(
    kind: DatasetKind,
    source: &Path,
    out: &Path,
    cue: &PlantedCue,
    limit: ImageLimit,
    progress: Progress,
) -> Result<PrepareReport> {
    let refuse = |reason: String| Err(DataError::Cue { reason });
    if kind.class_names() != ["background", "vessel"] {
        return refuse(format!("{kind} has other classes than background and vessel; name a retina set"));
    }
    if cue.distance == 0 || cue.amplitude == 0 || cue.side == 0 {
        return refuse("distance, amplitude and side of the blocks are at least 1".to_owned());
    }
    if !(cue.share > 0.0 && cue.share <= 1.0) {
        return refuse(format!("the share of hidden blocks is above 0 and at most 1, not {}", cue.share));
    }
    convert_changed(kind, source, out, limit, progress, &|stream, image, label| cue.plant(image, label, stream))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, SyntheticConfig};
    use crate::{Dataset, Split};

    const CUE: PlantedCue = PlantedCue { distance: 9, amplitude: 20, share: 0.3, side: 12, seed: 0 };

    /// An eye of one colour with vertical vessels of another, and its mask.
    fn striped(height: usize, width: usize) -> (RgbImage8, LabelMap) {
        let mut image = RgbImage8::filled(height, width, [200, 100, 50]);
        let mut label = LabelMap::filled(height, width, 0);
        for (y, x) in (0..height).flat_map(|y| (0..width).step_by(7).map(move |x| (y, x))) {
            image.set_pixel(y, x, [90, 30, 10]);
            label.data[y * width + x] = VESSEL;
        }
        (image, label)
    }

    #[test]
    fn the_share_of_hidden_pixels_is_that_asked_for() {
        let hidden: usize =
            (0..20).flat_map(|stream| CUE.hidden_blocks([90, 130], stream)).map(|block| block.pixels().count()).sum();
        let share = hidden as f64 / (20 * 90 * 130) as f64;
        assert!((share - 0.3).abs() < 0.03, "{share}");
    }

    /// By the definition, pixel by pixel: what is hidden shows no vessel, and its cue is there and
    /// nowhere else.
    #[test]
    fn a_hidden_vessel_can_be_known_from_its_cue_alone() {
        let (original, label) = striped(90, 130);
        let mut image = original.clone();
        CUE.plant(&mut image, &label, 3);
        let mut hidden = vec![false; 90 * 130];
        for (y, x) in CUE.hidden_blocks([90, 130], 3).iter().flat_map(HiddenBlock::pixels) {
            hidden[y * 130 + x] = true;
        }
        let is_hidden_vessel = |y: usize, x: usize| hidden[y * 130 + x] && label.data[y * 130 + x] == VESSEL;
        let mut cues = 0;
        for (y, x) in (0..90).flat_map(|y| (0..130).map(move |x| (y, x))) {
            let base = if hidden[y * 130 + x] { [200, 100, 50] } else { original.pixel(y, x) };
            let is_cue = y + CUE.distance < 90 && is_hidden_vessel(y + CUE.distance, x);
            let blue = base[2] + if is_cue { CUE.amplitude } else { 0 };
            assert_eq!(image.pixel(y, x), [base[0], base[1], blue], "{y} {x}");
            cues += usize::from(is_cue);
        }
        assert!(cues > 100, "{cues}");
    }

    #[test]
    fn the_masks_stay_and_the_same_cue_gives_the_same_images() {
        let root = tempfile::tempdir().unwrap();
        let source = root.path().join("STARE");
        synthetic::write(DatasetKind::STARE, root.path(), &SyntheticConfig::new(0, 3, 2, [64, 80])).unwrap();
        let planted = |name: &str, cue: &PlantedCue| {
            let out = root.path().join(name);
            plant_cue(DatasetKind::STARE, &source, &out, cue, ImageLimit::DEFAULT, &|_, _| ()).unwrap();
            let set = Dataset::open_at(DatasetKind::STARE, &out).unwrap();
            Split::ALL.map(|split| set.samples(split).iter().map(|sample| sample.load().unwrap()).collect::<Vec<_>>())
        };
        let plain = Dataset::open_at(DatasetKind::STARE, &source).unwrap();
        let (once, again) = (planted("a", &CUE), planted("b", &CUE));
        assert_eq!(once, again);
        let other = planted("c", &PlantedCue { seed: 1, ..CUE });
        for (split, (images, others)) in Split::ALL.iter().zip(once.iter().zip(&other)) {
            for ((sample, (image, label)), (another, _)) in plain.samples(*split).iter().zip(images).zip(others) {
                let (before, mask) = sample.load().unwrap();
                assert_eq!(*label, mask);
                assert!(*image != before && image != another);
            }
        }
    }

    #[test]
    fn what_cannot_be_planted_is_refused() {
        let refused = |kind, cue: PlantedCue| {
            let nowhere = Path::new("/nowhere");
            plant_cue(kind, nowhere, nowhere, &cue, ImageLimit::DEFAULT, &|_, _| ()).unwrap_err().to_string()
        };
        assert!(refused(DatasetKind::ISAID, CUE).contains("isaid has other classes"));
        assert!(refused(DatasetKind::STARE, PlantedCue { distance: 0, ..CUE }).contains("at least 1"));
        assert!(refused(DatasetKind::STARE, PlantedCue { share: f64::NAN, ..CUE }).contains("not NaN"));
    }
}
