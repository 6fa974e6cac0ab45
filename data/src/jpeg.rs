//! JPEG with libjpeg's arithmetic, bit for bit what OpenCV reads.

use std::path::Path;

use crate::error::{DataError, Result};
use crate::limit::ImageLimit;
use crate::raster::RgbImage8;
use crate::unpack::check_size;

/// Whether the first bytes are those of a JPEG file.
pub(crate) fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8])
}

/// Decodes an image as RGB; grey becomes three equal channels.
pub(crate) fn read(path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<RgbImage8> {
    check_end(path, bytes)?;
    // libjpeg's own errors unwind as panics with a message.
    let decoded = std::panic::catch_unwind(|| decode(path, bytes, limit));
    decoded.unwrap_or_else(|_| Err(DataError::decode(path, "damaged JPEG")))
}

fn decode(path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<RgbImage8> {
    let failed = |error: std::io::Error| DataError::decode(path, error);
    let header = mozjpeg::Decompress::new_mem(bytes).map_err(failed)?;
    let (width, height) = header.size();
    let sides = [height, width].map(|side| u32::try_from(side).unwrap_or(u32::MAX));
    check_size(path, sides, limit)?;
    let mut image = header.rgb().map_err(failed)?;
    let data = image.read_scanlines::<u8>().map_err(failed)?;
    image.finish().map_err(failed)?;
    Ok(RgbImage8 { height, width, data })
}

/// The decoder fills what is missing of a truncated file with grey, without an error: look for the
/// end marker ourselves. Within the coded pixels it cannot occur, before them it may (a preview in
/// the header).
fn check_end(path: &Path, bytes: &[u8]) -> Result<()> {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    match (last(0xda), last(0xd9)) {
        (Some(scan), Some(end)) if scan < end => Ok(()),
        _ => Err(DataError::decode(path, "truncated JPEG")),
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
            let image = read(&path, &std::fs::read(&path).unwrap(), ImageLimit::DEFAULT).unwrap();
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
