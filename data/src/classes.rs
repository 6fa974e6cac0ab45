//! Class names, colours and the publishers' label codes (from mmsegmentation 1.2.2; those of control images are ours).

use crate::kind::IGNORE_INDEX;

/// Classes of the three retina sets.
pub(crate) const RETINA_NAMES: [&str; 2] = ["background", "vessel"];

/// Colours of the three retina sets' classes.
pub(crate) const RETINA_PALETTE: [[u8; 3]; 2] = [[120, 120, 120], [6, 230, 230]];

/// Classes of control images.
pub(crate) const CONTROL_NAMES: [&str; 2] = ["off", "on"];

/// Colours of the classes of control images.
pub(crate) const CONTROL_PALETTE: [[u8; 3]; 2] = [[40, 60, 120], [250, 210, 90]];

/// Cityscapes classes by train id.
pub(crate) const CITYSCAPES_NAMES: [&str; 19] = [
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
];

/// Cityscapes colours by train id.
pub(crate) const CITYSCAPES_PALETTE: [[u8; 3]; 19] = [
    [128, 64, 128],
    [244, 35, 232],
    [70, 70, 70],
    [102, 102, 156],
    [190, 153, 153],
    [153, 153, 153],
    [250, 170, 30],
    [220, 220, 0],
    [107, 142, 35],
    [152, 251, 152],
    [70, 130, 180],
    [220, 20, 60],
    [255, 0, 0],
    [0, 0, 142],
    [0, 0, 70],
    [0, 60, 100],
    [0, 80, 100],
    [0, 0, 230],
    [119, 11, 32],
];

/// iSAID classes by index.
pub(crate) const ISAID_NAMES: [&str; 16] = [
    "background",
    "ship",
    "store_tank",
    "baseball_diamond",
    "tennis_court",
    "basketball_court",
    "Ground_Track_Field",
    "Bridge",
    "Large_Vehicle",
    "Small_Vehicle",
    "Helicopter",
    "Swimming_pool",
    "Roundabout",
    "Soccer_ball_field",
    "plane",
    "Harbor",
];

/// iSAID colours by index: also what the publishers' colour masks hold.
pub(crate) const ISAID_PALETTE: [[u8; 3]; 16] = [
    [0, 0, 0],
    [0, 0, 63],
    [0, 63, 63],
    [0, 63, 0],
    [0, 63, 127],
    [0, 63, 191],
    [0, 63, 255],
    [0, 127, 63],
    [0, 127, 127],
    [0, 0, 127],
    [0, 0, 191],
    [0, 0, 255],
    [0, 191, 127],
    [0, 127, 191],
    [0, 127, 255],
    [0, 100, 155],
];

/// Cityscapes `labelIds` value to train id; [`IGNORE_INDEX`] for classes that are not scored.
#[rustfmt::skip]
pub(crate) const CITYSCAPES_TRAIN_IDS: [u8; 34] = {
    const NOT: u8 = IGNORE_INDEX;
    [
        NOT, NOT, NOT, NOT, NOT, NOT, NOT, 0, 1, NOT,
        NOT, 2, 3, 4, NOT, NOT, NOT, 5, NOT, 6,
        7, 8, 9, 10, 11, 12, 13, 14, 15, NOT,
        NOT, 16, 17, 18,
    ]
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::golden;

    #[test]
    fn golden_label_maps() {
        for golden in golden::folders() {
            let maps = golden.json("label_maps.json");
            let ids = maps["cityscapes_ids"].as_array().unwrap();
            for (id, row) in ids.iter().enumerate() {
                assert_eq!(row["id"], id);
                assert_eq!(row["train_id"], CITYSCAPES_TRAIN_IDS[id]);
                if let Some(name) = CITYSCAPES_NAMES.get(CITYSCAPES_TRAIN_IDS[id] as usize) {
                    assert_eq!(row["name"], *name);
                }
            }
            assert_eq!(ids.len(), CITYSCAPES_TRAIN_IDS.len());
            assert_eq!(maps["ignore"], IGNORE_INDEX);
            assert_eq!(maps["cityscapes_classes"], json!(CITYSCAPES_NAMES));
            assert_eq!(maps["cityscapes_palette"], json!(CITYSCAPES_PALETTE));
            assert_eq!(maps["retina_classes"], json!(RETINA_NAMES));
            let isaid: Vec<_> =
                (0..16).map(|id| json!({"id": id, "name": ISAID_NAMES[id], "rgb": ISAID_PALETTE[id]})).collect();
            assert_eq!(maps["isaid"], json!(isaid));
        }
    }
}
