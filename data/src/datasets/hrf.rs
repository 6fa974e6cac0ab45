//! HRF: `images/01_dr.JPG`, `images/01_g.jpg`, `images/01_h.jpg`, `manual1/01_dr.tif`.
//!
//! The first five of the 15 images of each group (`_dr`, `_g`, `_h`) are for training.

use std::collections::BTreeMap;
use std::path::Path;

use super::folder::{pair, required_images, unknown_layout};
use super::split::{share, split};
use super::{Splits, converted};
use crate::error::Result;
use crate::label::LabelEncoding;

pub(super) fn find(root: &Path) -> Result<Splits> {
    if converted::is_present(root) {
        return converted::find(root, "");
    }
    if !root.join("images").is_dir() && !root.join("manual1").is_dir() {
        return Err(unknown_layout(
            root,
            "images/01_dr.JPG and manual1/01_dr.tif and so on, or images/ and annotations/",
        ));
    }
    let samples = pair(
        required_images(root, "images")?,
        required_images(root, "manual1")?,
        LabelEncoding::Vessel,
        |id| format!("manual1/{id}.tif"),
        |id| format!("images/{id}.jpg"),
    )?;

    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for sample in &samples {
        groups.entry(group(&sample.id).to_owned()).or_default().push(sample.id.clone());
    }
    split(root, samples, |_, id| {
        let members = &groups[group(id)];
        let rank = members.iter().position(|member| member == id).unwrap_or(members.len());
        rank < share(members.len(), 5, 15)
    })
}

/// `dr`, `g` or `h`: what follows the last underscore.
fn group(id: &str) -> &str {
    id.rsplit_once('_').map_or("", |(_, group)| group)
}
