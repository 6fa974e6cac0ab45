//! The bytes of an image file, unpacked if it is gzipped: no more of them than its image can have.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use image::codecs::pnm::PnmDecoder;
use image::{ImageDecoder, ImageFormat};

use crate::error::{DataError, Result, shown};
use crate::interruption;
use crate::limit::ImageLimit;
use crate::plain_file;

/// The bytes that are read of a file before anything is decided: enough for the headers of PNG, PNM
/// and GIF.
const HEAD: u64 = 64 << 10;

/// The bytes that are read before it is looked whether the program is to end.
const PART: u64 = 1 << 20;

/// The first bytes of a gzipped file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An open file, unpacked while it is read.
pub(crate) struct Unpacked<'a> {
    path: &'a Path,
    source: Box<dyn Read + 'a>,
    gzipped: bool,
}

impl<'a> Unpacked<'a> {
    pub fn open(path: &'a Path) -> Result<Self> {
        let failed = DataError::read(path);
        let mut file = BufReader::new(plain_file::open(path)?);
        let started = || -> io::Result<(Vec<u8>, BufReader<File>)> {
            let mut first = Vec::new();
            file.by_ref().take(GZIP.len() as u64).read_to_end(&mut first)?;
            Ok((first, file))
        };
        let (first, file) = started().map_err(failed)?;
        let gzipped = first == GZIP;
        let stored = Cursor::new(first).chain(file);
        let source: Box<dyn Read> = if gzipped { Box::new(MultiGzDecoder::new(stored)) } else { Box::new(stored) };
        Ok(Self { path, source, gzipped })
    }

    /// Appends at most `count` bytes more.
    pub fn read(&mut self, count: u64, bytes: &mut Vec<u8>) -> Result<usize> {
        let before = bytes.len();
        loop {
            interruption::check(self.path)?;
            let left = count - (bytes.len() - before) as u64;
            let read = self.source.by_ref().take(left.min(PART)).read_to_end(bytes);
            let read = read.map_err(|error| match self.gzipped {
                true => DataError::decode(self.path, format!("gzip: {error}")),
                false => DataError::read(self.path)(error),
            })?;
            if (read as u64) < PART {
                return Ok(bytes.len() - before);
            }
        }
    }
}

/// Reads the bytes of an image file, unpacked if it is gzipped. Reading ends with an error as soon
/// as it is known that they are those of no image, or of one that is beyond the limit.
pub(crate) fn read_image_file(path: &Path, limit: ImageLimit) -> Result<Vec<u8>> {
    let mut file = Unpacked::open(path)?;
    let mut bytes = Vec::new();
    file.read(HEAD, &mut bytes)?;
    let most = check_head(path, &bytes, limit)?;
    let left = (most + 1).saturating_sub(bytes.len() as u64);
    file.read(left, &mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(DataError::FileTooLarge { path: path.to_owned(), most });
    }
    Ok(bytes)
}

/// Looks at the first bytes of a file: an error where they begin no image, or one that is beyond
/// the limit. Returns how many bytes the file may hold, and a decoder take.
pub(crate) fn check_head(path: &Path, head: &[u8], limit: ImageLimit) -> Result<u64> {
    use ImageFormat::{Gif, Jpeg, Png, Pnm, Tiff};
    match format(head) {
        Ok(Png | Jpeg | Tiff | Pnm | Gif) => {}
        Ok(other) => {
            let what = format!("an image in {other:?} format");
            return Err(DataError::unsupported(path, what, "save it as PNG, JPEG or TIFF"));
        }
        Err(_) if head.starts_with(b"version https://git-lfs") => {
            return Err(DataError::unsupported(path, "a pointer of Git LFS", "get the file with `git lfs pull`"));
        }
        Err(_) if head.starts_with(b"/annex/objects/") => {
            return Err(DataError::unsupported(path, "a pointer of git-annex", "get the file with `git annex get`"));
        }
        Err(_) if link_as_text(head).is_some() => {
            let what = format!("a link to {}, copied as a text", shown(link_as_text(head).unwrap_or_default()));
            let advice = "get the file that it stands for (git-annex, DataLad: `git annex get`)";
            return Err(DataError::unsupported(path, what, advice));
        }
        Err(_) => return Err(DataError::decode(path, "neither PNG, JPEG, TIFF, PNM nor GIF")),
    }
    let claimed = claimed_size(head);
    if claimed.is_none() && matches!(format(head), Ok(Pnm)) && head.len() as u64 >= HEAD {
        return Err(DataError::decode(path, format!("a PNM whose header has no end in its first {HEAD} bytes")));
    }
    claimed.map_or(Ok(()), |size| check_size(path, size, limit))?;
    Ok(limit.file_bytes(claimed))
}

/// The path in a file that holds nothing else: what becomes of a link where there are none (git on
/// Windows, some archives).
fn link_as_text(head: &[u8]) -> Option<&str> {
    const LONGEST_PATH: usize = 4096;
    let text = std::str::from_utf8(head).ok().filter(|text| text.len() <= LONGEST_PATH)?.trim_end();
    let is_path = text.contains('/') && !text.contains(|c: char| c.is_whitespace() || "<>{}\"".contains(c));
    is_path.then_some(text)
}

/// Tells the format by the first bytes.
pub(super) fn format(head: &[u8]) -> image::ImageResult<ImageFormat> {
    let is_big_tiff = head.starts_with(b"II+\0") || head.starts_with(b"MM\0+");
    if is_big_tiff { Ok(ImageFormat::Tiff) } else { image::guess_format(head) }
}

/// Reads height and width in the header of a PNG, PNM or GIF file; `None` in other formats, where
/// they may stand anywhere.
fn claimed_size(head: &[u8]) -> Option<[u32; 2]> {
    if head.starts_with(b"\x89PNG") {
        // After the signature, and the length and name of the first chunk.
        let side = |at: usize| Some(u32::from_be_bytes(*head.get(at..)?.first_chunk()?));
        return Some([side(20)?, side(16)?]);
    }
    if head.starts_with(b"GIF8") {
        let side = |at: usize| Some(u32::from(u16::from_le_bytes(*head.get(at..)?.first_chunk()?)));
        return Some([side(8)?, side(6)?]);
    }
    let (width, height) = PnmDecoder::new(head).ok()?.dimensions();
    Some([height, width])
}

/// Checks that an image has pixels, and no more than may be.
pub(crate) fn check_size(path: &Path, size: [u32; 2], limit: ImageLimit) -> Result<()> {
    if !limit.admits(size) {
        return Err(DataError::TooLarge { path: path.to_owned(), size, limit });
    }
    if size.contains(&0) {
        return Err(DataError::decode(path, "an image without pixels"));
    }
    Ok(())
}
