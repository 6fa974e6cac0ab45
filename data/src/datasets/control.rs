//! Control images, drawn by the program: `images/{training,validation}/NAME.png` and
//! `annotations/{training,validation}/NAME.png`. The masks hold the classes 0 and 1, and 255 where
//! a pixel has none. The folders are the splits.

use std::path::Path;

use super::converted;
use super::definition::{Definition, DrawnImages, DrawnSample, Motif, Preparation, ProtocolNumbers, PublishedFiles};
use super::folder::{are_missing, pair, required_images, unknown_layout};
use super::kind::DatasetKind;
use super::splits::Splits;
use crate::error::Result;
use crate::label::{LabelEncoding, indexes};
use crate::lookup;
use crate::sample::Sample;
use crate::split::Split;
use crate::write::PendingFolder;

impl DatasetKind {
    /// Control images, drawn by the program: nothing that is published. 2 classes.
    pub const CONTROL: DatasetKind = DatasetKind::new(&CONTROL);
}

static CONTROL: Definition = Definition {
    id: 5,
    name: "control",
    title: "control",
    directory: "control",
    is_published: false,
    class_names: &["off", "on"],
    palette: &[[40, 60, 120], [250, 210, 90]],
    encoding: &INDEXES,
    // Ours: nothing is published, and minutes on a CPU are enough. Control images have any size;
    // the reference is one that suits a CPU.
    protocol: ProtocolNumbers {
        crop: [64, 64],
        batch: 8,
        iterations: 200,
        windows: None,
        resize: [64, 64],
        validation_images: 0,
    },
    subject: &str::to_owned,
    find: &find,
    implausible: |_| None,
    files: PublishedFiles::ALL_READ,
    preparation: Preparation::Samples(|sample, folder| converted::save(sample, "", folder)),
    drawn: Some(DrawnImages {
        motif: Motif::Chosen,
        id: |number, _| format!("control_{number:04}"),
        write,
        needs_split_file: false,
    }),
    described: None,
};

/// The masks of control images: classes 0 and 1, 255 ignored.
static INDEXES: LabelEncoding =
    LabelEncoding { train_ids: |_| indexes(2), allowed: "the classes 0 and 1, and 255", refuse_rgb: None };

fn find(root: &Path) -> Result<Splits> {
    if lookup::first_dir(root, &["images", "annotations"])?.is_none() {
        return Err(unknown_layout(root, "images/{training,validation}/ and annotations/{training,validation}/"));
    }
    Ok(Splits { train: part(root, Split::Train)?, val: part(root, Split::Val)? })
}

fn part(root: &Path, split: Split) -> Result<Vec<Sample>> {
    let folder = split.folder();
    if are_missing(root, &[format!("images/{folder}"), format!("annotations/{folder}")])? {
        return Ok(Vec::new());
    }
    pair(
        required_images(root, &format!("images/{folder}"))?,
        required_images(root, &format!("annotations/{folder}"))?,
        &INDEXES,
        |id| format!("annotations/{folder}/{id}.png"),
        |id| format!("images/{folder}/{id}.png"),
    )
}

fn write(folder: &PendingFolder, DrawnSample { split, id, image, label }: &DrawnSample) -> Result<()> {
    let part = split.folder();
    image.write_png(&folder.file(&format!("images/{part}/{id}.png"))?)?;
    label.write_png(&folder.file(&format!("annotations/{part}/{id}.png"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_beyond_the_classes_are_errors() {
        INDEXES.assert_decodes(&[0, 1, 255], &[0, 1, 255], 2);
    }
}
