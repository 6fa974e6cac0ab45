//! Control images, of which it is known what there is to be learnt: each pixel is bright or dark,
//! at random and whatever its neighbours are.
//!
//! Where the class is that of a mark at a distance, nothing near the pixel tells it; where it is
//! the pixel's own, nothing but the pixel does.

use serde::{Deserialize, Serialize};

use crate::random::Random;
use crate::raster::{IGNORE_INDEX, LabelMap, RgbImage8};

/// What tells the class of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Drawing {
    /// Whether the pixel `distance` rows above it is bright. Vertical, because training mirrors
    /// left and right. The first `distance` rows have no class.
    Mark {
        /// In pixels, from 1 to the image's height less one.
        distance: usize,
    },
    /// Whether the pixel is bright itself, which noise hides in part: even the best guess is wrong
    /// for a sixth of them. Its surroundings say nothing.
    Local,
}

/// Grey level between bright and dark.
const MIDDLE: f64 = 128.0;
/// From the middle to bright and to dark.
const CONTRAST: f64 = 40.0;
/// Standard deviation of the grey levels where marks are to be seen plainly.
const FAINT_NOISE: f64 = 4.0;
/// Standard deviation of the grey levels where brightness is half hidden. It is as much as the
/// contrast, so that a share of the normal distribution beyond one deviation is on the wrong side
/// of the middle.
const STRONG_NOISE: f64 = CONTRAST;

impl Drawing {
    /// Says what cannot be drawn on images of this size (height, width), if anything.
    pub(crate) fn check(self, [height, _]: [usize; 2]) -> Result<(), String> {
        match self {
            Drawing::Mark { distance } if !(1..height).contains(&distance) => Err(format!(
                "synthetic drawing: mark distance {distance}: must be from 1 to {}, below the height",
                height.saturating_sub(1)
            )),
            _ => Ok(()),
        }
    }

    /// The line of the drawing in the marker file.
    pub(crate) fn marker(self) -> String {
        match self {
            Drawing::Mark { distance } => format!("drawing = mark at distance {distance}\n"),
            Drawing::Local => "drawing = local\n".to_owned(),
        }
    }

    /// Draws one image of a size (height, width) and its mask: 0 dark, 1 bright, 255 without a
    /// class.
    pub(crate) fn draw(self, [height, width]: [usize; 2], random: &mut Random) -> (RgbImage8, LabelMap) {
        let bright: Vec<bool> = (0..height * width).map(|_| random.chance(0.5)).collect();
        let noise = match self {
            Drawing::Mark { .. } => FAINT_NOISE,
            Drawing::Local => STRONG_NOISE,
        };
        let grey = |&bright: &bool| {
            let level = MIDDLE + if bright { CONTRAST } else { -CONTRAST } + noise * standard_normal(random);
            [level.round().clamp(0.0, 255.0) as u8; 3]
        };
        let image = RgbImage8 { height, width, data: bright.iter().flat_map(grey).collect() };
        let above = match self {
            Drawing::Mark { distance } => distance * width,
            Drawing::Local => 0,
        };
        let class = |at: usize| at.checked_sub(above).map_or(IGNORE_INDEX, |mark| u8::from(bright[mark]));
        (image, LabelMap { height, width, data: (0..height * width).map(class).collect() })
    }
}

/// Draws a number that is about normal, with mean 0 and deviation 1: twelve uniform values have a
/// variance of one, and need no library's logarithm, so that all machines draw the same.
fn standard_normal(random: &mut Random) -> f64 {
    (0..12).map(|_| random.uniform()).sum::<f64>() - 6.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn drawn(drawing: Drawing, size: [usize; 2]) -> (RgbImage8, LabelMap) {
        drawing.draw(size, &mut Random::new(1, Purpose::Synthetic, 0, 0))
    }

    fn is_bright(image: &RgbImage8, y: usize, x: usize) -> bool {
        image.pixel(y, x)[0] > 128
    }

    /// Share of the pixels whose class is the brightness of the pixel so many rows and columns from
    /// it. Half of them by chance.
    fn agreement((image, label): &(RgbImage8, LabelMap), [dy, dx]: [isize; 2]) -> f64 {
        let (mut same, mut all) = (0.0, 0.0);
        for y in 0..image.height {
            for x in 0..image.width {
                let class = label.data[y * label.width + x];
                let (Some(y), Some(x)) = (y.checked_add_signed(dy), x.checked_add_signed(dx)) else { continue };
                if class != IGNORE_INDEX && y < image.height && x < image.width {
                    all += 1.0;
                    same += f64::from(u8::from(is_bright(image, y, x) == (class == 1)));
                }
            }
        }
        same / all
    }

    #[test]
    fn a_mark_tells_the_class_of_the_pixel_at_its_distance() {
        let set = drawn(Drawing::Mark { distance: 8 }, [32, 40]);
        let (image, label) = &set;
        for (at, &class) in label.data.iter().enumerate() {
            let (y, x) = (at / 40, at % 40);
            let expected = if y < 8 { IGNORE_INDEX } else { u8::from(is_bright(image, y - 8, x)) };
            assert_eq!(class, expected, "{y} {x}");
        }
        assert_eq!(agreement(&set, [-8, 0]), 1.0);
    }

    /// No other pixel says anything: the shares are within four standard deviations of one half.
    #[test]
    fn nothing_but_the_mark_tells_the_class() {
        let set = drawn(Drawing::Mark { distance: 16 }, [128, 128]);
        let limit = 4.0 * 0.5 / f64::sqrt(64.0 * 96.0);
        for dy in -24..=24 {
            for dx in -3..=3 {
                let share = agreement(&set, [dy, dx]);
                assert!([dy, dx] == [-16, 0] || (share - 0.5).abs() < limit, "{dy} {dx}: {share}");
            }
        }
    }

    #[test]
    fn a_local_class_is_the_pixels_own_and_half_hidden() {
        let set = drawn(Drawing::Local, [128, 128]);
        let own = agreement(&set, [0, 0]);
        // A normal distribution has 0.8413 of itself below one deviation.
        assert!((own - 0.8413).abs() < 0.012, "{own}");
        let limit = 4.0 * 0.5 / 120.0;
        for offset in [[0, 1], [1, 0], [-1, -1], [-4, 0], [16, 0], [0, 8], [-32, 0]] {
            let share = agreement(&set, offset);
            assert!((share - 0.5).abs() < limit, "{offset:?}: {share}");
        }
        assert!(!set.1.data.contains(&IGNORE_INDEX));
    }

    #[test]
    fn the_deviation_is_one() {
        let random = &mut Random::new(2, Purpose::Synthetic, 0, 0);
        let values: Vec<f64> = (0..40_000).map(|_| standard_normal(random)).collect();
        let mean = values.iter().sum::<f64>() / 4e4;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 4e4;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }

    #[test]
    fn distances_beyond_the_image_are_refused() {
        let check = |distance| Drawing::Mark { distance }.check([32, 64]);
        assert_eq!((check(1), check(31)), (Ok(()), Ok(())));
        for distance in [0, 32, 64] {
            assert!(check(distance).unwrap_err().contains(&format!("distance {distance}: must be from 1 to 31")));
        }
    }

    #[test]
    fn the_wire_form_is_short() {
        let json = |drawing| serde_json::to_string(&drawing).unwrap();
        assert_eq!(json(Drawing::Local), r#""local""#);
        assert_eq!(json(Drawing::Mark { distance: 16 }), r#"{"mark":{"distance":16}}"#);
        assert!(serde_json::from_str::<Drawing>(r#"{"mark":{"distance":16,"side":4}}"#).is_err());
    }
}
