//! PNG. OpenCV keeps the higher byte of 16 bits, and so does this.

use std::path::Path;

use image::metadata::Orientation;
use png::ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
use png::{DecodingError, Transformations};

use super::stored::StoredMask;
use super::unpack::check_size;
use super::upright::{of_exif, refuse_turned};
use crate::error::{DataError, Result};
use crate::interruption::InterruptibleBytes;
use crate::limit::ImageLimit;
use crate::raster::RgbImage8;

/// A decoded image, packed as the file has it or as it was asked for.
struct PngFrame {
    size: [usize; 2],
    frame: png::OutputInfo,
    data: Vec<u8>,
    orientation: Orientation,
}

/// Decodes an image as RGB, and says how it is to be turned. `most` is how many bytes the decoder
/// may take.
pub(super) fn read(path: &Path, bytes: &[u8], limit: ImageLimit, most: u64) -> Result<(RgbImage8, Orientation)> {
    let transformations = Transformations::EXPAND | Transformations::STRIP_16;
    let PngFrame { size: [height, width], frame, data, orientation } =
        decode(path, bytes, limit, most, transformations)?;
    let data = match frame.color_type {
        Rgb => data,
        Rgba => data.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect(),
        Grayscale | Indexed => data.into_iter().flat_map(|grey| [grey; 3]).collect(),
        GrayscaleAlpha => data.as_chunks::<2>().0.iter().flat_map(|[grey, _]| [*grey; 3]).collect(),
    };
    Ok((RgbImage8 { height, width, data }, orientation))
}

/// Decodes a mask as it is stored; transparency is dropped.
pub(super) fn read_mask(path: &Path, bytes: &[u8], limit: ImageLimit, most: u64) -> Result<StoredMask> {
    let PngFrame { size: [height, width], frame, data, orientation } =
        decode(path, bytes, limit, most, Transformations::IDENTITY)?;
    refuse_turned(path, orientation)?;
    let depth = frame.bit_depth as usize;
    let mut beyond = None;
    let data = match (depth, frame.color_type) {
        (16, Grayscale | GrayscaleAlpha) => {
            let step = frame.color_type.samples();
            let values = data.as_chunks::<2>().0.iter().step_by(step).map(|pair| u16::from_be_bytes(*pair));
            let first = values.clone().enumerate().find(|(_, value)| *value > 255);
            beyond = first.map(|(index, value)| (f64::from(value), index));
            values.map(|value| value as u8).collect()
        }
        (16, _) => return Err(DataError::unsupported(path, "a colour mask of 16 bits", "save it with 8 bits")),
        (_, Grayscale | Indexed) => unpack_bits(&data, frame.line_size, width, depth),
        (_, GrayscaleAlpha) => data.chunks_exact(2).map(|pixel| pixel[0]).collect(),
        (_, Rgb) => data,
        (_, Rgba) => data.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect(),
    };
    let channels = if matches!(frame.color_type, Rgb | Rgba) { 3 } else { 1 };
    Ok(StoredMask { height, width, channels, data, beyond })
}

fn decode(
    path: &Path,
    bytes: &[u8],
    limit: ImageLimit,
    most: u64,
    transformations: Transformations,
) -> Result<PngFrame> {
    let failed = |e: DecodingError| DataError::decode(path, e);
    let limits = png::Limits { bytes: usize::try_from(most).unwrap_or(usize::MAX) };
    let mut decoder = png::Decoder::new_with_limits(InterruptibleBytes::new(bytes), limits);
    decoder.set_transformations(transformations);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(failed)?;
    let (width, height) = reader.info().size();
    check_size(path, [height, width], limit)?;
    let too_large = || DataError::TooLarge { path: path.to_owned(), size: [height, width], limit };
    let mut data = vec![0; reader.output_buffer_size().ok_or_else(too_large)?];
    let frame = reader.next_frame(&mut data).map_err(failed)?;
    data.truncate(frame.buffer_size());
    if (frame.width, frame.height) != (width, height) {
        return Err(DataError::decode(path, "an animation whose first frame is smaller than itself"));
    }
    // The tag may stand behind the pixels. What else stands there is of no use here.
    let _ = reader.finish();
    let orientation = reader.info().exif_metadata.as_deref().map_or(Orientation::NoTransforms, of_exif);
    Ok(PngFrame { size: [height as usize, width as usize], frame, data, orientation })
}

/// Unpacks one value per byte from rows of 1, 2, 4 or 8 bits per pixel.
pub(super) fn unpack_bits(raw: &[u8], line: usize, width: usize, depth: usize) -> Vec<u8> {
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

    #[test]
    fn bits_are_unpacked_from_the_left() {
        assert_eq!(unpack_bits(&[0b1010_0000, 0b0110_0000], 1, 3, 1), [1, 0, 1, 0, 1, 1]);
        assert_eq!(unpack_bits(&[0x1f, 0x20], 2, 3, 4), [1, 15, 2]);
    }
}
