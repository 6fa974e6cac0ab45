//! TIFF: tiles or strips, interleaved or planar, of any number of bands, of which the first are the
//! picture.

mod bands;
mod header;

use std::path::Path;

use image::metadata::Orientation;

use self::bands::Bands;
use self::header::{ADVICE, Meaning, SampleKind};
use super::stored::StoredMask;
use super::upright::{turned, turned_grey};
use crate::error::{DataError, Result};
use crate::limit::ImageLimit;
use crate::raster::RgbImage8;

/// Decodes an image as RGB, and says how it is to be turned.
///
/// The colours are those of libtiff, which OpenCV reads with: of grey in 16 bits the higher byte,
/// of RGB in 16 bits the nearest value, and an alpha that is not in the colours yet is multiplied
/// in.
pub(super) fn read(path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<(RgbImage8, Orientation)> {
    let bands = Bands::open(path, bytes, limit)?;
    let header = bands.header().clone();
    let (meaning, bits, kind) = (header.meaning, header.bits, header.kind);
    if kind != SampleKind::Unsigned {
        let what = format!("a TIFF image of {} values, whose range nothing says", kind.name());
        return Err(DataError::unsupported(path, what, ADVICE));
    }
    let most = f64::from((1u32 << bits.min(16)) - 1);
    let convert: fn(f64, f64) -> f64 = match (meaning, bits) {
        (Meaning::Palette, 1..=8) => |value, _| value,
        (Meaning::Grey { inverted: false }, 1..=8) => |value, most| (value * 255.0 / most).floor(),
        (Meaning::Grey { inverted: true }, 1..=8) => |value, most| ((most - value) * 255.0 / most).floor(),
        (Meaning::Grey { inverted: false }, 16) => |value, _| (value / 256.0).floor(),
        (Meaning::Grey { inverted: true }, 16) => |value, _| 255.0 - (value / 256.0).floor(),
        (Meaning::Rgb, 16) => |value, _| ((value + 128.0) / 257.0).floor(),
        (Meaning::Rgb | Meaning::Cmyk, 8) => |value, _| value,
        _ => return Err(header.unsupported(path)),
    };
    let channels = meaning.channels();
    let with_alpha = header.alpha_to_multiply && matches!(meaning, Meaning::Rgb);
    let data = bands.read(channels + usize::from(with_alpha), |value, _| convert(value, most) as u8)?;
    let data = match meaning {
        Meaning::Grey { .. } => data.into_iter().flat_map(|grey| [grey; 3]).collect(),
        Meaning::Palette => data.into_iter().flat_map(|index| header.palette[usize::from(index)]).collect(),
        Meaning::Rgb if with_alpha => data.as_chunks::<4>().0.iter().flat_map(|pixel| multiplied(*pixel)).collect(),
        Meaning::Rgb => data,
        Meaning::Cmyk => data.as_chunks::<4>().0.iter().flat_map(|inks| rgb_of_cmyk(*inks)).collect(),
    };
    let [height, width] = header.size;
    Ok((RgbImage8 { height, width, data }, header.orientation))
}

/// Decodes a mask as it is stored, and turns it, as Pillow does with this format.
pub(super) fn read_mask(path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<StoredMask> {
    let bands = Bands::open(path, bytes, limit)?;
    let header = bands.header().clone();
    let (channels, inverted) = match (header.meaning, header.bits) {
        (Meaning::Grey { inverted: false } | Meaning::Palette, _) => (1, false),
        (Meaning::Grey { inverted: true }, 1..=8) => (1, true),
        (Meaning::Rgb, 8) => (3, false),
        _ => return Err(header.unsupported(path)),
    };
    let most = if inverted { f64::from((1u32 << header.bits) - 1) } else { 0.0 };
    let mut beyond = None;
    let data = bands.read(channels, |value, index| {
        let value = if inverted { most - value } else { value };
        if !(0.0..=255.0).contains(&value) || value.fract() != 0.0 {
            beyond.get_or_insert((value, index));
        }
        value as u8
    })?;
    let [height, width] = header.size;
    if channels == 3 {
        return Ok(turned(RgbImage8 { height, width, data }, header.orientation).into());
    }
    let ([height, width], data) = turned_grey(header.size, data, header.orientation);
    Ok(StoredMask { height, width, channels, data, beyond })
}

/// A colour multiplied by its alpha, rounded as libtiff does.
fn multiplied([red, green, blue, alpha]: [u8; 4]) -> [u8; 3] {
    [red, green, blue].map(|value| ((u32::from(value) * u32::from(alpha) + 127) / 255) as u8)
}

/// The colour of four inks as libtiff has it: 0 is no ink.
fn rgb_of_cmyk([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| (u32::from(255 - black) * u32::from(255 - ink) / 255) as u8)
}
