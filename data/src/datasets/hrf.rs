//! HRF: `images/01_dr.JPG`, `images/01_g.jpg`, `images/01_h.jpg`, `manual1/01_dr.tif`, and the
//! fields of view in `mask/01_dr_mask.tif`, where they are there.
//!
//! The first five of the 15 images of each group (`_dr`, `_g`, `_h`) are for training.

use std::collections::BTreeMap;
use std::path::Path;

use super::definition::{
    Definition, DrawnImages, DrawnSample, Motif, Preparation, ProtocolNumbers, PublishedFiles, SlidingWindow,
};
use super::folder::{images, pair, required_images, unknown_layout, with_suffix};
use super::kind::DatasetKind;
use super::split_file::{share, split};
use super::splits::Splits;
use super::{converted, retina};
use crate::drawing;
use crate::encode::{save_grey_tiff, save_jpeg, vessels_as_255};
use crate::error::Result;
use crate::write::PendingFolder;

impl DatasetKind {
    /// HRF: 45 fundus images, 2336x3504, vessels.
    pub const HRF: DatasetKind = DatasetKind::new(&HRF);
}

static HRF: Definition = Definition {
    id: 2,
    name: "hrf",
    title: "HRF",
    directory: "HRF",
    is_published: true,
    class_names: retina::CLASS_NAMES,
    palette: retina::PALETTE,
    encoding: &retina::VESSELS,
    protocol: ProtocolNumbers {
        crop: [256, 256],
        batch: 16,
        iterations: 40_000,
        windows: Some(SlidingWindow { side: 256, stride: 170 }),
        resize: [2336, 3504],
        validation_images: 30,
    },
    // One image a patient: `01_dr`, `01_g` and `01_h` are three of them.
    subject: str::to_owned,
    find,
    implausible: retina::inverted,
    // Masks of the field of view.
    files: PublishedFiles { is_unread: |name| name.starts_with("mask/"), note },
    preparation: Preparation::Samples(|sample, folder| converted::save(sample, "", folder)),
    drawn: DrawnImages {
        motif: Motif::Scene(drawing::retina),
        id: |number, _| format!("{:02}_{}", number / 3 + 1, ["dr", "g", "h"][number % 3]),
        write,
        needs_split_file: true,
    },
};

fn find(root: &Path) -> Result<Splits> {
    if converted::is_present(root) {
        return converted::find(root, "", &retina::VESSELS);
    }
    if !root.join("images").is_dir() && !root.join("manual1").is_dir() {
        return Err(unknown_layout(
            root,
            "images/01_dr.JPG and manual1/01_dr.tif and so on, or images/ and annotations/",
        ));
    }
    let mut samples = pair(
        required_images(root, "images")?,
        required_images(root, "manual1")?,
        &retina::VESSELS,
        |id| format!("manual1/{id}.tif"),
        |id| format!("images/{id}.jpg"),
    )?;

    let fields = root.join("mask");
    let mut fields = if fields.is_dir() { with_suffix(images(&fields)?, "_mask") } else { BTreeMap::new() };
    for sample in &mut samples {
        sample.fov = fields.remove(&sample.id);
    }

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

/// The group of an image, which follows the last underscore: `dr`, `g` or `h`.
fn group(id: &str) -> &str {
    id.rsplit_once('_').map_or("", |(_, group)| group)
}

fn note(name: &str) -> Option<&'static str> {
    ["manual1/11_h.tif", "manual1/12_h.tif", "manual1/13_h.tif"].contains(&name).then_some(
        "some copies of HRF hold masks here that were derived from the published artery/vein labels; \
         say so with any result, they are in the validation split (docs/guide/datasets.md)",
    )
}

fn write(folder: &PendingFolder, DrawnSample { id, image, label, .. }: &DrawnSample) -> Result<()> {
    let extension = if id.ends_with("_dr") { "JPG" } else { "jpg" };
    save_jpeg(folder, &format!("images/{id}.{extension}"), image)?;
    save_grey_tiff(folder, &format!("manual1/{id}.tif"), label.size(), &vessels_as_255(label))
}
