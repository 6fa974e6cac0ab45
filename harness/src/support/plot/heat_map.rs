//! An array as a picture: one colour per value.

use super::colour::{Scale, colour};
use anyhow::{Context, Result};
use atrous_data::RgbImage8;

/// Pictures are enlarged by a whole factor until their longer side has so many pixels.
const SIDE: usize = 512;
/// Colour of outlines. Magma has no green.
const OUTLINE: [u8; 3] = [80, 250, 123];

/// An array to be drawn.
#[derive(Clone, Debug)]
pub struct HeatMap<'a> {
    /// Height and width.
    pub size: [usize; 2],
    /// height x width, row-major, not negative.
    pub values: &'a [f64],
    /// Squares that are marked.
    pub outlines: Vec<Outline>,
}

/// A square of the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Row and column of its centre.
    pub centre: [usize; 2],
    /// Pixels of the array to each side of its centre.
    pub reach: usize,
}

/// The picture as a PNG file, its lightest colour at the largest value, enlarged as [`enlargement`]
/// says.
///
/// # Errors
/// None that an array can cause.
pub fn png(map: &HeatMap, scale: Scale) -> Result<Vec<u8>> {
    let peak = map.values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    draw(map, scale, peak, enlargement(map.size, SIDE)).png().context("a map cannot be encoded")
}

/// The largest whole factor at which no side is longer than `side`; at least 1.
pub fn enlargement(size: [usize; 2], side: usize) -> usize {
    (side / size[0].max(size[1])).max(1)
}

/// The picture, `factor` times as large as the array, its lightest colour at `peak`.
pub fn draw(map: &HeatMap, scale: Scale, peak: f64, factor: usize) -> RgbImage8 {
    let [height, width] = map.size.map(|side| side * factor);
    let mut data = Vec::with_capacity(3 * height * width);
    for row in map.values.chunks_exact(map.size[1]) {
        let colours = row.iter().map(|value| colour(scale.position(*value, peak)));
        let line: Vec<u8> = colours.flat_map(|colour| std::iter::repeat_n(colour, factor)).flatten().collect();
        (0..factor).for_each(|_| data.extend_from_slice(&line));
    }
    let mut picture = RgbImage8 { height, width, data };
    for outline in &map.outlines {
        mark(&mut picture, *outline, factor);
    }
    picture
}

/// Draws the outermost pixels of the square, as far as they are in the picture.
fn mark(picture: &mut RgbImage8, Outline { centre, reach }: Outline, factor: usize) {
    let first = centre.map(|at| at as isize - reach as isize).map(|at| at * factor as isize);
    let last = centre.map(|at| ((at + reach + 1) * factor) as isize - 1);
    let mut set = |y: isize, x: isize| {
        if (0..picture.height as isize).contains(&y) && (0..picture.width as isize).contains(&x) {
            picture.set_pixel(y as usize, x as usize, OUTLINE);
        }
    };
    for x in first[1]..=last[1] {
        set(first[0], x);
        set(last[0], x);
    }
    for y in first[0]..=last[0] {
        set(y, first[1]);
        set(y, last[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_squares_of_one_colour() {
        let map = HeatMap { size: [2, 3], values: &[0.0, 1.0, 2.0, 4.0, 0.0, 1.0], outlines: vec![] };
        let picture = draw(&map, Scale::Linear, 4.0, 2);
        assert_eq!(picture.size(), [4, 6]);
        for (i, value) in map.values.iter().enumerate() {
            for [y, x] in [[0, 0], [0, 1], [1, 0], [1, 1]] {
                assert_eq!(picture.pixel(2 * (i / 3) + y, 2 * (i % 3) + x), colour(value / 4.0));
            }
        }
    }

    #[test]
    fn a_png_is_read_back() {
        let map = HeatMap { size: [2, 3], values: &[0.0, 1.0, 2.0, 4.0, 0.0, 1.0], outlines: vec![] };
        let picture = image::load_from_memory(&png(&map, Scale::Log { decades: 2 }).unwrap()).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (510, 340));
        assert_eq!(picture.get_pixel(0, 339).0, colour(1.0));
        assert_eq!(picture.get_pixel(0, 0).0, colour(0.0));
    }

    #[test]
    fn outlines_surround_their_squares() {
        let values = [0.0; 25];
        let outlines = vec![Outline { centre: [2, 2], reach: 1 }, Outline { centre: [0, 4], reach: 1 }];
        let picture = draw(&HeatMap { size: [5, 5], values: &values, outlines }, Scale::Linear, 1.0, 3);
        let marked = |y: usize, x: usize| picture.pixel(y, x) == OUTLINE;
        assert!(marked(3, 3) && marked(11, 11) && marked(3, 11) && marked(7, 3) && !marked(4, 4) && !marked(12, 12));
        assert!(marked(5, 14) && marked(0, 9), "cut off at the edge");
    }

    #[test]
    fn small_arrays_are_enlarged() {
        assert_eq!([[64, 96], [512, 4], [769, 769]].map(|size| enlargement(size, 512)), [5, 1, 1]);
    }
}
