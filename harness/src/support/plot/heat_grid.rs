//! Several arrays in one picture, with one colour scale for all.

use super::colour::{Scale, colour};
use super::font;
use super::heat_map::{HeatMap, draw, enlargement};
use anyhow::{Context, Result, anyhow, ensure};
use atrous_data::RgbImage8;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Tiles are enlarged by a whole factor, as far as no side gets longer than this.
const TILE: usize = 288;
const MARGIN: usize = 16;
/// Height of a caption's line.
const LINE: usize = 26;
/// Height of the colour bar.
const BAR: usize = 14;
/// Text and background.
const INK: RGBColor = RGBColor(30, 30, 30);
const PAPER: [u8; 3] = [255, 255, 255];

/// An array with what it is of.
#[derive(Clone, Debug)]
pub struct GridTile<'a> {
    pub caption: String,
    pub map: HeatMap<'a>,
}

/// The places of all parts of the picture.
struct GridLayout {
    columns: usize,
    /// Height and width of a tile's picture.
    tile: [usize; 2],
    factor: usize,
    /// Height and width of the whole.
    size: [usize; 2],
}

impl GridLayout {
    fn new(tiles: usize, size: [usize; 2]) -> Self {
        let columns = (1..).find(|columns| columns * columns >= tiles).unwrap_or(1);
        let rows = tiles.div_ceil(columns);
        let factor = enlargement(size, TILE);
        let tile = size.map(|side| side * factor);
        let height = MARGIN + rows * (LINE + tile[0] + MARGIN) + LINE + BAR + MARGIN;
        // Wide enough for the text of the colour bar.
        let width = (MARGIN + columns * (tile[1] + MARGIN)).max(TILE + 2 * MARGIN);
        GridLayout { columns, tile, factor, size: [height, width] }
    }

    /// Row and column of a tile's first pixel.
    fn corner(&self, index: usize) -> [usize; 2] {
        let y = MARGIN + index / self.columns * (LINE + self.tile[0] + MARGIN) + LINE;
        [y, MARGIN + index % self.columns * (self.tile[1] + MARGIN)]
    }

    /// Row of the colour bar's first pixel; it spans the width between the margins.
    fn bar(&self) -> usize {
        self.size[0] - MARGIN - BAR
    }
}

/// The tiles under their captions, a colour bar below, as a PNG file. The lightest colour is at the
/// largest value of all tiles, so that tiles can be compared.
///
/// # Errors
/// No tiles, or tiles of different sizes.
pub fn png(tiles: &[GridTile], scale: Scale) -> Result<Vec<u8>> {
    picture(tiles, scale)?.png().context("a grid cannot be encoded")
}

fn picture(tiles: &[GridTile], scale: Scale) -> Result<RgbImage8> {
    let size = tiles.first().map(|tile| tile.map.size).ok_or_else(|| anyhow!("a grid needs a tile"))?;
    ensure!(tiles.iter().all(|tile| tile.map.size == size), "tiles of different sizes do not make a grid");
    let layout = GridLayout::new(tiles.len(), size);
    let mut picture = RgbImage8::filled(layout.size[0], layout.size[1], PAPER);
    write(&mut picture, &layout, tiles, scale).map_err(|error| anyhow!("a grid's text cannot be drawn: {error}"))?;
    let peak = tiles.iter().flat_map(|tile| tile.map.values).copied().fold(f64::MIN_POSITIVE, f64::max);
    for (index, tile) in tiles.iter().enumerate() {
        paste(&mut picture, &draw(&tile.map, scale, peak, layout.factor), layout.corner(index));
    }
    let length = layout.size[1] - 2 * MARGIN;
    for x in 0..length {
        let colour = colour(x as f64 / (length - 1) as f64);
        (0..BAR).for_each(|y| picture.set_pixel(layout.bar() + y, MARGIN + x, colour));
    }
    Ok(picture)
}

fn paste(picture: &mut RgbImage8, part: &RgbImage8, [top, left]: [usize; 2]) {
    for (y, row) in part.data.chunks_exact(3 * part.width).enumerate() {
        let at = 3 * ((top + y) * picture.width + left);
        picture.data[at..at + row.len()].copy_from_slice(row);
    }
}

/// The captions, and what the colour bar's ends are.
fn write(
    picture: &mut RgbImage8,
    layout: &GridLayout,
    tiles: &[GridTile],
    scale: Scale,
) -> Result<(), Box<dyn std::error::Error>> {
    font::register();
    let sides = (layout.size[1] as u32, layout.size[0] as u32);
    let area = BitMapBackend::with_buffer(&mut picture.data, sides).into_drawing_area();
    let style = ("sans-serif", 18).into_text_style(&area).color(&INK);
    let text = |text: &str, [y, x]: [usize; 2], side: HPos| {
        let style = style.clone().pos(Pos::new(side, VPos::Bottom));
        area.draw(&Text::new(text.to_owned(), (x as i32, y as i32 - 3), style)).map_err(|error| error.to_string())
    };
    for (index, tile) in tiles.iter().enumerate() {
        text(&tile.caption, layout.corner(index), HPos::Left)?;
    }
    let [dark, light] = scale.ends();
    text(&dark, [layout.bar(), MARGIN], HPos::Left)?;
    text(&light, [layout.bar(), layout.size[1] - MARGIN], HPos::Right)?;
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(caption: &str, values: &'static [f64]) -> GridTile<'static> {
        GridTile { caption: caption.into(), map: HeatMap { size: [1, 2], values, outlines: vec![] } }
    }

    #[test]
    fn tiles_share_their_scale_and_have_captions() {
        let tiles = [tile("1-2", &[0.0, 1.0]), tile("1-3", &[2.0, 0.0]), tile("", &[0.0, 0.0])];
        let layout = GridLayout::new(3, [1, 2]);
        assert_eq!((layout.columns, layout.factor, layout.tile), (2, 144, [144, 288]));
        let picture = picture(&tiles, Scale::Linear).unwrap();
        assert_eq!(picture.size(), layout.size);
        let at = |index: usize, x: usize| {
            let [top, left] = layout.corner(index);
            picture.pixel(top + 70, left + x)
        };
        assert_eq!([at(0, 0), at(0, 287), at(1, 0), at(1, 287)], [0.0, 0.5, 1.0, 0.0].map(colour));
        let ink = |index: usize| {
            let [top, left] = layout.corner(index);
            let pixels = (top - LINE..top).flat_map(|y| (left..left + 80).map(move |x| [y, x]));
            pixels.filter(|[y, x]| picture.pixel(*y, *x) != PAPER).count()
        };
        assert!(ink(0) > 20 && ink(1) > 20, "captions are drawn");
        assert_eq!(ink(2), 0);
        assert_eq!(picture.pixel(layout.bar(), MARGIN), colour(0.0));
        assert_eq!(picture.pixel(layout.bar(), layout.size[1] - MARGIN - 1), colour(1.0));
    }

    #[test]
    fn what_makes_no_grid_is_refused() {
        assert!(png(&[], Scale::Linear).is_err());
        let other =
            GridTile { caption: String::new(), map: HeatMap { size: [2, 1], values: &[0.0, 1.0], outlines: vec![] } };
        let error = png(&[tile("", &[0.0, 1.0]), other], Scale::Linear).unwrap_err().to_string();
        assert!(error.contains("different sizes"), "{error}");
    }
}
