//! A picture with the names of its colours below it.

use super::font;
use anyhow::{Context, Result, anyhow};
use atrous_data::RgbImage8;
use plotters::prelude::*;

/// The height of a text is this part of the picture's width, within [`TEXT`].
const TEXTS_PER_WIDTH: usize = 45;
/// The lowest and the highest text, in pixels.
const TEXT: [usize; 2] = [14, 60];

/// A colour and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegendEntry {
    pub name: String,
    pub colour: [u8; 3],
}

/// Puts the entries below a picture, on white, in as many columns as fit. A picture that is
/// narrower than a name gets a white margin; one without entries stays as it is.
///
/// # Errors
/// None that a picture and its names can cause.
pub fn with_legend(picture: &RgbImage8, entries: &[LegendEntry]) -> Result<RgbImage8> {
    if entries.is_empty() {
        return Ok(picture.clone());
    }
    font::register();
    let text = (picture.width / TEXTS_PER_WIDTH).clamp(TEXT[0], TEXT[1]);
    let style = TextStyle::from(("sans-serif", text as f64).into_font()).color(&BLACK);
    let failed = |error: &dyn std::fmt::Display| anyhow!("the legend cannot be drawn: {error}");
    let line = text * 3 / 2;
    let widest = {
        let mut pixel = [255; 3];
        let area = BitMapBackend::with_buffer(&mut pixel, (1, 1)).into_drawing_area();
        let widths = entries.iter().map(|entry| area.estimate_text_size(&entry.name, &style));
        let sizes = widths.collect::<Result<Vec<_>, _>>().map_err(|error| failed(&error))?;
        sizes.into_iter().map(|(width, _)| width as usize).max().unwrap_or(0)
    };
    // A square, a gap, the name, a gap.
    let cell = widest + 3 * text;
    let columns = (picture.width / cell).clamp(1, entries.len());
    let width = picture.width.max(cell);
    let height = picture.height + entries.len().div_ceil(columns) * line + text / 2;
    let mut whole = RgbImage8::filled(height, width, [255; 3]);
    for (row, source) in whole.data.chunks_exact_mut(3 * width).zip(picture.data.chunks_exact(3 * picture.width)) {
        row[..source.len()].copy_from_slice(source);
    }
    let size = (u32::try_from(width).context("too wide")?, u32::try_from(height).context("too high")?);
    {
        let area = BitMapBackend::with_buffer(&mut whole.data, size).into_drawing_area();
        for (index, LegendEntry { name, colour: [red, green, blue] }) in entries.iter().enumerate() {
            let x = (text / 2 + index % columns * cell) as i32;
            let y = (picture.height + text / 2 + index / columns * line) as i32;
            let side = text as i32;
            let square = Rectangle::new([(x, y), (x + side, y + side)], RGBColor(*red, *green, *blue).filled());
            area.draw(&square).map_err(|error| failed(&error))?;
            area.draw_text(name, &style, (x + side * 3 / 2, y)).map_err(|error| failed(&error))?;
        }
        area.present().map_err(|error| failed(&error))?;
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legend_stands_below_the_picture() {
        let picture = RgbImage8::filled(20, 300, [1, 2, 3]);
        assert_eq!(with_legend(&picture, &[]).unwrap(), picture);
        let entry = |name: &str, colour| LegendEntry { name: name.into(), colour };
        let entries =
            [entry("road", [200, 10, 30]), entry("sky", [10, 200, 30]), entry("a very long name", [9, 9, 200])];
        let whole = with_legend(&picture, &entries).unwrap();
        assert_eq!(&whole.data[..picture.data.len()], picture.data.as_slice());
        assert!(whole.width == 300 && whole.height > 20);
        let below = &whole.data[picture.data.len()..];
        for LegendEntry { colour, .. } in &entries {
            assert!(below.chunks_exact(3).filter(|pixel| pixel == colour).count() >= 100, "{colour:?}");
        }
        // Names are written, in black.
        assert!(below.chunks_exact(3).any(|pixel| pixel.iter().all(|value| *value < 80)));
        let narrow = with_legend(&RgbImage8::filled(4, 8, [0; 3]), &entries).unwrap();
        assert!(narrow.width > 100 && narrow.pixel(0, 9) == [255; 3] && narrow.pixel(3, 7) == [0; 3]);
    }
}
