//! iSAID as tiles: `img_dir/{train,val}/P0001_0_896_0_896.png` and
//! `ann_dir/{train,val}/P0001_0_896_0_896_instance_color_RGB.png`, masks of class indexes.
//!
//! The publishers' own layout (whole images, colour masks in `Semantic_masks/`) is what tiles are
//! cut from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::definition::{Definition, DrawnImages, DrawnSample, Motif, Preparation, ProtocolNumbers, PublishedFiles};
use super::folder::{
    are_missing, entries, images, insert, pair, refuse_dangling, required_images, unknown_layout, with_suffix,
};
use super::kind::DatasetKind;
use super::plausible;
use super::splits::Splits;
use crate::drawing;
use crate::error::{DataError, Result};
use crate::label::{LabelEncoding, indexes};
use crate::lookup;
use crate::sample::Sample;
use crate::split::Split;
use crate::write::PendingFolder;

impl DatasetKind {
    /// iSAID: aerial images, cut into tiles of 896x896, 16 classes.
    pub const ISAID: DatasetKind = DatasetKind::new(&ISAID);
}

static ISAID: Definition = Definition {
    id: 4,
    name: "isaid",
    title: "iSAID",
    directory: "iSAID",
    is_published: true,
    class_names: &CLASS_NAMES,
    palette: &PALETTE,
    encoding: &INDEXES,
    protocol: ProtocolNumbers {
        crop: [896, 896],
        batch: 16,
        iterations: 80_000,
        windows: None,
        resize: [896, 896],
        validation_images: 11_644,
    },
    subject: &aerial_image,
    find: &find,
    implausible: plausible::only_two_classes,
    files: PublishedFiles::ALL_READ,
    preparation: Preparation::Tiles,
    drawn: Some(DrawnImages {
        motif: Motif::Scene(drawing::aerial),
        id: |number, [height, width]| format!("P{number:04}_0_{height}_0_{width}"),
        write,
        needs_split_file: false,
    }),
    described: None,
};

/// The masks of tiles: class indexes 0 to 15, 255 ignored.
static INDEXES: LabelEncoding = LabelEncoding {
    train_ids: |_| indexes(16),
    allowed: "the classes 0 to 15, and 255",
    refuse_rgb: Some("make tiles from the original images and colour masks with `atrous prepare isaid`"),
};

/// What the name of a mask has after the image's.
pub(crate) const COLOUR_MASK_SUFFIX: &str = "_instance_color_RGB";

/// The aerial image that a tile was cut from: `P0001` of `P0001_0_896_512_1408`.
fn aerial_image(id: &str) -> String {
    let parts: Vec<&str> = id.rsplitn(5, '_').collect();
    match parts.as_slice() {
        [place @ .., image] if place.len() == 4 && place.iter().all(|side| side.parse::<u32>().is_ok()) => image,
        _ => id,
    }
    .to_owned()
}

fn find(root: &Path) -> Result<Splits> {
    if lookup::first_dir(root, &["img_dir", "ann_dir"])?.is_some() {
        return Ok(Splits { train: part(root, "train")?, val: part(root, "val")? });
    }
    if lookup::first_dir(root, &["train/Semantic_masks", "val/Semantic_masks"])?.is_some() {
        return Err(DataError::UnknownLayout {
            path: root.to_owned(),
            advice: "it holds the original images; cut them into tiles with `atrous prepare isaid`".to_owned(),
        });
    }
    Err(unknown_layout(
        root,
        "img_dir/{train,val}/ and ann_dir/{train,val}/, made by `atrous prepare isaid` from the original images",
    ))
}

fn part(root: &Path, split: &str) -> Result<Vec<Sample>> {
    if are_missing(root, &[format!("img_dir/{split}"), format!("ann_dir/{split}")])? {
        return Ok(Vec::new());
    }
    pair(
        required_images(root, &format!("img_dir/{split}"))?,
        with_suffix(required_images(root, &format!("ann_dir/{split}"))?, COLOUR_MASK_SUFFIX),
        &INDEXES,
        |id| format!("ann_dir/{split}/{id}{COLOUR_MASK_SUFFIX}.png"),
        |id| format!("img_dir/{split}/{id}.png"),
    )
}

/// Lists id, image and colour mask of each original image of a split. They lie in `<split>/images`
/// and `<split>/Semantic_masks`, or in a folder in them, as the publishers' archives unpack.
pub(crate) fn original_pairs(root: &Path, split: Split) -> Result<Vec<(String, PathBuf, PathBuf)>> {
    let images = below(&root.join(split.name()).join("images"))?;
    let mut masks = with_suffix(below(&root.join(split.name()).join("Semantic_masks"))?, COLOUR_MASK_SUFFIX);
    let mut pairs = Vec::with_capacity(images.len());
    for (id, image) in images {
        let Some(mask) = masks.remove(&id) else {
            let expected = format!("{split}/Semantic_masks/images/{id}{COLOUR_MASK_SUFFIX}.png");
            return Err(DataError::MaskMissing { image, expected });
        };
        pairs.push((id, image, mask));
    }
    match masks.pop_first() {
        Some((id, mask)) => Err(DataError::ImageMissing { mask, expected: format!("{split}/images/{id}.png") }),
        None => Ok(pairs),
    }
}

/// Lists the image files of a folder and of the folders in it.
fn below(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    if !lookup::is_dir(folder)? {
        let advice = "unpack the publishers' archives there".to_owned();
        return Err(DataError::RootMissing { path: folder.to_owned(), advice });
    }
    let mut found = images(folder)?;
    for (_, path) in entries(folder)? {
        refuse_dangling(&path)?;
        if lookup::is_dir(&path)? {
            images(&path)?.into_iter().try_for_each(|(id, path)| insert(&mut found, id, path))?;
        }
    }
    if found.is_empty() {
        let advice = "unpack the publishers' archives there".to_owned();
        return Err(DataError::RootEmpty { path: folder.to_owned(), advice });
    }
    Ok(found)
}

fn write(folder: &PendingFolder, DrawnSample { split, id, image, label }: &DrawnSample) -> Result<()> {
    image.write_png(&folder.file(&format!("img_dir/{split}/{id}.png"))?)?;
    label.write_png(&folder.file(&format!("ann_dir/{split}/{id}{COLOUR_MASK_SUFFIX}.png"))?)
}

/// The classes by index (from mmsegmentation 1.2.2).
const CLASS_NAMES: [&str; 16] = [
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

/// The colours by index (from mmsegmentation 1.2.2), which the publishers' colour masks hold as
/// well.
const PALETTE: [[u8; 3]; 16] = [
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::golden;

    #[test]
    fn golden_isaid_classes() {
        for golden in golden::folders() {
            let classes: Vec<_> =
                (0..16).map(|id| json!({"id": id, "name": CLASS_NAMES[id], "rgb": PALETTE[id]})).collect();
            assert_eq!(golden.json("label_maps.json")["isaid"], json!(classes));
        }
    }

    #[test]
    fn values_beyond_the_classes_are_errors() {
        INDEXES.assert_decodes(&[15, 255], &[15, 255], 16);
    }
}
