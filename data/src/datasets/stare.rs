//! STARE: `stare-images/im0001.ppm[.gz]`, `labels-ah/im0001.ah.ppm[.gz]`.
//!
//! The first annotator (`ah`) is the truth. The first ten images by name are for training.

use std::path::Path;

use super::definition::{
    Definition, DrawnImages, DrawnSample, Motif, Preparation, ProtocolNumbers, PublishedFiles, SlidingWindow,
};
use super::folder::{pair, required_images, unknown_layout, with_suffix};
use super::kind::DatasetKind;
use super::split_file::{share, split};
use super::splits::Splits;
use super::{converted, retina};
use crate::drawing;
use crate::encode::{save_gzipped_pnm, vessels_as_255};
use crate::error::Result;
use crate::lookup;
use crate::write::PendingFolder;

impl DatasetKind {
    /// STARE: 20 fundus images, 605x700, vessels.
    pub const STARE: DatasetKind = DatasetKind::new(&STARE);
}

static STARE: Definition = Definition {
    id: 0,
    name: "stare",
    title: "STARE",
    directory: "STARE",
    is_published: true,
    class_names: retina::CLASS_NAMES,
    palette: retina::PALETTE,
    encoding: &retina::VESSELS,
    protocol: ProtocolNumbers {
        crop: [128, 128],
        batch: 16,
        iterations: 40_000,
        windows: Some(SlidingWindow { side: 128, stride: 85 }),
        resize: [605, 700],
        validation_images: 10,
    },
    subject: &str::to_owned,
    find: &find,
    implausible: retina::inverted,
    // The second annotator's masks.
    files: PublishedFiles { is_unread: |name| name.starts_with("labels-vk/"), note: |_| None, elsewhere: |_| None },
    preparation: Preparation::Samples(|sample, folder| converted::save(sample, MASK_SUFFIX, folder)),
    drawn: Some(DrawnImages {
        motif: Motif::Scene(drawing::retina),
        id: |number, _| format!("im{:04}", number + 1),
        write,
        needs_split_file: true,
    }),
    described: None,
};

/// What the name of a mask has after the image's.
const MASK_SUFFIX: &str = ".ah";

fn find(root: &Path) -> Result<Splits> {
    if converted::is_present(root)? {
        return converted::find(root, MASK_SUFFIX, &retina::VESSELS);
    }
    if !lookup::is_dir(&root.join("stare-images"))? {
        return Err(unknown_layout(
            root,
            "stare-images/im0001.ppm and labels-ah/im0001.ah.ppm (gzipped or not), or images/ and annotations/",
        ));
    }
    let samples = pair(
        required_images(root, "stare-images")?,
        with_suffix(required_images(root, "labels-ah")?, MASK_SUFFIX),
        &retina::VESSELS,
        |id| format!("labels-ah/{id}.ah.ppm"),
        |id| format!("stare-images/{id}.ppm"),
    )?;
    let train = share(samples.len(), 10, 20);
    split(root, samples, |index, _| index < train)
}

fn write(folder: &PendingFolder, DrawnSample { id, image, label, .. }: &DrawnSample) -> Result<()> {
    save_gzipped_pnm(folder, &format!("stare-images/{id}.ppm.gz"), "P6", image.size(), &image.data)?;
    save_gzipped_pnm(folder, &format!("labels-ah/{id}.ah.ppm.gz"), "P5", label.size(), &vessels_as_255(label))
}
