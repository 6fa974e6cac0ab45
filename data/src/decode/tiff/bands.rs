//! The values of a TIFF's bands, tile by tile or strip by strip.

use std::borrow::Cow;
use std::path::Path;

use tiff::TiffError;
use tiff::decoder::{ChunkType, Decoder, Limits};
use tiff::tags::{PhotometricInterpretation, Tag};

use super::header::{ADVICE, Header, Meaning, SampleKind};
use crate::decode::jpeg;
use crate::decode::png::unpack_bits;
use crate::decode::unpack::check_size;
use crate::error::{DataError, Result};
use crate::interruption::{self, InterruptibleBytes};
use crate::limit::ImageLimit;

/// An open TIFF.
pub(super) struct Bands<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    decoder: Decoder<InterruptibleBytes<'a>>,
    header: Header,
    limit: ImageLimit,
}

/// A rectangle of values as the file has them: packed rows of as many bands as are interleaved.
struct TiffChunk {
    size: [usize; 2],
    bands: usize,
    bits: usize,
    kind: SampleKind,
    /// Rows, each begins with a byte; in the byte order of this machine.
    data: Vec<u8>,
}

impl<'a> Bands<'a> {
    /// Opens a file that is within the limit and of a kind that is read.
    pub fn open(path: &'a Path, bytes: &'a [u8], limit: ImageLimit) -> Result<Self> {
        let failed = |error| tiff_error(path, error);
        let mut decoder = Decoder::new(InterruptibleBytes::new(bytes)).map_err(failed)?;
        let (width, height) = decoder.dimensions().map_err(failed)?;
        check_size(path, [height, width], limit)?;
        let header = Header::of(&mut decoder).map_err(failed)?;
        let header = header.map_err(|what| DataError::unsupported(path, what, ADVICE))?;
        let tiles = decoder.get_chunk_type() == ChunkType::Tile;
        if !header.jpeg && (tiles || header.meaning != (Meaning::Grey { inverted: false })) {
            // The decoder knows no palette, drops bands that it does not know, from tiles wrongly,
            // and takes tiles at the border of planes for shorter than they are. As grey, in whole
            // tiles, it gives out every value as it is.
            let mut tags =
                vec![(Tag::PhotometricInterpretation, PhotometricInterpretation::BlackIsZero.to_u16().into())];
            if tiles {
                let whole = |side: u32, tile: u32| u64::from(side).next_multiple_of(tile.into()) as usize;
                let (tile_width, tile_height) = decoder.chunk_dimensions();
                tags.push((Tag::ImageWidth, whole(width, tile_width)));
                tags.push((Tag::ImageLength, whole(height, tile_height)));
            }
            let changes =
                tag_changes(bytes, &tags).ok_or_else(|| DataError::decode(path, "tags that cannot be read"))?;
            decoder = Decoder::new(InterruptibleBytes::changed(bytes, changes)).map_err(failed)?;
        }
        // Tables and packed strips are in the file; what they unpack to is allocated here.
        let mut limits = Limits::default();
        limits.ifd_value_size = bytes.len();
        limits.intermediate_buffer_size = bytes.len();
        limits.decoding_buffer_size = usize::MAX;
        Ok(Self { path, bytes, decoder: decoder.with_limits(limits), header, limit })
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the first `kept` bands, interleaved: height x width x kept. `convert` is given each
    /// value and its index in what is returned.
    pub fn read(mut self, kept: usize, mut convert: impl FnMut(f64, usize) -> u8) -> Result<Vec<u8>> {
        let [height, width] = self.header.size;
        let (chunk_width, chunk_height) = self.decoder.chunk_dimensions();
        let (chunk_width, chunk_height) = (chunk_width as usize, (chunk_height as usize).min(height));
        let (across, down) = (width.div_ceil(chunk_width), height.div_ceil(chunk_height));
        let planes = if self.header.planar { kept } else { 1 };
        let mut data = vec![0; height * width * kept];
        for index in 0..planes * across * down {
            let (plane, place) = (index / (across * down), index % (across * down));
            let (top, left) = (place / across * chunk_height, place % across * chunk_width);
            let chunk = self.chunk(index as u32)?;
            let rows = chunk.size[0].min(height - top);
            let columns = chunk.size[1].min(width - left);
            for row in 0..rows {
                let values = chunk.row(row);
                let bands = chunk.bands.min(kept);
                for column in 0..columns {
                    let to = ((top + row) * width + left + column) * kept + plane;
                    for band in 0..bands {
                        data[to + band] = convert(values(column * chunk.bands + band), to + band);
                    }
                }
            }
        }
        Ok(data)
    }

    fn chunk(&mut self, index: u32) -> Result<TiffChunk> {
        interruption::check(self.path)?;
        if self.header.jpeg {
            return self.jpeg_chunk(index as usize);
        }
        let Header { bands, bits, kind, planar, .. } = self.header;
        let (width, height) = self.decoder.chunk_data_dimensions(index);
        let (size, bands) = ([height as usize, width as usize], if planar { 1 } else { bands });
        let length = (size[1] * bands).checked_mul(bits).and_then(|row| row.div_ceil(8).checked_mul(size[0]));
        let [height, width] = self.header.size.map(|side| side as u32);
        let most = self.limit.file_bytes(Some([height, width]));
        let Some(length) = length.filter(|length| *length as u64 <= most) else {
            let what = format!("a TIFF of {bands} bands of {bits} bits, in tiles of {} pixels", size[0] * size[1]);
            return Err(DataError::unsupported(self.path, what, ADVICE));
        };
        let mut data = vec![0; length];
        self.decoder.read_chunk_bytes(index, &mut data).map_err(|error| tiff_error(self.path, error))?;
        Ok(TiffChunk { size, bands, bits, kind, data })
    }

    /// A tile or strip that is a JPEG: its tables may stand in the header of the TIFF.
    fn jpeg_chunk(&mut self, index: usize) -> Result<TiffChunk> {
        let failed = |error| tiff_error(self.path, error);
        let (offsets, lengths) = match self.decoder.get_chunk_type() {
            ChunkType::Strip => (Tag::StripOffsets, Tag::StripByteCounts),
            ChunkType::Tile => (Tag::TileOffsets, Tag::TileByteCounts),
        };
        let mut entry = |tag| Ok::<_, TiffError>(self.decoder.get_tag_u64_vec(tag)?.get(index).copied());
        let place = entry(offsets).map_err(failed)?.zip(entry(lengths).map_err(failed)?);
        let is_ycbcr = self.decoder.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation).map_err(failed)?
            == Some(PhotometricInterpretation::YCbCr.to_u16());
        let mut stream = match self.decoder.find_tag(Tag::JPEGTables).map_err(failed)? {
            Some(tables) => tables.into_u8_vec().map_err(failed)?,
            None => Vec::new(),
        };
        let stored = place.and_then(|(at, length)| {
            let at = usize::try_from(at).ok()?;
            self.bytes.get(at..at.checked_add(usize::try_from(length).ok()?)?)
        });
        let Some(stored) = stored else { return Err(DataError::decode(self.path, "a strip beyond the end")) };
        // Both have a start of their own, and the tables an end.
        stream.truncate(stream.len().saturating_sub(2));
        stream.extend(if stream.is_empty() { stored } else { stored.get(2..).unwrap_or_default() });
        let (size, bands, data) = jpeg::read_bands(self.path, &stream, self.limit, is_ycbcr)?;
        let wanted = if self.header.planar { 1 } else { self.header.bands };
        let (columns, rows) = self.decoder.chunk_data_dimensions(index as u32);
        if bands != wanted || size[0] < rows as usize || size[1] < columns as usize {
            return Err(DataError::decode(self.path, "a JPEG strip of another size than the TIFF says"));
        }
        Ok(TiffChunk { size, bands, bits: 8, kind: SampleKind::Unsigned, data })
    }
}

impl TiffChunk {
    /// The values of a row, by index.
    fn row(&self, row: usize) -> impl Fn(usize) -> f64 {
        let count = self.size[1] * self.bands;
        let length = (count * self.bits).div_ceil(8);
        let line = &self.data[row * length..][..length];
        let unpacked = if self.bits < 8 { unpack_bits(line, length, count, self.bits) } else { Vec::new() };
        let value: fn(&[u8], usize) -> f64 = match (self.bits, self.kind) {
            (8, SampleKind::Signed) => |line, at| f64::from(line[at] as i8),
            (16, SampleKind::Unsigned) => |line, at| f64::from(u16::from_ne_bytes(line.as_chunks().0[at])),
            (16, SampleKind::Signed) => |line, at| f64::from(i16::from_ne_bytes(line.as_chunks().0[at])),
            (32, SampleKind::Unsigned) => |line, at| f64::from(u32::from_ne_bytes(line.as_chunks().0[at])),
            (32, SampleKind::Signed) => |line, at| f64::from(i32::from_ne_bytes(line.as_chunks().0[at])),
            (32, SampleKind::Float) => |line, at| f64::from(f32::from_ne_bytes(line.as_chunks().0[at])),
            (64, SampleKind::Float) => |line, at| f64::from_ne_bytes(line.as_chunks().0[at]),
            _ => |line, at| f64::from(line[at]),
        };
        let bytes = if self.bits < 8 { Cow::Owned(unpacked) } else { Cow::Borrowed(line) };
        move |at| value(&bytes, at)
    }
}

/// The bytes that give some tags of a file's first picture other values, by their places.
fn tag_changes(bytes: &[u8], tags: &[(Tag, usize)]) -> Option<Vec<(u64, u8)>> {
    let big_endian = bytes.starts_with(b"MM");
    let number = |at: usize, count: usize| -> Option<usize> {
        let found = bytes.get(at..at.checked_add(count)?)?.iter();
        let shift = |number: usize, byte: &u8| (number << 8) | usize::from(*byte);
        Some(if big_endian { found.fold(0, shift) } else { found.rev().fold(0, shift) })
    };
    // BigTIFF has longer offsets, counts and entries.
    let (first, count, entry, value_at) = match number(2, 2)? {
        43 => (number(8, 8)?, 8, 20, 12),
        _ => (number(4, 4)?, 2, 12, 8),
    };
    let mut changes = Vec::new();
    for index in 0..number(first, count)? {
        let place = first + count + index * entry;
        let found = number(place, 2)?;
        let Some((_, value)) = tags.iter().find(|(tag, _)| usize::from(tag.to_u16()) == found) else { continue };
        // 3: 16 bits. 4: 32 bits.
        let length = match number(place + 2, 2)? {
            3 if *value <= usize::from(u16::MAX) => 2,
            4 => 4,
            _ => return None,
        };
        for byte in 0..length {
            let shift = 8 * if big_endian { length - 1 - byte } else { byte };
            let at = place + value_at + byte;
            bytes.get(at)?;
            changes.push((at as u64, (value >> shift) as u8));
        }
    }
    Some(changes)
}

/// What is wrong with a file: a kind that is not read, or damage.
fn tiff_error(path: &Path, error: TiffError) -> DataError {
    match error {
        TiffError::UnsupportedError(what) => DataError::unsupported(path, format!("a TIFF ({what})"), ADVICE),
        error => DataError::decode(path, error),
    }
}
