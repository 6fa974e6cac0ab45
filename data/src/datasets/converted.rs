//! The layout that mmsegmentation's converters write for the retina sets: `images/{training,validation}` and
//! `annotations/{training,validation}`, all PNG. The folders are the splits.

use std::path::Path;

use super::Splits;
use super::folder::{pair, required_images, with_suffix};
use crate::error::Result;
use crate::label::LabelEncoding;
use crate::sample::Sample;

/// Whether a folder has this layout.
pub(super) fn is_present(root: &Path) -> bool {
    root.join("images/training").is_dir() || root.join("annotations").is_dir()
}

/// `suffix` is what the mask's name may have after the image's: `.ah`, `_1stHO`.
pub(super) fn find(root: &Path, suffix: &str) -> Result<Splits> {
    Ok(Splits { train: part(root, "training", suffix)?, val: part(root, "validation", suffix)? })
}

fn part(root: &Path, folder: &str, suffix: &str) -> Result<Vec<Sample>> {
    let images = required_images(root, &format!("images/{folder}"))?;
    let masks = required_images(root, &format!("annotations/{folder}"))?;
    let mut plain = masks.clone();
    plain.retain(|stem, _| images.contains_key(stem));
    // Both ways to name a mask are about; one folder holds one of them.
    let masks = if plain.is_empty() { with_suffix(masks, suffix) } else { masks };
    pair(
        images,
        masks,
        LabelEncoding::Vessel,
        |id| format!("annotations/{folder}/{id}{suffix}.png"),
        |id| format!("images/{folder}/{id}.png"),
    )
}
