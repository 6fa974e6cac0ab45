//! The two parts of a data set.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::unknown_name::UnknownName;

/// The part of a data set that is trained on, or that is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// The images that are trained on, with augmentation.
    Train,
    /// The images that are scored, as they are.
    Val,
}

impl Split {
    /// Both splits: training, then validation.
    pub const ALL: [Split; 2] = [Split::Train, Split::Val];

    /// The name in file names and on the command line: `train` or `val`.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Val => "val",
        }
    }

    /// The name of the split's folder in the layout of mmsegmentation's converters: `training` or
    /// `validation`.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Split::Train => "training",
            Split::Val => "validation",
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
        let found = Self::ALL.into_iter().find(|split| split.name() == text);
        found.ok_or_else(|| UnknownName::new("split", text, &Self::ALL.map(Self::name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for split in Split::ALL {
            assert_eq!(split.name().parse(), Ok(split));
            assert_eq!(serde_json::to_string(&split).unwrap(), format!("\"{split}\""));
        }
        assert_eq!("test".parse::<Split>().unwrap_err().to_string(), "unknown split `test`; known are train, val");
    }
}
