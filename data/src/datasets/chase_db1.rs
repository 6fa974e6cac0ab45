//! CHASE_DB1: flat, `Image_01L.jpg` beside `Image_01L_1stHO.png`.
//!
//! The first annotator (`1stHO`) is the truth. The first 20 of the 28 images by name are for
//! training.

use std::path::Path;

use super::definition::{
    Definition, DrawnImages, DrawnSample, Motif, Preparation, ProtocolNumbers, PublishedFiles, SlidingWindow,
};
use super::folder::{images, pair, unknown_layout, with_suffix};
use super::kind::DatasetKind;
use super::split_file::{share, split};
use super::splits::Splits;
use super::{converted, retina};
use crate::drawing;
use crate::encode::{save_jpeg, save_one_bit_png};
use crate::error::Result;
use crate::write::PendingFolder;

impl DatasetKind {
    /// CHASE_DB1: 28 fundus images of children, 960x999, vessels.
    pub const CHASE_DB1: DatasetKind = DatasetKind::new(&CHASE_DB1);
}

static CHASE_DB1: Definition = Definition {
    id: 1,
    name: "chase_db1",
    title: "CHASE_DB1",
    directory: "CHASE_DB1",
    is_published: true,
    class_names: retina::CLASS_NAMES,
    palette: retina::PALETTE,
    encoding: &retina::VESSELS,
    protocol: ProtocolNumbers {
        crop: [128, 128],
        batch: 16,
        iterations: 40_000,
        windows: Some(SlidingWindow { side: 128, stride: 85 }),
        resize: [960, 999],
        validation_images: 8,
    },
    subject: &child,
    find: &find,
    implausible: retina::inverted,
    // The second annotator's masks.
    files: PublishedFiles { is_unread: |name| name.contains("_2ndHO"), note: |_| None, elsewhere: |_| None },
    preparation: Preparation::Samples(|sample, folder| converted::save(sample, MASK_SUFFIX, folder)),
    drawn: Some(DrawnImages {
        motif: Motif::Scene(drawing::retina),
        id: |number, _| format!("Image_{:02}{}", number / 2 + 1, ["L", "R"][number % 2]),
        write,
        needs_split_file: true,
    }),
    described: None,
};

/// What the name of a mask has after the image's.
const MASK_SUFFIX: &str = "_1stHO";

/// The child whose two eyes are `Image_01L` and `Image_01R`: `01`.
fn child(id: &str) -> String {
    let eye = id.strip_suffix(MASK_SUFFIX).unwrap_or(id);
    let both = eye.strip_suffix(['L', 'R']).unwrap_or(eye);
    both.strip_prefix("Image_").unwrap_or(both).to_owned()
}

fn find(root: &Path) -> Result<Splits> {
    if converted::is_present(root)? {
        return converted::find(root, MASK_SUFFIX, &retina::VESSELS);
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
        with_suffix(files, MASK_SUFFIX),
        &retina::VESSELS,
        |id| format!("{id}_1stHO.png beside it"),
        |id| format!("{id}.jpg beside it"),
    )?;
    let train = share(samples.len(), 20, 28);
    split(root, samples, |index, _| index < train)
}

fn write(folder: &PendingFolder, DrawnSample { id, image, label, .. }: &DrawnSample) -> Result<()> {
    save_jpeg(folder, &format!("{id}.jpg"), image)?;
    save_one_bit_png(folder, &format!("{id}{MASK_SUFFIX}.png"), label)
}
