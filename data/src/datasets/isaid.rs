//! iSAID as tiles: `img_dir/{train,val}/P0001_0_896_0_896.png` and
//! `ann_dir/{train,val}/P0001_0_896_0_896_instance_color_RGB.png`, masks of class indexes.
//!
//! The publishers' own layout (whole images, colour masks in `Semantic_masks/`) is what tiles are cut from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Splits;
use super::folder::{entries, images, pair, required_images, unknown_layout, with_suffix};
use crate::error::{DataError, Result};
use crate::kind::Split;
use crate::label::LabelEncoding;
use crate::sample::Sample;

/// What mask names have after the image's.
pub(crate) const COLOUR_MASK_SUFFIX: &str = "_instance_color_RGB";

pub(super) fn find(root: &Path) -> Result<Splits> {
    if root.join("img_dir").is_dir() || root.join("ann_dir").is_dir() {
        return Ok(Splits { train: part(root, "train")?, val: part(root, "val")? });
    }
    if root.join("train/Semantic_masks").is_dir() || root.join("val/Semantic_masks").is_dir() {
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
    pair(
        required_images(root, &format!("img_dir/{split}"))?,
        with_suffix(required_images(root, &format!("ann_dir/{split}"))?, COLOUR_MASK_SUFFIX),
        LabelEncoding::IsaidIndex,
        |id| format!("ann_dir/{split}/{id}{COLOUR_MASK_SUFFIX}.png"),
        |id| format!("img_dir/{split}/{id}.png"),
    )
}

/// Id, image and colour mask of each original image of a split, from `<split>/images` and
/// `<split>/Semantic_masks` or a folder in them, as the publishers' archives unpack.
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

/// Image files of a folder and of the folders in it.
fn below(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    if !folder.is_dir() {
        let advice = "unpack the publishers' archives there".to_owned();
        return Err(DataError::RootMissing { path: folder.to_owned(), advice });
    }
    let mut found = images(folder)?;
    for (_, path) in entries(folder)?.into_iter().filter(|(_, path)| path.is_dir()) {
        found.extend(images(&path)?);
    }
    if found.is_empty() {
        let advice = "unpack the publishers' archives there".to_owned();
        return Err(DataError::RootEmpty { path: folder.to_owned(), advice });
    }
    Ok(found)
}
