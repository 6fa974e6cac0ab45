//! From the values that a publisher's masks hold to train ids.

use std::path::Path;

use crate::classes::CITYSCAPES_TRAIN_IDS;
use crate::error::{DataError, Result};
use crate::kind::{DatasetKind, IGNORE_INDEX};
use crate::limit::ImageLimit;
use crate::raster::LabelMap;
use crate::read::{StoredMask, decode_mask};

/// What the values of a mask mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LabelEncoding {
    /// 0 background; vessel is 1, or 255 in files that hold no 1.
    Vessel,
    /// Cityscapes `labelIds`: ids 0..=33, 255 for ids that are negative in the publisher's table.
    CityscapesId,
    /// Cityscapes `labelTrainIds`: 0..=18, 255 ignored.
    CityscapesTrainId,
    /// iSAID tiles: class indexes 0..=15, 255 ignored.
    IsaidIndex,
    /// Control images: classes 0 and 1, 255 ignored.
    ControlIndex,
}

/// The label map of a mask file's bytes, which are not unpacked, as the publisher of the data set writes masks (Cityscapes:
/// `labelIds`); `path` is for messages.
///
/// # Errors
/// Bytes of no mask of this data set, or of one that is beyond the limit.
pub fn decode_label(path: &Path, bytes: &[u8], kind: DatasetKind, limit: ImageLimit) -> Result<LabelMap> {
    LabelEncoding::published(kind).decode(path, decode_mask(path, bytes, limit)?)
}

impl LabelEncoding {
    /// That of the publisher's masks.
    fn published(kind: DatasetKind) -> Self {
        match kind {
            DatasetKind::Stare | DatasetKind::ChaseDb1 | DatasetKind::Hrf => LabelEncoding::Vessel,
            DatasetKind::Cityscapes => LabelEncoding::CityscapesId,
            DatasetKind::Isaid => LabelEncoding::IsaidIndex,
            DatasetKind::Control => LabelEncoding::ControlIndex,
        }
    }

    /// Train id of each of the 256 values, `None` where the value is not allowed; and the rule in words.
    fn table(self, data: &[u8]) -> ([Option<u8>; 256], &'static str) {
        let mut table = [None; 256];
        let mut identity = |classes: usize| {
            for (value, entry) in table.iter_mut().enumerate().take(classes) {
                *entry = Some(value as u8);
            }
        };
        let rule = match self {
            LabelEncoding::Vessel => {
                identity(2);
                // A 1 beside a 255 would be neither of the two ways to write a mask.
                if data.contains(&255) {
                    table[1] = None;
                    table[255] = Some(1);
                }
                "0 and 255, or 0 and 1"
            }
            LabelEncoding::CityscapesId => {
                for (entry, train_id) in table.iter_mut().zip(CITYSCAPES_TRAIN_IDS) {
                    *entry = Some(train_id);
                }
                table[255] = Some(IGNORE_INDEX);
                "the label ids 0 to 33, and 255"
            }
            LabelEncoding::CityscapesTrainId => {
                identity(19);
                table[255] = Some(IGNORE_INDEX);
                "the train ids 0 to 18, and 255"
            }
            LabelEncoding::IsaidIndex => {
                identity(16);
                table[255] = Some(IGNORE_INDEX);
                "the classes 0 to 15, and 255"
            }
            LabelEncoding::ControlIndex => {
                identity(2);
                table[255] = Some(IGNORE_INDEX);
                "the classes 0 and 1, and 255"
            }
        };
        (table, rule)
    }

    /// The label map of a stored mask; `path` is for messages.
    pub fn decode(self, path: &Path, mask: StoredMask) -> Result<LabelMap> {
        let StoredMask { height, width, channels, mut data } = mask;
        if channels == 3 {
            data = self.grey(path, &data)?;
        }
        let (table, allowed) = self.table(&data);
        for (index, value) in data.iter_mut().enumerate() {
            *value = table[*value as usize].ok_or_else(|| DataError::LabelValue {
                path: path.to_owned(),
                value: *value,
                row: index / width,
                column: index % width,
                allowed,
            })?;
        }
        Ok(LabelMap { height, width, data })
    }

    /// One channel of an RGB mask whose channels are equal.
    fn grey(self, path: &Path, data: &[u8]) -> Result<Vec<u8>> {
        let pixels = data.chunks_exact(3);
        if self != LabelEncoding::IsaidIndex && pixels.clone().all(|p| p[0] == p[1] && p[1] == p[2]) {
            return Ok(pixels.map(|pixel| pixel[0]).collect());
        }
        Err(DataError::ColourMask {
            path: path.to_owned(),
            advice: match self {
                LabelEncoding::IsaidIndex => {
                    "make tiles from the original images and colour masks with `atrous prepare isaid`"
                }
                _ => "take the file with one value per pixel",
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    fn decode(encoding: LabelEncoding, data: &[u8]) -> Result<Vec<u8>> {
        let mask = StoredMask { height: 1, width: data.len(), channels: 1, data: data.to_vec() };
        encoding.decode(Path::new("mask.png"), mask).map(|map| map.data)
    }

    #[test]
    fn golden_cityscapes_ids_become_train_ids() {
        for golden in golden::folders() {
            let maps = golden.json("label_maps.json");
            let column = |key: &str| -> Vec<u8> {
                let rows = maps["cityscapes_ids"].as_array().unwrap();
                rows.iter().map(|row| row[key].as_u64().unwrap() as u8).collect()
            };
            assert_eq!(decode(LabelEncoding::CityscapesId, &column("id")).unwrap(), column("train_id"));
        }
    }

    #[test]
    fn vessels_are_written_as_1_or_255() {
        assert_eq!(decode(LabelEncoding::Vessel, &[0, 255, 0]).unwrap(), [0, 1, 0]);
        assert_eq!(decode(LabelEncoding::Vessel, &[0, 1, 0]).unwrap(), [0, 1, 0]);
        let message = decode(LabelEncoding::Vessel, &[0, 255, 1]).unwrap_err().to_string();
        assert_eq!(
            message,
            "mask.png: label value 1 at row 0, column 2; allowed are 0 and 255, or 0 and 1; \
             correct the mask or get it again"
        );
    }

    #[test]
    fn values_beyond_the_classes_are_errors() {
        use LabelEncoding::*;
        assert_eq!(decode(CityscapesId, &[7, 33, 0, 255]).unwrap(), [0, 18, 255, 255]);
        assert_eq!(decode(CityscapesTrainId, &[18, 255]).unwrap(), [18, 255]);
        assert_eq!(decode(IsaidIndex, &[15, 255]).unwrap(), [15, 255]);
        assert_eq!(decode(ControlIndex, &[0, 1, 255]).unwrap(), [0, 1, 255]);
        for (encoding, value) in [(CityscapesId, 34), (CityscapesTrainId, 19), (IsaidIndex, 16), (ControlIndex, 2)] {
            assert!(matches!(
                decode(encoding, &[0, value]),
                Err(DataError::LabelValue { value: v, column: 1, .. }) if v == value
            ));
        }
    }
}
