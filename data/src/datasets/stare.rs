//! STARE: `stare-images/im0001.ppm[.gz]`, `labels-ah/im0001.ah.ppm[.gz]`.
//!
//! The first annotator (`ah`) is the truth. The first ten images by name are for training.

use std::path::Path;

use super::folder::{pair, required_images, unknown_layout, with_suffix};
use super::split::{share, split};
use super::{Splits, converted};
use crate::error::Result;
use crate::label::LabelEncoding;

pub(super) fn find(root: &Path) -> Result<Splits> {
    if converted::is_present(root) {
        return converted::find(root, ".ah");
    }
    if !root.join("stare-images").is_dir() {
        return Err(unknown_layout(
            root,
            "stare-images/im0001.ppm and labels-ah/im0001.ah.ppm (gzipped or not), or images/ and annotations/",
        ));
    }
    let samples = pair(
        required_images(root, "stare-images")?,
        with_suffix(required_images(root, "labels-ah")?, ".ah"),
        LabelEncoding::Vessel,
        |id| format!("labels-ah/{id}.ah.ppm"),
        |id| format!("stare-images/{id}.ppm"),
    )?;
    let train = share(samples.len(), 10, 20);
    split(root, samples, |index, _| index < train)
}
