//! Image files to pixels: by their magic bytes, never by their extension, and within a limit of
//! memory.
//!
//! Images become what OpenCV makes of them, for that is what the reference implementation is given:
//! turned upright, as 8-bit RGB. Masks stay the values that are stored, as Pillow reads them.

mod jpeg;
mod png;
mod pnm;
mod stored;
mod tiff;
mod unpack;
mod upright;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::ImageFormat;

use self::unpack::{check_head, format};
use self::upright::turned;
use crate::error::{DataError, Result};
use crate::interruption;
use crate::limit::ImageLimit;
use crate::raster::RgbImage8;

pub(crate) use self::stored::StoredMask;
pub(crate) use self::unpack::{Unpacked, read_image_file};

/// Reads an image as RGB; grey becomes three equal channels, transparency is dropped, and a photo
/// that was taken with the camera on its side is turned upright.
///
/// # Errors
/// A file that is no image, is damaged, or holds one that is beyond the limit or of a kind that is
/// not read; names it.
pub fn read_rgb(path: &Path, limit: ImageLimit) -> Result<RgbImage8> {
    decode_rgb(path, &read_image_file(path, limit)?, limit)
}

/// Decodes an image's bytes as [`read_rgb`] does. They are not unpacked; `path` is for messages.
///
/// # Errors
/// Those of [`read_rgb`] that are not about reading.
pub fn decode_rgb(path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<RgbImage8> {
    interruption::check(path)?;
    let most = check_head(path, bytes, limit)?;
    guarded(path, || {
        let (image, orientation) = match format(bytes) {
            Ok(ImageFormat::Jpeg) => jpeg::read(path, bytes, limit)?,
            Ok(ImageFormat::Png) => png::read(path, bytes, limit, most)?,
            Ok(ImageFormat::Tiff) => tiff::read(path, bytes, limit)?,
            _ => return pnm::read(path, bytes, limit, most),
        };
        Ok(turned(image, orientation))
    })
}

/// Reads a mask as it is stored. PNG palettes are not applied, so an indexed PNG yields its
/// indexes.
#[cfg(test)]
pub(crate) fn read_mask(path: &Path, limit: ImageLimit) -> Result<StoredMask> {
    decode_mask(path, &read_image_file(path, limit)?, limit)
}

/// Decodes the mask of a file's bytes; `path` is for messages.
pub(crate) fn decode_mask(path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<StoredMask> {
    interruption::check(path)?;
    let most = check_head(path, bytes, limit)?;
    guarded(path, || match format(bytes) {
        Ok(ImageFormat::Jpeg) => {
            let (image, orientation) = jpeg::read(path, bytes, limit)?;
            upright::refuse_turned(path, orientation)?;
            Ok(image.into())
        }
        Ok(ImageFormat::Png) => png::read_mask(path, bytes, limit, most),
        Ok(ImageFormat::Tiff) => tiff::read_mask(path, bytes, limit),
        _ => pnm::read_mask(path, bytes, limit, most),
    })
}

/// Runs a decoder. Decoders are other people's, and files are anybody's: a panic in one is an error
/// of the file.
fn guarded<T>(path: &Path, decode: impl FnOnce() -> Result<T>) -> Result<T> {
    let decoded = quiet::within(|| catch_unwind(AssertUnwindSafe(decode)));
    decoded.unwrap_or_else(|_| Err(DataError::decode(path, "its decoder broke off"))).map_err(|error| {
        // What a decoder makes of its source's end is no matter of the file.
        interruption::check(path).err().unwrap_or(error)
    })
}

/// Keeps the program's panic message from being printed while a decoder runs.
mod quiet {
    use std::cell::Cell;
    use std::panic::{set_hook, take_hook};
    use std::sync::Once;

    thread_local!(static DECODING: Cell<bool> = const { Cell::new(false) });

    /// Runs something whose panics are caught.
    pub fn within<T>(run: impl FnOnce() -> T) -> T {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let shown = take_hook();
            set_hook(Box::new(move |panic| {
                if !DECODING.get() {
                    shown(panic);
                }
            }));
        });
        DECODING.set(true);
        let result = run();
        DECODING.set(false);
        result
    }
}

#[cfg(test)]
mod tests;
