//! JPEG with libjpeg's arithmetic, bit for bit what OpenCV reads.

use std::path::Path;

use image::metadata::Orientation;
use mozjpeg::decompress::DecompressStarted;
use mozjpeg::{ColorSpace, Decompress, Marker};

use super::unpack::check_size;
use super::upright::of_exif;
use crate::error::{DataError, Result};
use crate::interruption;
use crate::limit::ImageLimit;
use crate::raster::RgbImage8;

/// What EXIF data begin with in a JPEG.
const EXIF: &[u8] = b"Exif\0\0";

/// Decodes an image as RGB, and says how it is to be turned; grey becomes three equal channels.
pub(super) fn read(path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<(RgbImage8, Orientation)> {
    if !is_whole(bytes) {
        return Err(DataError::decode(path, "truncated JPEG"));
    }
    // libjpeg's own errors unwind as panics with a message.
    std::panic::catch_unwind(|| decode(path, bytes, limit))
        .unwrap_or_else(|_| Err(DataError::decode(path, "damaged JPEG")))
}

fn decode(path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<(RgbImage8, Orientation)> {
    let failed = |error: std::io::Error| DataError::decode(path, error);
    let header = Decompress::with_markers(&[Marker::APP(1)]).from_mem(bytes).map_err(failed)?;
    let (width, height) = header.size();
    let sides = [height, width].map(|side| u32::try_from(side).unwrap_or(u32::MAX));
    check_size(path, sides, limit)?;
    let exif = header.markers().find_map(|segment| segment.data.strip_prefix(EXIF));
    let orientation = exif.map_or(Orientation::NoTransforms, of_exif);
    let four = header.components().len() == 4;
    let mut image =
        header.to_colorspace(if four { ColorSpace::JCS_CMYK } else { ColorSpace::JCS_RGB }).map_err(failed)?;
    let mut data = lines(path, &mut image)?;
    image.finish().map_err(failed)?;
    if four {
        data = data.as_chunks::<4>().0.iter().flat_map(|inks| rgb_of_cmyk(*inks)).collect();
    }
    Ok((RgbImage8 { height, width, data }, orientation))
}

/// Decodes a JPEG that is part of another file: size, bands, and the values. `is_ycbcr` says what
/// its three bands are, which it does not say itself; they become RGB.
pub(super) fn read_bands(
    path: &Path,
    bytes: &[u8],
    limit: ImageLimit,
    is_ycbcr: bool,
) -> Result<([usize; 2], usize, Vec<u8>)> {
    if !is_whole(bytes) {
        return Err(DataError::decode(path, "a truncated JPEG strip"));
    }
    let failed = |error: std::io::Error| DataError::decode(path, error);
    let header = Decompress::new_mem(bytes).map_err(failed)?;
    let (width, height) = header.size();
    check_size(path, [height, width].map(|side| u32::try_from(side).unwrap_or(u32::MAX)), limit)?;
    let (bands, stored) = (header.components().len(), header.color_space());
    let wanted = match (bands, is_ycbcr, stored) {
        (1, _, _) => ColorSpace::JCS_GRAYSCALE,
        (3, true, ColorSpace::JCS_YCbCr) => ColorSpace::JCS_RGB,
        // As it is.
        (3, false, ColorSpace::JCS_YCbCr | ColorSpace::JCS_RGB) => stored,
        _ => return Err(DataError::decode(path, "a JPEG strip of other colours than the TIFF says")),
    };
    let mut image = header.to_colorspace(wanted).map_err(failed)?;
    let data = lines(path, &mut image)?;
    image.finish().map_err(failed)?;
    Ok(([height, width], bands, data))
}

/// Decodes all lines.
fn lines(path: &Path, image: &mut DecompressStarted<&[u8]>) -> Result<Vec<u8>> {
    const LINES: usize = 64;
    let mut data = vec![0; image.min_flat_buffer_size()];
    let line = data.len() / image.height();
    for part in data.chunks_mut(LINES * line) {
        interruption::check(path)?;
        image.read_scanlines_into(part).map_err(|error| DataError::decode(path, error))?;
    }
    Ok(data)
}

/// The colour of four inks as OpenCV has it. Programs that write such files write 255 for no ink.
fn rgb_of_cmyk([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let black = i32::from(black);
    [cyan, magenta, yellow].map(|ink| (black - (((255 - i32::from(ink)) * black) >> 8)) as u8)
}

/// Whether a file has all its segments up to the end marker. The decoder fills what is missing with
/// grey, without an error. What stands behind the end marker is not part of the image: phones put
/// films there.
fn is_whole(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xda;
    const END: u8 = 0xd9;
    // Markers without a length: TEM, RST0 to RST7, SOI.
    let alone = |marker: u8| matches!(marker, 0x01 | 0xd0..=0xd8);
    let mut scans = 0;
    let mut rest = bytes;
    loop {
        // Coded pixels hold 0xff only before 0 and before a marker, where it may be repeated.
        let Some(at) = rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff)) else {
            return false;
        };
        let marker = rest[at + 1];
        rest = &rest[at + 2..];
        if marker == END {
            return scans > 0;
        }
        scans += usize::from(marker == START_OF_SCAN);
        if !alone(marker) {
            let Some(length) = rest.first_chunk().map(|length| u16::from_be_bytes(*length)) else { return false };
            let Some(behind) = rest.get(usize::from(length)..) else { return false };
            rest = behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::hex;
    use sha2::{Digest, Sha256};

    fn recorded() -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_slice(&std::fs::read("tests/golden/jpeg/opencv.json").unwrap()).unwrap()
    }

    /// Made by `scripts/parity/jpeg.py`: every chroma subsampling, baseline and progressive, and
    /// grey.
    #[test]
    fn golden_jpeg_is_what_opencv_reads() {
        let recorded = recorded();
        assert_eq!(recorded.len(), 7);
        for (name, wanted) in recorded {
            let path = std::path::PathBuf::from(format!("tests/golden/jpeg/{name}.jpg"));
            let image = read(&path, &std::fs::read(&path).unwrap(), ImageLimit::DEFAULT).unwrap().0;
            assert_eq!(serde_json::json!([image.height, image.width]), wanted["size"], "{name}");
            assert_eq!(hex(&Sha256::digest(&image.data)), wanted["sha256"], "{name}");
        }
    }

    /// Wherever a file breaks off or is changed: an image or an error, and no panic.
    #[test]
    fn broken_files_are_errors() {
        let path = Path::new("tests/golden/jpeg/420.jpg");
        let bytes = std::fs::read(path).unwrap();
        for length in 2..bytes.len() - 1 {
            let message = read(path, &bytes[..length], ImageLimit::DEFAULT).unwrap_err().to_string();
            assert!(message.contains("420.jpg"), "{message}");
        }
        for at in 2..bytes.len() - 2 {
            let mut broken = bytes.clone();
            broken[at] ^= 0x55;
            let _ = read(path, &broken, ImageLimit::DEFAULT);
        }
    }
}
