//! The layout that mmsegmentation's converters write: `images/{training,validation}` and
//! `annotations/{training,validation}`, all PNG. The folders are the splits.

use std::path::Path;

use super::definition::LoadedSample;
use super::folder::{are_missing, pair, required_images, with_suffix};
use super::splits::Splits;
use crate::error::Result;
use crate::label::LabelEncoding;
use crate::lookup;
use crate::sample::Sample;
use crate::split::Split;
use crate::write::PendingFolder;

/// Whether a folder has this layout.
pub(super) fn is_present(root: &Path) -> Result<bool> {
    Ok(lookup::first_dir(root, &["images/training", "images/validation", "annotations"])?.is_some())
}

/// Finds the samples. `suffix` is what a mask's name may have after the image's: `.ah`, `_1stHO`.
pub(super) fn find(root: &Path, suffix: &str, encoding: &'static LabelEncoding) -> Result<Splits> {
    let part = |split| part(root, split, suffix, encoding);
    Ok(Splits { train: part(Split::Train)?, val: part(Split::Val)? })
}

fn part(root: &Path, split: Split, suffix: &str, encoding: &'static LabelEncoding) -> Result<Vec<Sample>> {
    let folder = split.folder();
    if are_missing(root, &[format!("images/{folder}"), format!("annotations/{folder}")])? {
        return Ok(Vec::new());
    }
    let images = required_images(root, &format!("images/{folder}"))?;
    let masks = required_images(root, &format!("annotations/{folder}"))?;
    let mut plain = masks.clone();
    plain.retain(|stem, _| images.contains_key(stem));
    // Both ways to name a mask are about; one folder holds one of them.
    let masks = if plain.is_empty() { with_suffix(masks, suffix) } else { masks };
    pair(
        images,
        masks,
        encoding,
        |id| format!("annotations/{folder}/{id}{suffix}.png"),
        |id| format!("images/{folder}/{id}.png"),
    )
}

/// Writes a sample in this layout, its mask as train ids.
pub(super) fn save(loaded: &LoadedSample, suffix: &str, folder: &PendingFolder) -> Result<()> {
    let (part, id) = (loaded.split.folder(), &loaded.sample.id);
    loaded.image.write_png(&folder.file(&format!("images/{part}/{id}.png"))?)?;
    loaded.label.write_png(&folder.file(&format!("annotations/{part}/{id}{suffix}.png"))?)
}
