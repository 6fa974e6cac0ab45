//! CHASE_DB1: flat, `Image_01L.jpg` beside `Image_01L_1stHO.png`.
//!
//! The first annotator (`1stHO`) is the truth. The first 20 of the 28 images by name are for training.

use std::path::Path;

use super::folder::{images, pair, unknown_layout, with_suffix};
use super::split::{share, split};
use super::{Splits, converted};
use crate::error::Result;
use crate::label::LabelEncoding;

pub(super) fn find(root: &Path) -> Result<Splits> {
    if converted::is_present(root) {
        return converted::find(root, "_1stHO");
    }
    let files = images(root)?;
    if files.is_empty() {
        return Err(unknown_layout(
            root,
            "Image_01L.jpg and Image_01L_1stHO.png and so on, or images/ and annotations/",
        ));
    }
    let photographs = files
        .iter()
        .filter(|(stem, _)| !stem.ends_with("_1stHO") && !stem.ends_with("_2ndHO"))
        .map(|(stem, path)| (stem.clone(), path.clone()))
        .collect();
    let samples = pair(
        photographs,
        with_suffix(files, "_1stHO"),
        LabelEncoding::Vessel,
        |id| format!("{id}_1stHO.png beside it"),
        |id| format!("{id}.jpg beside it"),
    )?;
    let train = share(samples.len(), 20, 28);
    split(root, samples, |index, _| index < train)
}
