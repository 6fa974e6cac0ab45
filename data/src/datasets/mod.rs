//! The data sets: one file each, and one table that lists them.
//!
//! A new data set is a file beside `stare.rs`, its `mod` line and its line of [`TABLE`]. Sets that
//! a file describes are made in `described`.

mod definition;
mod described;
mod kind;
mod names;
mod plausible;
mod split_file;
mod splits;

// What several data sets have in common.
mod converted;
mod folder;
mod retina;

// A file per data set.
mod chase_db1;
mod cityscapes;
mod control;
mod drive;
mod hrf;
mod isaid;
mod stare;

pub use cityscapes::cityscapes_label_id;
pub(crate) use definition::{DrawnSample, LoadedSample, Motif, Preparation};
pub use definition::{ProtocolNumbers, SlidingWindow};
pub use described::{Description, DescriptionDraft, describe_folder};
pub use folder::image_stem;
pub(crate) use isaid::{COLOUR_MASK_SUFFIX, original_pairs};
pub use kind::{DatasetKind, decode_label};
pub(crate) use split_file::SPLIT_FILE;
pub(crate) use splits::Splits;

/// Every data set with a definition of its own, in the order of lists and messages.
const TABLE: &[DatasetKind] = &[
    DatasetKind::STARE,
    DatasetKind::CHASE_DB1,
    DatasetKind::HRF,
    DatasetKind::DRIVE,
    DatasetKind::CITYSCAPES,
    DatasetKind::ISAID,
    DatasetKind::CONTROL,
];

/// The names of all built-in data sets, in the order of lists and messages.
const BUILT_IN: [&str; TABLE.len() + 1] = {
    let mut names = ["camvid"; TABLE.len() + 1];
    let mut index = 0;
    while index < TABLE.len() {
        names[index] = TABLE[index].definition().name;
        index += 1;
    }
    names
};

impl DatasetKind {
    /// Iterates over every built-in data set, in the order of lists and messages.
    pub fn all() -> impl Iterator<Item = DatasetKind> + Clone {
        TABLE.iter().copied().chain([described::camvid()])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Another number for a set would change its drawn images, their fingerprints and run ids, and
    /// the order of tables.
    #[test]
    fn ids_are_pinned() {
        let pinned = [
            ("stare", 0),
            ("chase_db1", 1),
            ("hrf", 2),
            ("cityscapes", 3),
            ("isaid", 4),
            ("control", 5),
            ("drive", 6),
            ("camvid", 7),
        ];
        for (name, id) in pinned {
            assert_eq!(name.parse::<DatasetKind>().unwrap().id(), id, "{name}");
        }
        assert!(DatasetKind::STARE < DatasetKind::CHASE_DB1 && DatasetKind::ISAID < DatasetKind::CONTROL);
    }

    #[test]
    fn images_of_one_subject_are_known_by_their_names() {
        let subjects = [
            (DatasetKind::STARE, "im0001", "im0001"),
            (DatasetKind::CHASE_DB1, "Image_01L", "01"),
            (DatasetKind::CHASE_DB1, "Image_01R", "01"),
            (DatasetKind::CHASE_DB1, "Image_11L", "11"),
            (DatasetKind::HRF, "01_dr", "01_dr"),
            (DatasetKind::HRF, "01_h", "01_h"),
            (DatasetKind::DRIVE, "21_training", "21_training"),
            (DatasetKind::CITYSCAPES, "frankfurt_000001_005184", "frankfurt_000001"),
            (DatasetKind::CITYSCAPES, "frankfurt_000001_005410", "frankfurt_000001"),
            (DatasetKind::CITYSCAPES, "munster_000004_000019", "munster_000004"),
            (DatasetKind::CITYSCAPES, "anything", "anything"),
            (DatasetKind::ISAID, "P0001_0_896_0_896", "P0001"),
            (DatasetKind::ISAID, "P0001_512_1408_0_896", "P0001"),
            (DatasetKind::ISAID, "P0001", "P0001"),
            (DatasetKind::CONTROL, "control_0001", "control_0001"),
        ];
        for (kind, image, subject) in subjects {
            assert_eq!(kind.subject_of(image), subject, "{kind} {image}");
        }
    }

    #[test]
    fn no_two_sets_share_what_tells_them_apart() {
        let distinct = |of: fn(DatasetKind) -> String| DatasetKind::all().map(of).collect::<BTreeSet<_>>().len();
        let all = DatasetKind::all().count();
        assert_eq!(distinct(|kind| kind.id().to_string()), all);
        assert_eq!(distinct(|kind| kind.name().to_owned()), all);
        assert_eq!(distinct(|kind| kind.directory().to_ascii_lowercase()), all);
    }

    /// The class of a value in a mask of its own, where it has one.
    fn decoded(kind: DatasetKind, value: u8) -> Option<u8> {
        let (grey, depth) = (png::ColorType::Grayscale, png::BitDepth::Eight);
        let mask = crate::raster::encode_png([1, 1], grey, depth, None, &[value]).unwrap();
        let label = decode_label(std::path::Path::new("mask.png"), &mask, kind, crate::ImageLimit::DEFAULT).ok()?;
        Some(label.data[0]).filter(|class| *class != crate::IGNORE_INDEX)
    }

    #[test]
    fn every_definition_is_whole() {
        for kind in DatasetKind::all() {
            let protocol = kind.protocol();
            assert_eq!(kind.class_names().len(), kind.palette().len(), "{kind}");
            assert!((2..=255).contains(&kind.class_names().len()), "{kind}");
            assert!(protocol.crop.iter().chain(&protocol.resize).all(|side| *side > 0), "{kind}");
            assert!(protocol.batch > 0 && protocol.iterations > 0, "{kind}");
            assert!(protocol.windows.is_none_or(|window| (1..=window.side).contains(&window.stride)), "{kind}");
            // Whatever a mask of the set may hold becomes one of its classes, or is ignored.
            let classes: BTreeSet<u8> = (0..=255).filter_map(|value| decoded(kind, value)).collect();
            assert_eq!(classes.len(), kind.class_names().len(), "{kind}");
        }
    }
}
