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

    /// Writes an 8-bit grey PNG of the label values, to a temporary name first.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        let bytes = encode_png(self.size(), png::ColorType::Grayscale, png::BitDepth::Eight, None, &self.data);
        write_atomic(path, &bytes.map_err(DataError::write(path))?)
    }
}

/// Encodes packed rows as a PNG file. `compression` is the encoder's own choice where it is `None`.
pub(crate) fn encode_png(
    size: [usize; 2],
    colour: png::ColorType,
    depth: png::BitDepth,
    compression: Option<png::Compression>,
    data: &[u8],
) -> io::Result<Vec<u8>> {
    let [Ok(height), Ok(width)] = size.map(u32::try_from) else {
        return Err(io::Error::other(format!("an image of {size:?} pixels is too large")));
    };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
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
    fn data_of_another_size_are_no_png() {
        let image = RgbImage8 { height: 2, width: 2, data: vec![0; 9] };
        assert!(image.png().is_err());
        assert!(RgbImage8::filled(0, 5, [0; 3]).png().is_err());
    }
}
