//! From the values that a publisher's masks hold to train ids.

use std::fmt::Debug;
use std::path::Path;

use crate::decode::{StoredMask, decode_mask};
use crate::error::{DataError, Result};
use crate::limit::ImageLimit;
use crate::raster::{IGNORE_INDEX, LabelMap};

/// The meaning of what the masks of a data set hold.
pub(crate) trait MaskEncoding: Debug + Send + Sync {
    /// Decodes the bytes of a mask file, unpacked, into train ids; `path` is for messages.
    fn decode_file(&self, path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<LabelMap>;
}

/// What the values of a mask mean. Each data set defines its own.
#[derive(Debug)]
pub(crate) struct LabelEncoding {
    /// The train id of each of the 256 values, `None` where the value is not allowed. It is asked
    /// for the values of one mask, since some sets write masks in two ways.
    pub train_ids: fn(&[u8]) -> [Option<u8>; 256],
    /// The values that are allowed, in words.
    pub allowed: &'static str,
    /// What to do about a mask of three channels, where not even one of equal channels is taken.
    pub refuse_rgb: Option<&'static str>,
}

/// The train ids of masks that hold the classes as they are, and 255 where a pixel has none.
pub(crate) fn indexes(classes: usize) -> [Option<u8>; 256] {
    let mut ids = [None; 256];
    for (value, entry) in ids.iter_mut().enumerate().take(classes) {
        *entry = Some(value as u8);
    }
    ids[255] = Some(IGNORE_INDEX);
    ids
}

impl MaskEncoding for LabelEncoding {
    fn decode_file(&self, path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<LabelMap> {
        self.decode(path, decode_mask(path, bytes, limit)?)
    }
}

impl LabelEncoding {
    /// Decodes a stored mask into a label map; `path` is for messages.
    pub fn decode(&self, path: &Path, mask: StoredMask) -> Result<LabelMap> {
        let StoredMask { height, width, channels, mut data, beyond } = mask;
        let refused = |value: f64, index: usize| DataError::LabelValue {
            path: path.to_owned(),
            value,
            row: index / width,
            column: index % width,
            allowed: self.allowed,
        };
        if let Some((value, index)) = beyond {
            return Err(refused(value, index));
        }
        if channels == 3 {
            data = self.grey(path, &data)?;
        }
        let train_ids = (self.train_ids)(&data);
        for (index, value) in data.iter_mut().enumerate() {
            *value = train_ids[*value as usize].ok_or_else(|| refused(f64::from(*value), index))?;
        }
        Ok(LabelMap { height, width, data })
    }

    /// Takes one channel of an RGB mask whose channels are equal.
    fn grey(&self, path: &Path, data: &[u8]) -> Result<Vec<u8>> {
        let pixels = data.chunks_exact(3);
        if self.refuse_rgb.is_none() && pixels.clone().all(|p| p[0] == p[1] && p[1] == p[2]) {
            return Ok(pixels.map(|pixel| pixel[0]).collect());
        }
        let advice = self.refuse_rgb.unwrap_or("take the file with one value per pixel");
        Err(DataError::ColourMask { path: path.to_owned(), advice })
    }
}

#[cfg(test)]
impl LabelEncoding {
    /// Decodes a mask of one row.
    pub fn decode_row(&self, path: &Path, data: &[u8]) -> Result<Vec<u8>> {
        let mask = StoredMask { height: 1, width: data.len(), channels: 1, data: data.to_vec(), beyond: None };
        self.decode(path, mask).map(|map| map.data)
    }

    /// Asserts that the values of a mask become these train ids, and that `beyond` is refused.
    #[track_caller]
    pub fn assert_decodes(&self, values: &[u8], train_ids: &[u8], beyond: u8) {
        let path = Path::new("mask.png");
        assert_eq!(self.decode_row(path, values).unwrap(), train_ids);
        let refused = self.decode_row(path, &[values[0], beyond]);
        assert!(
            matches!(refused, Err(DataError::LabelValue { value, column: 1, .. }) if value == f64::from(beyond)),
            "{refused:?}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rgb_masks_are_taken_where_their_channels_are_equal() {
        let decode = |refuse_rgb, data: &[u8]| {
            let encoding = LabelEncoding { train_ids: |_| indexes(2), allowed: "0 and 1", refuse_rgb };
            let mask = StoredMask { height: 1, width: data.len() / 3, channels: 3, data: data.to_vec(), beyond: None };
            encoding.decode(Path::new("mask.png"), mask).map(|map| map.data)
        };
        assert_eq!(decode(None, &[1, 1, 1, 0, 0, 0]).unwrap(), [1, 0]);
        let message = decode(None, &[1, 1, 0]).unwrap_err().to_string();
        assert!(message.ends_with("take the file with one value per pixel"), "{message}");
        let message = decode(Some("cut tiles"), &[1, 1, 1]).unwrap_err().to_string();
        assert!(message.ends_with("cut tiles"), "{message}");
    }
}
