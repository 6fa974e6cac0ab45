//! Images and label maps in memory.

use std::io;
use std::path::Path;

use crate::error::{DataError, Result};
use crate::write::write_atomic;

/// Label value of pixels that neither the loss nor the scores count.
pub const IGNORE_INDEX: u8 = 255;

/// An RGB image, 8 bits per channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbImage8 {
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
    /// The pixels: height x width x 3, row-major, RGB, 0..=255.
    pub data: Vec<u8>,
}

/// A map of one class per pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelMap {
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
    /// The labels: height x width, row-major, train ids, [`IGNORE_INDEX`] where ignored.
    pub data: Vec<u8>,
}

impl RgbImage8 {
    /// Makes an image of one colour.
    pub fn filled(height: usize, width: usize, colour: [u8; 3]) -> Self {
        Self { height, width, data: colour.repeat(height * width) }
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// The RGB colour of a pixel.
    pub fn pixel(&self, y: usize, x: usize) -> [u8; 3] {
        let at = 3 * (y * self.width + x);
        [self.data[at], self.data[at + 1], self.data[at + 2]]
    }

    /// Sets the colour of a pixel.
    pub fn set_pixel(&mut self, y: usize, x: usize, colour: [u8; 3]) {
        let at = 3 * (y * self.width + x);
        self.data[at..at + 3].copy_from_slice(&colour);
    }

    /// Encodes the image as an RGB PNG file.
    ///
    /// # Errors
    /// An image without pixels, or one whose data are not of its size.
    pub fn png(&self) -> io::Result<Vec<u8>> {
        self.png_with(None)
    }

    /// Encodes the image as [`Self::png`] does, but takes more time to make a smaller file.
    ///
    /// # Errors
    /// Those of [`Self::png`].
    pub fn small_png(&self) -> io::Result<Vec<u8>> {
        self.png_with(Some(png::Compression::High))
    }

    fn png_with(&self, compression: Option<png::Compression>) -> io::Result<Vec<u8>> {
        encode_png(self.size(), png::ColorType::Rgb, png::BitDepth::Eight, compression, &self.data)
    }

    /// Writes an RGB PNG file, to a temporary name first.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        write_atomic(path, &self.png().map_err(DataError::write(path))?)
    }
}

impl LabelMap {
    /// Makes a map of one label.
    pub fn filled(height: usize, width: usize, label: u8) -> Self {
        Self { height, width, data: vec![label; height * width] }
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// Encodes the labels as an 8-bit PNG file with these colours as its palette: its values are
    /// the labels, and a viewer shows the colours.
    ///
    /// # Errors
    /// A map without pixels, more than 256 colours, or a label without one.
    pub fn palette_png(&self, colours: &[[u8; 3]]) -> io::Result<Vec<u8>> {
        if colours.len() > 256 || self.data.iter().any(|label| usize::from(*label) >= colours.len()) {
            return Err(io::Error::other(format!("{} colours are not one for each label", colours.len())));
        }
        let palette = Some(colours.concat());
        encode(self.size(), png::ColorType::Indexed, png::BitDepth::Eight, None, palette, &self.data)
    }

    /// Writes an 8-bit grey PNG of the label values, to a temporary name first.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        let bytes = encode_png(self.size(), png::ColorType::Grayscale, png::BitDepth::Eight, None, &self.data);
        write_atomic(path, &bytes.map_err(DataError::write(path))?)
    }
}

/// Encodes values of 16 bits, height x width of them, as a grey PNG file.
///
/// # Errors
/// An image without pixels, or values that are not of its size.
pub fn grey16_png(size: [usize; 2], values: &[u16]) -> io::Result<Vec<u8>> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
    encode_png(size, png::ColorType::Grayscale, png::BitDepth::Sixteen, None, &bytes)
}

/// Encodes packed rows as a PNG file. `compression` is the encoder's own choice where it is `None`.
pub(crate) fn encode_png(
    size: [usize; 2],
    colour: png::ColorType,
    depth: png::BitDepth,
    compression: Option<png::Compression>,
    data: &[u8],
) -> io::Result<Vec<u8>> {
    encode(size, colour, depth, compression, None, data)
}

fn encode(
    size: [usize; 2],
    colour: png::ColorType,
    depth: png::BitDepth,
    compression: Option<png::Compression>,
    palette: Option<Vec<u8>>,
    data: &[u8],
) -> io::Result<Vec<u8>> {
    let [Ok(height), Ok(width)] = size.map(u32::try_from) else {
        return Err(io::Error::other(format!("an image of {size:?} pixels is too large")));
    };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if let Some(palette) = palette {
        encoder.set_palette(palette);
    }
    if let Some(compression) = compression {
        encoder.set_compression(compression);
    }
    let failed = |error: png::EncodingError| io::Error::other(error.to_string());
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(data).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn png_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let mut image = RgbImage8::filled(3, 5, [1, 2, 3]);
        image.set_pixel(2, 4, [200, 100, 50]);
        image.write_png(&path).unwrap();
        assert_eq!(crate::read_rgb(&path, crate::ImageLimit::DEFAULT).unwrap(), image);
        assert_eq!(std::fs::read(&path).unwrap(), image.png().unwrap());
        let small = image.small_png().unwrap();
        assert_eq!(crate::decode_rgb(&path, &small, crate::ImageLimit::DEFAULT).unwrap(), image);
    }

    #[test]
    fn palettes_and_16_bits_are_read_back() {
        let labels = LabelMap { height: 2, width: 2, data: vec![0, 1, 2, 1] };
        assert!(labels.palette_png(&[[0; 3]; 2]).is_err());
        let colours = [[0; 3], [1, 2, 3], [200, 100, 50]];
        let decoder = |bytes: Vec<u8>| png::Decoder::new(std::io::Cursor::new(bytes));
        let mut indexed = decoder(labels.palette_png(&colours).unwrap()).read_info().unwrap();
        let mut values = vec![0; 4];
        indexed.next_frame(&mut values).unwrap();
        assert_eq!(values, labels.data);
        assert_eq!(indexed.info().palette.as_deref(), Some(colours.concat().as_slice()));
        let mut grey = decoder(grey16_png([1, 2], &[65_535, 258]).unwrap()).read_info().unwrap();
        grey.next_frame(&mut values).unwrap();
        assert_eq!((values, grey.info().bit_depth), (vec![255, 255, 1, 2], png::BitDepth::Sixteen));
        assert!(grey16_png([1, 3], &[0]).is_err());
    }

    #[test]
    fn data_of_another_size_are_no_png() {
        let image = RgbImage8 { height: 2, width: 2, data: vec![0; 9] };
        assert!(image.png().is_err());
        assert!(RgbImage8::filled(0, 5, [0; 3]).png().is_err());
    }
}
