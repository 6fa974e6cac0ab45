//! A description that has been checked, with what is made of it once.

use std::path::PathBuf;

use super::description::Description;
use super::encoding::DescribedMasks;
use super::subject::SubjectRule;
use crate::label::MaskEncoding;

/// A description, and what is made of it once.
#[derive(Debug)]
pub(crate) struct Described {
    /// What the file says.
    pub description: Description,
    /// The folder of the images; `None` for a set below the data root.
    pub home: Option<PathBuf>,
    /// The SHA-256 of what decides results in it.
    pub content: String,
    /// What errors call the description: its file.
    pub source: String,
    pub(super) encoding: &'static dyn MaskEncoding,
    pub(super) subject: SubjectRule,
}

impl Described {
    /// Makes the parts of a description that has been checked.
    pub fn new(description: Description, home: Option<PathBuf>, content: String, source: String) -> Self {
        let encoding: &'static DescribedMasks = Box::leak(Box::new(DescribedMasks::of(&description)));
        let subject = SubjectRule::new(description.subject.as_deref()).expect("checked: the pattern of subjects");
        Described { description, home, content, source, encoding, subject }
    }
}
