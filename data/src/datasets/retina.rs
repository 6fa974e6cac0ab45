//! What the three retina sets have in common: two classes, and masks that show vessels.

use super::definition::Counts;
use crate::label::{LabelEncoding, indexes};

/// The classes of the retina sets.
pub(super) const CLASS_NAMES: &[&str] = &["background", "vessel"];

/// The colours of the retina sets' classes (from mmsegmentation 1.2.2).
pub(super) const PALETTE: &[[u8; 3]] = &[[120, 120, 120], [6, 230, 230]];

/// Masks of vessels: 0 is background; vessel is 1, or 255 in files that hold no 1.
pub(super) static VESSELS: LabelEncoding =
    LabelEncoding { train_ids: vessel_ids, allowed: "0 and 255, or 0 and 1", refuse_rgb: None };

/// The train id of each value of a mask with these values.
fn vessel_ids(data: &[u8]) -> [Option<u8>; 256] {
    let mut ids = indexes(2);
    ids[255] = None;
    // A 1 beside a 255 would be neither of the two ways to write a mask.
    if data.contains(&255) {
        ids[1] = None;
        ids[255] = Some(1);
    }
    ids
}

/// Why masks with more vessel than background cannot be right: a fundus image is less than half
/// vessel.
pub(super) fn inverted(counts: &Counts) -> Option<String> {
    (counts.pixels[1] > counts.pixels[0])
        .then(|| "vessels cover more than half of the pixels: the masks look inverted".to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::golden;

    #[test]
    fn golden_retina_classes() {
        for golden in golden::folders() {
            assert_eq!(golden.json("label_maps.json")["retina_classes"], json!(CLASS_NAMES));
        }
    }

    #[test]
    fn vessels_are_written_as_1_or_255() {
        let decode = |data| VESSELS.decode_row(Path::new("mask.png"), data);
        assert_eq!(decode(&[0, 255, 0]).unwrap(), [0, 1, 0]);
        assert_eq!(decode(&[0, 1, 0]).unwrap(), [0, 1, 0]);
        let message = decode(&[0, 255, 1]).unwrap_err().to_string();
        assert_eq!(
            message,
            "mask.png: label value 1 at row 0, column 2; allowed are 0 and 255, or 0 and 1; \
             correct the mask or get it again"
        );
    }
}
