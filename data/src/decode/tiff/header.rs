//! What a TIFF says of its picture.

use std::io::{Read, Seek};
use std::path::Path;

use image::metadata::Orientation;
use tiff::decoder::Decoder;
use tiff::tags::{CompressionMethod, Tag};
use tiff::{TiffError, TiffResult};

use crate::error::DataError;

/// What to do about a kind of TIFF that is not read.
pub(super) const ADVICE: &str = "save it as PNG, or as an RGB or grey TIFF of 8 bits";

/// What a TIFF says of its picture.
#[derive(Clone)]
pub(super) struct Header {
    /// Height and width as stored, in pixels.
    pub size: [usize; 2],
    pub meaning: Meaning,
    /// Bands of a pixel, those that are not part of the picture included.
    pub bands: usize,
    /// Bits of a value.
    pub bits: usize,
    pub kind: SampleKind,
    /// Whether each band lies by itself.
    pub planar: bool,
    /// Whether it is a JPEG in each tile or strip.
    pub jpeg: bool,
    /// Whether the band behind the picture is an alpha that is not in its colours yet.
    pub alpha_to_multiply: bool,
    /// The colour of each index; empty without palette.
    pub palette: Vec<[u8; 3]>,
    pub orientation: Orientation,
}

/// What the bands of a picture stand for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// One band; `inverted` where 0 is white.
    Grey { inverted: bool },
    /// One band of indexes.
    Palette,
    /// Three bands.
    Rgb,
    /// Four bands.
    Cmyk,
}

/// The type of the values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SampleKind {
    Unsigned,
    Signed,
    Float,
}

impl Meaning {
    /// The number of bands of the picture.
    pub fn channels(self) -> usize {
        match self {
            Meaning::Grey { .. } | Meaning::Palette => 1,
            Meaning::Rgb => 3,
            Meaning::Cmyk => 4,
        }
    }
}

impl SampleKind {
    /// The type in words.
    pub fn name(self) -> &'static str {
        match self {
            SampleKind::Unsigned => "unsigned",
            SampleKind::Signed => "signed",
            SampleKind::Float => "floating-point",
        }
    }
}

impl Header {
    /// Reads the tags of the first picture. `Ok(Err(what))` is a kind that is not read, in words.
    pub fn of<R: Read + Seek>(decoder: &mut Decoder<R>) -> TiffResult<Result<Header, String>> {
        let (width, height) = decoder.dimensions()?;
        let mut number =
            |tag, otherwise| Ok::<_, TiffError>(decoder.find_tag_unsigned::<u16>(tag)?.unwrap_or(otherwise));
        let bands = number(Tag::SamplesPerPixel, 1)?;
        let (photometric, planar) = (number(Tag::PhotometricInterpretation, 1)?, number(Tag::PlanarConfiguration, 1)?);
        let jpeg = number(Tag::Compression, 1)? == CompressionMethod::ModernJPEG.to_u16();
        let orientation = number(Tag::Orientation, 1)?;
        let mut numbers = |tag| Ok::<_, TiffError>(decoder.find_tag_unsigned_vec::<u16>(tag)?.unwrap_or_default());
        let (bits, formats, extra) =
            (numbers(Tag::BitsPerSample)?, numbers(Tag::SampleFormat)?, numbers(Tag::ExtraSamples)?);
        let meaning = match (photometric, jpeg) {
            (0 | 1, _) => Meaning::Grey { inverted: photometric == 0 },
            (2, _) | (6, true) => Meaning::Rgb,
            (3, _) => Meaning::Palette,
            (5, false) => Meaning::Cmyk,
            _ => return Ok(Err(format!("a TIFF {}", colours(photometric)))),
        };
        let kind = match formats.first() {
            None | Some(1 | 4) => SampleKind::Unsigned,
            Some(2) => SampleKind::Signed,
            Some(3) => SampleKind::Float,
            Some(_) => return Ok(Err("a TIFF of complex numbers".to_owned())),
        };
        let depth = bits.first().copied().unwrap_or(1);
        let read = match kind {
            SampleKind::Unsigned => matches!(depth, 1 | 2 | 4 | 8 | 16 | 32),
            SampleKind::Signed => matches!(depth, 8 | 16 | 32),
            SampleKind::Float => matches!(depth, 32 | 64),
        };
        if !read || bits.iter().any(|other| *other != depth) || jpeg && depth != 8 {
            return Ok(Err(format!("a TIFF of {} values of {depth} bits", kind.name())));
        }
        let (bands, channels) = (usize::from(bands), meaning.channels());
        let unknown = bands.saturating_sub(extra.len());
        if bands < channels || (channels == 1 && unknown > 1) {
            return Ok(Err(format!("a TIFF of {bands} bands, of which nothing says what they show")));
        }
        let palette = if meaning == Meaning::Palette { decoder.get_tag_u16_vec(Tag::ColorMap)? } else { Vec::new() };
        let header = Header {
            size: [height as usize, width as usize],
            meaning,
            bands,
            bits: usize::from(depth),
            kind,
            planar: planar == 2,
            jpeg,
            // 2: an alpha that the colours have not been multiplied by.
            alpha_to_multiply: bands > channels && extra.first() == Some(&2),
            palette: colour_map(&palette),
            orientation: Orientation::from_exif(orientation.min(255) as u8).unwrap_or(Orientation::NoTransforms),
        };
        let missing = meaning == Meaning::Palette && header.palette.len() < 1 << header.bits.min(16);
        Ok(if missing { Err("a palette TIFF that lacks colours".to_owned()) } else { Ok(header) })
    }

    /// The error of a picture whose values are of another depth than is read.
    pub fn unsupported(&self, path: &Path) -> DataError {
        let colours = match self.meaning {
            Meaning::Grey { .. } => "a grey",
            Meaning::Palette => "a palette",
            Meaning::Rgb => "an RGB",
            Meaning::Cmyk => "a CMYK",
        };
        DataError::unsupported(path, format!("{colours} TIFF of {} bits", self.bits), ADVICE)
    }
}

/// The colours of a TIFF that is not read, in words.
fn colours(photometric: u16) -> String {
    match photometric {
        4 => "that is a transparency mask".to_owned(),
        5 => "of CMYK in JPEG".to_owned(),
        6 => "of YCbCr without JPEG".to_owned(),
        8..=10 => "of L*a*b* colours".to_owned(),
        32803 | 34892 => "of a camera's raw values".to_owned(),
        other => format!("of unknown colours ({other})"),
    }
}

/// The 8-bit colours of a colour map: all reds, all greens, all blues, in 16 bits; some programs
/// write 8 bits.
fn colour_map(values: &[u16]) -> Vec<[u8; 3]> {
    let shift = if values.iter().all(|value| *value < 256) { 0 } else { 8 };
    let count = values.len() / 3;
    (0..count).map(|index| [0, 1, 2].map(|band| (values[band * count + index] >> shift) as u8)).collect()
}
