//! Reading image files: by their magic bytes, never by their extension, and within a limit of
//! memory.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage};

use crate::error::{DataError, Result};
use crate::jpeg;
use crate::limit::ImageLimit;
use crate::raster::RgbImage8;
use crate::unpack::{check_head, check_size, read_image_file};

/// A mask as it is stored: label values, or colours.
pub(crate) struct StoredMask {
    pub height: usize,
    pub width: usize,
    /// 1: label values. 3: RGB.
    pub channels: usize,
    /// height x width x channels.
    pub data: Vec<u8>,
}

/// Reads an image as RGB; grey becomes three equal channels, transparency is dropped.
///
/// # Errors
/// A file that is no image, is damaged, or holds one that is beyond the limit; names it.
pub fn read_rgb(path: &Path, limit: ImageLimit) -> Result<RgbImage8> {
    decode_rgb(path, &read_image_file(path, limit)?, limit)
}

/// Decodes an image's bytes as [`read_rgb`] does. They are not unpacked; `path` is for messages.
///
/// # Errors
/// Those of [`read_rgb`] that are not about reading.
pub fn decode_rgb(path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<RgbImage8> {
    if jpeg::is_jpeg(bytes) {
        return jpeg::read(path, bytes, limit);
    }
    let image = decode(path, bytes, limit)?.into_rgb8();
    Ok(RgbImage8 { height: image.height() as usize, width: image.width() as usize, data: image.into_raw() })
}

/// Reads a mask as it is stored. PNG palettes are not applied, so an indexed PNG yields its
/// indexes.
#[cfg(test)]
pub(crate) fn read_mask(path: &Path, limit: ImageLimit) -> Result<StoredMask> {
    decode_mask(path, &read_image_file(path, limit)?, limit)
}

/// Decodes the mask of a file's bytes; `path` is for messages.
pub(crate) fn decode_mask(path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<StoredMask> {
    if bytes.starts_with(b"\x89PNG") {
        return decode_png_mask(path, bytes, limit);
    }
    let image = decode(path, bytes, limit)?;
    let (height, width) = (image.height() as usize, image.width() as usize);
    let (channels, data) = match image {
        DynamicImage::ImageLuma8(grey) => (1, grey.into_raw()),
        colour => (3, colour.into_rgb8().into_raw()),
    };
    Ok(StoredMask { height, width, channels, data })
}

fn decode(path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<DynamicImage> {
    if jpeg::is_jpeg(bytes) {
        let RgbImage8 { height, width, data } = jpeg::read(path, bytes, limit)?;
        let image = RgbImage::from_raw(width as u32, height as u32, data).expect("as many values as pixels");
        return Ok(image.into());
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(DataError::read(path))?;
    reader.limits(memory(check_head(path, bytes, limit)?));
    let mut decoder = reader.into_decoder().map_err(|e| DataError::decode(path, e))?;
    let (width, height) = decoder.dimensions();
    check_size(path, [height, width], limit)?;
    // The decoder of TIFF takes memory for what tables of the file ask for: no more than the image
    // and the file have.
    let most = 2 * decoder.total_bytes() + bytes.len() as u64 + ImageLimit::BYTES_BESIDE;
    decoder.set_limits(memory(most)).map_err(|e| DataError::decode(path, e))?;
    DynamicImage::from_decoder(decoder).map_err(|e| DataError::decode(path, e))
}

/// The limits of a decoder that may take so many bytes.
fn memory(bytes: u64) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(bytes);
    limits
}

fn decode_png_mask(path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<StoredMask> {
    let failed = |e: png::DecodingError| DataError::decode(path, e);
    let most = check_head(path, bytes, limit)?;
    let limits = png::Limits { bytes: usize::try_from(most).unwrap_or(usize::MAX) };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::IDENTITY);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(failed)?;
    let (width, height) = reader.info().size();
    check_size(path, [height, width], limit)?;
    let too_large = || DataError::TooLarge { path: path.to_owned(), size: [height, width], limit };
    let mut raw = vec![0; reader.output_buffer_size().ok_or_else(too_large)?];
    let frame = reader.next_frame(&mut raw).map_err(failed)?;
    raw.truncate(frame.buffer_size());
    if (frame.width, frame.height) != (width, height) {
        return Err(DataError::decode(path, "an animation whose first frame is smaller than itself"));
    }

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

/// Unpacks one value per byte from rows of 1, 2, 4 or 8 bits per pixel.
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
            let mask = read_mask(&path, ImageLimit::DEFAULT).unwrap();
            assert_eq!((mask.height, mask.width, mask.channels), (2, 3, 1));
            assert_eq!(mask.data, [0, 255, 0, 255, 255, 0]);
        }
    }

    #[test]
    fn bits_are_unpacked_from_the_left() {
        assert_eq!(unpack_bits(&[0b1010_0000, 0b0110_0000], 1, 3, 1), [1, 0, 1, 0, 1, 1]);
        assert_eq!(unpack_bits(&[0x1f, 0x20], 2, 3, 4), [1, 15, 2]);
    }
}
