//! Control images: `images/{training,validation}/NAME.png` and `annotations/{training,validation}/NAME.png`, whose values are
//! the classes 0 and 1, and 255 where a pixel has none. The folders are the splits.

use std::path::Path;

use super::Splits;
use super::folder::{pair, required_images, unknown_layout};
use crate::error::Result;
use crate::label::LabelEncoding;
use crate::sample::Sample;

pub(super) fn find(root: &Path) -> Result<Splits> {
    if !root.join("images").is_dir() && !root.join("annotations").is_dir() {
        return Err(unknown_layout(root, "images/{training,validation}/ and annotations/{training,validation}/"));
    }
    Ok(Splits { train: part(root, "training")?, val: part(root, "validation")? })
}

fn part(root: &Path, folder: &str) -> Result<Vec<Sample>> {
    pair(
        required_images(root, &format!("images/{folder}"))?,
        required_images(root, &format!("annotations/{folder}"))?,
        LabelEncoding::ControlIndex,
        |id| format!("annotations/{folder}/{id}.png"),
        |id| format!("images/{folder}/{id}.png"),
    )
}
