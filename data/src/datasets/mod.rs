//! The data sets: one file each, and one table that lists them.
//!
//! A new data set is a file beside `stare.rs`, its `mod` line and its line of [`TABLE`].

mod definition;
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
mod hrf;
mod isaid;
mod stare;

pub use cityscapes::cityscapes_label_id;
pub(crate) use definition::{DrawnSample, LoadedSample, Motif, Preparation};
pub use definition::{ProtocolNumbers, SlidingWindow};
pub use folder::image_stem;
pub(crate) use isaid::{COLOUR_MASK_SUFFIX, original_pairs};
pub use kind::{DatasetKind, decode_label};
pub(crate) use split_file::SPLIT_FILE;
pub(crate) use splits::Splits;

/// Every data set, in the order of lists and messages.
const TABLE: &[DatasetKind] = &[
    DatasetKind::STARE,
    DatasetKind::CHASE_DB1,
    DatasetKind::HRF,
    DatasetKind::CITYSCAPES,
    DatasetKind::ISAID,
    DatasetKind::CONTROL,
];

impl DatasetKind {
    /// Iterates over every data set, in the order of lists and messages.
    pub fn all() -> impl Iterator<Item = DatasetKind> + Clone {
        TABLE.iter().copied()
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
        let pinned = [("stare", 0), ("chase_db1", 1), ("hrf", 2), ("cityscapes", 3), ("isaid", 4), ("control", 5)];
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
            let train_ids = (kind.definition().encoding.train_ids)(&[]);
            let classes = train_ids.into_iter().flatten().filter(|id| *id != crate::IGNORE_INDEX);
            assert_eq!(classes.collect::<BTreeSet<_>>().len(), kind.class_names().len(), "{kind}");
        }
    }
}
