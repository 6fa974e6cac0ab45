//! Reading image files: by their magic bytes, never by their extension, and within a limit of memory.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};

use crate::error::{DataError, Result};
use crate::jpeg;
use crate::raster::RgbImage8;

/// Most bytes that a file may hold, unpacked or decoded: seven times the largest image of the five data sets.
const LIMIT: u64 = 1 << 30;

/// A mask as it is stored: label values, or colours.
pub(crate) struct StoredMask {
    pub height: usize,
    pub width: usize,
    /// 1: label values. 3: RGB.
    pub channels: usize,
    /// height x width x channels.
    pub data: Vec<u8>,
}

/// Bytes of a file, unpacked if it is gzipped.
pub(crate) fn read_unpacked(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(DataError::read(path))?;
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(DataError::read(path))?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(bytes.as_slice())
            .take(LIMIT + 1)
            .read_to_end(&mut unpacked)
            .map_err(|e| DataError::decode(path, format!("gzip: {e}")))?;
        bytes = unpacked;
    }
    if bytes.len() as u64 > LIMIT {
        return Err(DataError::decode(path, format!("over the limit of {LIMIT} bytes")));
    }
    Ok(bytes)
}

/// An image as RGB; grey becomes three equal channels, transparency is dropped.
pub fn read_rgb(path: &Path) -> Result<RgbImage8> {
    let bytes = read_unpacked(path)?;
    if jpeg::is_jpeg(&bytes) {
        return jpeg::read(path, &bytes);
    }
    let image = decode(path, &bytes)?.into_rgb8();
    Ok(RgbImage8 { height: image.height() as usize, width: image.width() as usize, data: image.into_raw() })
}

/// A mask as it is stored. PNG palettes are not applied, so an indexed PNG yields its indexes.
pub(crate) fn read_mask(path: &Path) -> Result<StoredMask> {
    let bytes = read_unpacked(path)?;
    if bytes.starts_with(b"\x89PNG") {
        return read_png_mask(path, &bytes);
    }
    let image = decode(path, &bytes)?;
    let (height, width) = (image.height() as usize, image.width() as usize);
    let (channels, data) = match image {
        DynamicImage::ImageLuma8(grey) => (1, grey.into_raw()),
        colour => (3, colour.into_rgb8().into_raw()),
    };
    Ok(StoredMask { height, width, channels, data })
}

fn decode(path: &Path, bytes: &[u8]) -> Result<DynamicImage> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(LIMIT);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(DataError::read(path))?;
    if reader.format().is_none() {
        return Err(DataError::decode(path, "neither PNG, JPEG, TIFF nor PNM"));
    }
    if jpeg::is_jpeg(bytes) {
        let RgbImage8 { height, width, data } = jpeg::read(path, bytes)?;
        let image = RgbImage::from_raw(width as u32, height as u32, data).expect("as many values as pixels");
        return Ok(image.into());
    }
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|e| DataError::decode(path, e))?;
    let (width, height) = decoder.dimensions();
    check_size(path, height, width, decoder.total_bytes())?;
    DynamicImage::from_decoder(decoder).map_err(|e| DataError::decode(path, e))
}

pub(crate) fn check_size(path: &Path, height: u32, width: u32, decoded: u64) -> Result<()> {
    let rgb = 3 * u64::from(height) * u64::from(width);
    if rgb.max(decoded) > LIMIT {
        let (height, width) = (height.into(), width.into());
        return Err(DataError::TooLarge { path: path.to_owned(), height, width, limit: LIMIT });
    }
    if rgb == 0 {
        return Err(DataError::decode(path, "an image without pixels"));
    }
    Ok(())
}

fn read_png_mask(path: &Path, bytes: &[u8]) -> Result<StoredMask> {
    let failed = |e: png::DecodingError| DataError::decode(path, e);
    let limits = png::Limits { bytes: LIMIT as usize };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::IDENTITY);
    let mut reader = decoder.read_info().map_err(failed)?;
    let (width, height) = reader.info().size();
    let Some(length) = reader.output_buffer_size().filter(|length| *length as u64 <= LIMIT) else {
        let (height, width) = (height.into(), width.into());
        return Err(DataError::TooLarge { path: path.to_owned(), height, width, limit: LIMIT });
    };
    check_size(path, height, width, length as u64)?;
    let mut raw = vec![0; length];
    let frame = reader.next_frame(&mut raw).map_err(failed)?;
    raw.truncate(frame.buffer_size());

    let (height, width) = (height as usize, width as usize);
    let depth = frame.bit_depth as usize;
    if depth == 16 {
        return Err(DataError::decode(path, "16-bit masks hold no labels of this data set"));
    }
    use png::ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    let (channels, data) = match frame.color_type {
        Grayscale | Indexed => (1, unpack_bits(&raw, frame.line_size, width, depth)),
        GrayscaleAlpha => (1, raw.chunks_exact(2).map(|pixel| pixel[0]).collect()),
        Rgb => (3, raw),
        Rgba => (3, raw.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()),
    };
    Ok(StoredMask { height, width, channels, data })
}

/// One value per byte from rows of 1, 2, 4 or 8 bits per pixel.
fn unpack_bits(raw: &[u8], line: usize, width: usize, depth: usize) -> Vec<u8> {
    if depth == 8 {
        return raw.to_vec();
    }
    let (per_byte, mask) = (8 / depth, (1u8 << depth) - 1);
    raw.chunks_exact(line)
        .flat_map(|row| (0..width).map(move |x| row[x / per_byte] >> (8 - depth * (x % per_byte + 1)) & mask))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.ppm");
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    #[test]
    fn grey_pnm_with_comments_goes_by_its_magic() {
        for header in ["P5\n# a comment\n3 2\n# another\n255\n", "P5 3 2 255\n"] {
            let mut bytes = header.as_bytes().to_vec();
            bytes.extend([0, 255, 0, 255, 255, 0]);
            let (_folder, path) = written(&bytes);
            let mask = read_mask(&path).unwrap();
            assert_eq!((mask.height, mask.width, mask.channels), (2, 3, 1));
            assert_eq!(mask.data, [0, 255, 0, 255, 255, 0]);
        }
    }

    #[test]
    fn bits_are_unpacked_from_the_left() {
        assert_eq!(unpack_bits(&[0b1010_0000, 0b0110_0000], 1, 3, 1), [1, 0, 1, 0, 1, 1]);
        assert_eq!(unpack_bits(&[0x1f, 0x20], 2, 3, 4), [1, 15, 2]);
    }

    #[test]
    fn absurd_sizes_are_refused_before_memory_is_taken() {
        let (_folder, path) = written(b"P6 100000 100000 255\nabc");
        let message = read_rgb(&path).unwrap_err().to_string();
        assert!(message.contains("claims 100000x100000 pixels"), "{message}");
    }
}
