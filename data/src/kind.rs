//! The five data sets, and the control images, by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::classes;

/// Label value of pixels that neither the loss nor the scores count.
pub const IGNORE_INDEX: u8 = 255;

/// One of the five data sets, or control images; in specs, file names and on the command line by its [`name`](Self::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatasetKind {
    /// STARE: 20 fundus images, 605x700, vessels.
    Stare,
    /// CHASE_DB1: 28 fundus images of children, 960x999, vessels.
    ChaseDb1,
    /// HRF: 45 fundus images, 2336x3504, vessels.
    Hrf,
    /// Cityscapes: street scenes, 1024x2048, 19 classes.
    Cityscapes,
    /// iSAID: aerial images, cut into tiles of 896x896, 16 classes.
    Isaid,
    /// Control images, drawn by the program: nothing that is published. 2 classes.
    Control,
}

impl DatasetKind {
    /// The five that are published, in the order of the tables.
    pub const ALL: [DatasetKind; 5] =
        [DatasetKind::Stare, DatasetKind::ChaseDb1, DatasetKind::Hrf, DatasetKind::Cityscapes, DatasetKind::Isaid];

    /// All that have a name.
    pub const KNOWN: [DatasetKind; 6] = [
        DatasetKind::Stare,
        DatasetKind::ChaseDb1,
        DatasetKind::Hrf,
        DatasetKind::Cityscapes,
        DatasetKind::Isaid,
        DatasetKind::Control,
    ];

    /// The name in specs and on the command line, for instance `chase_db1`.
    pub fn name(self) -> &'static str {
        match self {
            DatasetKind::Stare => "stare",
            DatasetKind::ChaseDb1 => "chase_db1",
            DatasetKind::Hrf => "hrf",
            DatasetKind::Cityscapes => "cityscapes",
            DatasetKind::Isaid => "isaid",
            DatasetKind::Control => "control",
        }
    }

    /// The name as its publishers write it, for instance `CHASE_DB1`.
    pub fn title(self) -> &'static str {
        match self {
            DatasetKind::Stare => "STARE",
            DatasetKind::ChaseDb1 => "CHASE_DB1",
            DatasetKind::Hrf => "HRF",
            DatasetKind::Cityscapes => "Cityscapes",
            DatasetKind::Isaid => "iSAID",
            DatasetKind::Control => "control",
        }
    }

    /// The folder under the data root; found whatever its letter case.
    pub fn directory(self) -> &'static str {
        match self {
            DatasetKind::Cityscapes => "cityscapes",
            other => other.title(),
        }
    }

    /// Names of the classes, in the order of the train ids.
    pub fn class_names(self) -> &'static [&'static str] {
        match self {
            DatasetKind::Cityscapes => &classes::CITYSCAPES_NAMES,
            DatasetKind::Isaid => &classes::ISAID_NAMES,
            DatasetKind::Control => &classes::CONTROL_NAMES,
            _ => &classes::RETINA_NAMES,
        }
    }

    /// RGB colour of each class in pictures, in the order of the train ids.
    pub fn palette(self) -> &'static [[u8; 3]] {
        match self {
            DatasetKind::Cityscapes => &classes::CITYSCAPES_PALETTE,
            DatasetKind::Isaid => &classes::ISAID_PALETTE,
            DatasetKind::Control => &classes::CONTROL_PALETTE,
            _ => &classes::RETINA_PALETTE,
        }
    }

    /// Reference size (height, width) that the protocol's random resizing is relative to. Control images have any size; theirs
    /// is one that suits a CPU.
    pub fn resize_reference(self) -> [usize; 2] {
        match self {
            DatasetKind::Stare => [605, 700],
            DatasetKind::ChaseDb1 => [960, 999],
            DatasetKind::Hrf => [2336, 3504],
            DatasetKind::Cityscapes => [1024, 2048],
            DatasetKind::Isaid => [896, 896],
            DatasetKind::Control => [64, 64],
        }
    }
}

impl fmt::Display for DatasetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is none of the data sets or splits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{given}`; known are {known}")]
pub struct UnknownName {
    what: &'static str,
    given: String,
    known: String,
}

impl FromStr for DatasetKind {
    type Err = UnknownName;

    /// Takes the name in any letter case, `-` for `_`, and the publishers' spelling.
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let wanted = text.to_ascii_lowercase().replace('-', "_");
        Self::KNOWN.into_iter().find(|kind| kind.name() == wanted).ok_or_else(|| UnknownName {
            what: "data set",
            given: text.to_owned(),
            known: Self::KNOWN.map(Self::name).join(", "),
        })
    }
}

/// The part of a data set that is trained on, or that is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Trained on, with augmentation.
    Train,
    /// Scored, as it is.
    Val,
}

impl Split {
    /// Both.
    pub const ALL: [Split; 2] = [Split::Train, Split::Val];

    /// `train` or `val`.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Val => "val",
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Split {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|split| split.name() == text).ok_or_else(|| UnknownName {
            what: "split",
            given: text.to_owned(),
            known: "train, val".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        assert_eq!(DatasetKind::KNOWN[..5], DatasetKind::ALL);
        for kind in DatasetKind::KNOWN {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(kind.title().parse(), Ok(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
            assert_eq!(kind.class_names().len(), kind.palette().len());
        }
        assert_eq!("chase-db1".parse(), Ok(DatasetKind::ChaseDb1));
        assert_eq!("val".parse(), Ok(Split::Val));
    }

    #[test]
    fn unknown_names_are_told_what_exists() {
        let message = "drive".parse::<DatasetKind>().unwrap_err().to_string();
        assert_eq!(message, "unknown data set `drive`; known are stare, chase_db1, hrf, cityscapes, isaid, control");
    }
}
