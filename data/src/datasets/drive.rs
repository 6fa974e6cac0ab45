//! DRIVE: `training/images/21_training.tif`, `training/1st_manual/21_manual1.gif`,
//! `test/images/01_test.tif`, `test/1st_manual/01_manual1.gif`.
//!
//! The first annotator (`manual1`) is the truth. The folders are the splits.

use std::collections::BTreeMap;
use std::path::Path;

use super::definition::{
    Definition, DrawnImages, DrawnSample, LoadedSample, Motif, Preparation, ProtocolNumbers, PublishedFiles,
    SlidingWindow,
};
use super::folder::{are_missing, insert, pair, required_images, unknown_layout, with_suffix};
use super::kind::DatasetKind;
use super::splits::Splits;
use super::{converted, retina};
use crate::drawing;
use crate::encode::{save_grey_gif, save_rgb_tiff, vessels_as_255};
use crate::error::Result;
use crate::lookup;
use crate::sample::Sample;
use crate::split::Split;
use crate::write::PendingFolder;

impl DatasetKind {
    /// DRIVE: 40 fundus images, 584x565, vessels.
    pub const DRIVE: DatasetKind = DatasetKind::new(&DRIVE);
}

static DRIVE: Definition = Definition {
    id: 6,
    name: "drive",
    title: "DRIVE",
    directory: "DRIVE",
    is_published: true,
    class_names: retina::CLASS_NAMES,
    palette: retina::PALETTE,
    encoding: &retina::VESSELS,
    protocol: ProtocolNumbers {
        crop: [64, 64],
        batch: 16,
        iterations: 40_000,
        windows: Some(SlidingWindow { side: 64, stride: 42 }),
        resize: [584, 565],
        validation_images: 20,
    },
    // One image a patient.
    subject: &str::to_owned,
    find: &find,
    implausible: retina::inverted,
    // The second annotator's masks, and masks of the field of view.
    files: PublishedFiles {
        is_unread: |name| name.contains("/2nd_manual/") || name.contains("/mask/"),
        note: |_| None,
        elsewhere: |_| None,
    },
    preparation: Preparation::Samples(save),
    drawn: Some(DrawnImages {
        motif: Motif::Scene(drawing::retina),
        id: |number, _| format!("{:02}", number + 1),
        write,
        needs_split_file: false,
    }),
    described: None,
};

/// What the name of a mask has after the image's number.
const MASK_SUFFIX: &str = "_manual1";

fn find(root: &Path) -> Result<Splits> {
    let in_parts = |part: fn(&Path, Split) -> Result<Vec<Sample>>| {
        Ok(Splits { train: part(root, Split::Train)?, val: part(root, Split::Val)? })
    };
    if converted::is_present(root)? {
        return in_parts(|root, split| {
            let folder = split.folder();
            samples(root, &format!("images/{folder}"), &format!("annotations/{folder}"), "png")
        });
    }
    if lookup::first_dir(root, &["training", "test"])?.is_none() {
        return Err(unknown_layout(
            root,
            "training/images/21_training.tif, training/1st_manual/21_manual1.gif, test/images/01_test.tif and so on, \
             or images/ and annotations/",
        ));
    }
    in_parts(|root, split| {
        let folder = publishers_folder(split);
        samples(root, &format!("{folder}/images"), &format!("{folder}/1st_manual"), "gif")
    })
}

/// The publisher's name of a split, in folders and in the names of images.
fn publishers_folder(split: Split) -> &'static str {
    match split {
        Split::Train => "training",
        Split::Val => "test",
    }
}

/// The samples of two folders, paired by the number in front of their names.
fn samples(root: &Path, images: &str, masks: &str, extension: &str) -> Result<Vec<Sample>> {
    if are_missing(root, &[images.to_owned(), masks.to_owned()])? {
        return Ok(Vec::new());
    }
    let files = required_images(root, images)?;
    let (mut names, mut by_number) = (BTreeMap::new(), BTreeMap::new());
    for (name, path) in files {
        insert(&mut by_number, number(&name).to_owned(), path)?;
        names.insert(number(&name).to_owned(), name);
    }
    let mut samples = pair(
        by_number,
        with_suffix(required_images(root, masks)?, MASK_SUFFIX),
        &retina::VESSELS,
        |id| format!("{masks}/{id}{MASK_SUFFIX}.{extension}"),
        |id| format!("the image {id} in {images}"),
    )?;
    samples.iter_mut().for_each(|sample| sample.id = names[&sample.id].clone());
    Ok(samples)
}

/// The number of an image: converters leave the split in its name, or take it off.
fn number(name: &str) -> &str {
    ["_training", "_test"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// Writes a sample in the layout of mmsegmentation's converter, its mask as train ids.
fn save(loaded: &LoadedSample, folder: &PendingFolder) -> Result<()> {
    let (part, id) = (loaded.split.folder(), &loaded.sample.id);
    loaded.image.write_png(&folder.file(&format!("images/{part}/{id}.png"))?)?;
    loaded.label.write_png(&folder.file(&format!("annotations/{part}/{}{MASK_SUFFIX}.png", number(id)))?)
}

fn write(folder: &PendingFolder, DrawnSample { split, id, image, label }: &DrawnSample) -> Result<()> {
    let part = publishers_folder(*split);
    save_rgb_tiff(folder, &format!("{part}/images/{id}_{part}.tif"), image)?;
    save_grey_gif(folder, &format!("{part}/1st_manual/{id}{MASK_SUFFIX}.gif"), label.size(), &vessels_as_255(label))
}
