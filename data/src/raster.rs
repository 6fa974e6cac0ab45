//! Images and label maps in memory.

use std::path::Path;

use crate::error::{DataError, Result};
use crate::write::write_atomic;

/// An RGB image, 8 bits per channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbImage8 {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// height x width x 3, row-major, RGB, 0..=255.
    pub data: Vec<u8>,
}

/// A class per pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelMap {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// height x width, row-major: train ids, 255 where ignored.
    pub data: Vec<u8>,
}

impl RgbImage8 {
    /// An image of one colour.
    pub fn filled(height: usize, width: usize, colour: [u8; 3]) -> Self {
        Self { height, width, data: colour.repeat(height * width) }
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// The colour at a pixel.
    pub fn pixel(&self, y: usize, x: usize) -> [u8; 3] {
        let at = 3 * (y * self.width + x);
        [self.data[at], self.data[at + 1], self.data[at + 2]]
    }

    /// Sets the colour of a pixel.
    pub fn set_pixel(&mut self, y: usize, x: usize, colour: [u8; 3]) {
        let at = 3 * (y * self.width + x);
        self.data[at..at + 3].copy_from_slice(&colour);
    }

    /// Writes an RGB PNG, to a temporary name first.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        let bytes = encode_png(path, self.size(), png::ColorType::Rgb, &self.data)?;
        write_atomic(path, &bytes)
    }
}

impl LabelMap {
    /// A map of one label.
    pub fn filled(height: usize, width: usize, label: u8) -> Self {
        Self { height, width, data: vec![label; height * width] }
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// Writes an 8-bit grey PNG of the label values, to a temporary name first.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        let bytes = encode_png(path, self.size(), png::ColorType::Grayscale, &self.data)?;
        write_atomic(path, &bytes)
    }
}

fn encode_png(path: &Path, size: [usize; 2], color: png::ColorType, data: &[u8]) -> Result<Vec<u8>> {
    encode_png_bits(path, size, color, png::BitDepth::Eight, data)
}

/// PNG bytes of packed rows.
pub(crate) fn encode_png_bits(
    path: &Path,
    [height, width]: [usize; 2],
    color: png::ColorType,
    depth: png::BitDepth,
    data: &[u8],
) -> Result<Vec<u8>> {
    let failed = |e: png::EncodingError| DataError::write(path)(std::io::Error::other(e.to_string()));
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(color);
    encoder.set_depth(depth);
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
    }
}
