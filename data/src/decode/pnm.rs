//! PNM and GIF.

use std::path::Path;

use image::codecs::pnm::PnmDecoder;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageReader, Limits};

use super::stored::StoredMask;
use super::unpack::check_size;
use crate::error::{DataError, Result};
use crate::interruption::InterruptibleBytes;
use crate::limit::ImageLimit;
use crate::raster::RgbImage8;

/// Decodes an image as RGB, of 16 bits the higher eight. `most` is how many bytes the decoder may
/// take.
pub(super) fn read(path: &Path, bytes: &[u8], limit: ImageLimit, most: u64) -> Result<RgbImage8> {
    if let Ok(pnm) = PnmDecoder::new(bytes)
        && let most @ (1..=254 | 256..=65534) = pnm.header().maximal_sample()
        && !matches!(bytes[1], b'1' | b'4')
    {
        let what = format!("a PNM image with the largest value {most}, which programs read in two ways");
        return Err(DataError::unsupported(path, what, "save it as PNG"));
    }
    Ok(match decode(path, bytes, limit, most)?.0 {
        DynamicImage::ImageLuma16(grey) => high_bytes(grey.width(), grey.height(), grey.as_raw(), 3),
        DynamicImage::ImageRgb16(image) => high_bytes(image.width(), image.height(), image.as_raw(), 1),
        image => rgb(image),
    })
}

/// Decodes a mask: one bit as 0 and 1, grey as it is, all else as RGB.
pub(super) fn read_mask(path: &Path, bytes: &[u8], limit: ImageLimit, most: u64) -> Result<StoredMask> {
    match decode(path, bytes, limit, most)? {
        (DynamicImage::ImageLuma8(grey), stored) => {
            let (height, width, mut data) = (grey.height() as usize, grey.width() as usize, grey.into_raw());
            if stored == ExtendedColorType::L1 {
                data.iter_mut().for_each(|value| *value /= 255);
            }
            Ok(StoredMask { height, width, channels: 1, data, beyond: None })
        }
        (image @ (DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgba8(_)), _) => Ok(rgb(image).into()),
        _ => Err(DataError::unsupported(path, "a PNM mask of 16 bits", "save it as PNG")),
    }
}

fn rgb(image: DynamicImage) -> RgbImage8 {
    let image = image.into_rgb8();
    RgbImage8 { height: image.height() as usize, width: image.width() as usize, data: image.into_raw() }
}

fn high_bytes(width: u32, height: u32, values: &[u16], repeat: usize) -> RgbImage8 {
    let data = values.iter().flat_map(|value| std::iter::repeat_n((value >> 8) as u8, repeat)).collect();
    RgbImage8 { height: height as usize, width: width as usize, data }
}

fn decode(path: &Path, bytes: &[u8], limit: ImageLimit, most: u64) -> Result<(DynamicImage, ExtendedColorType)> {
    let mut reader =
        ImageReader::new(InterruptibleBytes::new(bytes)).with_guessed_format().map_err(DataError::read(path))?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(most);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|e| DataError::decode(path, e))?;
    let (width, height) = decoder.dimensions();
    check_size(path, [height, width], limit)?;
    let stored = decoder.original_color_type();
    Ok((DynamicImage::from_decoder(decoder).map_err(|e| DataError::decode(path, e))?, stored))
}
