//! Drawing an image and its mask at the same time.

use crate::random::Random;
use crate::raster::{LabelMap, RgbImage8};

/// An image in colours from 0 to 255, before rounding, and its mask.
pub(crate) struct LabelledCanvas {
    pub height: usize,
    pub width: usize,
    colours: Vec<[f64; 3]>,
    pub label: LabelMap,
}

impl LabelledCanvas {
    /// A canvas of one label, coloured by `colour(y, x)`.
    pub fn new([height, width]: [usize; 2], label: u8, colour: impl Fn(usize, usize) -> [f64; 3]) -> Self {
        let colours = (0..height * width).map(|i| colour(i / width, i % width)).collect();
        Self { height, width, colours, label: LabelMap::filled(height, width, label) }
    }

    /// Mixes a colour into a pixel: opacity 0 leaves it, 1 replaces it.
    pub fn blend(&mut self, y: usize, x: usize, colour: [f64; 3], opacity: f64) {
        let pixel = &mut self.colours[y * self.width + x];
        for (old, new) in pixel.iter_mut().zip(colour) {
            *old += (new - *old) * opacity;
        }
    }

    /// Fills the pixels whose centres lie in a shape, given by its bounding box and a test.
    pub fn fill(
        &mut self,
        [top, left, bottom, right]: [f64; 4],
        inside: impl Fn(f64, f64) -> bool,
        label: u8,
        colour: [f64; 3],
    ) {
        let clip = |value: f64, side: usize| value.clamp(0.0, side as f64) as usize;
        for y in clip(top.floor(), self.height)..clip(bottom.ceil(), self.height) {
            for x in clip(left.floor(), self.width)..clip(right.ceil(), self.width) {
                if inside(y as f64 + 0.5, x as f64 + 0.5) {
                    self.colours[y * self.width + x] = colour;
                    self.label.data[y * self.width + x] = label;
                }
            }
        }
    }

    /// Fills an upright rectangle.
    pub fn rectangle(&mut self, bounds: [f64; 4], label: u8, colour: [f64; 3]) {
        let [top, left, bottom, right] = bounds;
        self.fill(bounds, |y, x| y >= top && y < bottom && x >= left && x < right, label, colour);
    }

    /// Fills an upright ellipse.
    pub fn ellipse(&mut self, centre: [f64; 2], radii: [f64; 2], label: u8, colour: [f64; 3]) {
        let ([cy, cx], [ry, rx]) = (centre, radii);
        let bounds = [cy - ry, cx - rx, cy + ry, cx + rx];
        let inside = |y: f64, x: f64| ((y - cy) / ry).powi(2) + ((x - cx) / rx).powi(2) <= 1.0;
        self.fill(bounds, inside, label, colour);
    }

    /// Fills a shape in its own coordinates, turned and moved: `inside(along, across)` in pixels,
    /// within `reach`.
    pub fn turned(
        &mut self,
        [cy, cx]: [f64; 2],
        angle: f64,
        reach: f64,
        inside: impl Fn(f64, f64) -> bool,
        label: u8,
        colour: [f64; 3],
    ) {
        let (sin, cos) = angle.sin_cos();
        let bounds = [cy - reach, cx - reach, cy + reach, cx + reach];
        let turned = |y: f64, x: f64| {
            let (dy, dx) = (y - cy, x - cx);
            inside(dx * cos + dy * sin, dy * cos - dx * sin)
        };
        self.fill(bounds, turned, label, colour);
    }

    /// Renders the image, with light changed by the same factor everywhere and noise of some grey
    /// levels at each pixel.
    pub fn image(&self, light: f64, noise: f64, random: &mut Random) -> RgbImage8 {
        let mut data = Vec::with_capacity(3 * self.colours.len());
        for colour in &self.colours {
            let shade = random.between(-noise, noise);
            // Most of the noise is common to the channels, as in photographs.
            data.extend(
                colour.map(|channel| (channel * light + shade + random.between(-0.4, 0.4) * noise).round() as u8),
            );
        }
        RgbImage8 { height: self.height, width: self.width, data }
    }
}

/// Smooth random values in [0, 1): a grid of random numbers, interpolated.
pub(super) struct Texture {
    cell: f64,
    columns: usize,
    grid: Vec<f64>,
}

impl Texture {
    /// A texture over a size (height, width) whose features are about `cell` pixels wide.
    pub fn new([height, width]: [usize; 2], cell: f64, random: &mut Random) -> Self {
        let cell = cell.max(1.0);
        let nodes = |side: usize| (side as f64 / cell).ceil() as usize + 2;
        let (rows, columns) = (nodes(height), nodes(width));
        Self { cell, columns, grid: (0..rows * columns).map(|_| random.uniform()).collect() }
    }

    /// The value at a pixel.
    pub fn at(&self, y: usize, x: usize) -> f64 {
        let (y, x) = (y as f64 / self.cell, x as f64 / self.cell);
        let (row, column) = (y as usize, x as usize);
        let smooth = |t: f64| t * t * (3.0 - 2.0 * t);
        let (fy, fx) = (smooth(y.fract()), smooth(x.fract()));
        let node = |r: usize, c: usize| self.grid[r * self.columns + c];
        let upper = node(row, column) * (1.0 - fx) + node(row, column + 1) * fx;
        let lower = node(row + 1, column) * (1.0 - fx) + node(row + 1, column + 1) * fx;
        upper * (1.0 - fy) + lower * fy
    }
}

/// Mixes a colour between two: `share` 0 gives `a`, 1 gives `b`.
pub(super) fn mix(a: [f64; 3], b: [f64; 3], share: f64) -> [f64; 3] {
    std::array::from_fn(|channel| a[channel] + (b[channel] - a[channel]) * share)
}
