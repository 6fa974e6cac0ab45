//! A data set as a value: what tells one from another, and what is asked of it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::Path;

use super::definition::{Counts, Definition, ProtocolNumbers};
use super::plausible;
use crate::error::Result;
use crate::limit::ImageLimit;
use crate::raster::LabelMap;

/// A data set, by what is known of it. In specs, file names and on the command line it stands by
/// its [`name`](Self::name).
///
/// Built-in sets are equal where their [`id`](Self::id) is. Sets that a file describes are equal
/// where all that decides a result is the same in their descriptions.
#[derive(Clone, Copy)]
pub struct DatasetKind(&'static Definition);

impl DatasetKind {
    /// The data set of a definition.
    pub(super) const fn new(definition: &'static Definition) -> Self {
        Self(definition)
    }

    /// Everything that is known of the data set.
    pub(crate) const fn definition(self) -> &'static Definition {
        self.0
    }

    /// The number that is the data set's for ever. It seeds drawn images and sorts tables. All sets
    /// that files describe have one and the same, behind those of the others.
    pub fn id(self) -> u32 {
        self.0.id
    }

    /// The name in specs and on the command line, for instance `chase_db1`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The name as its publishers write it, for instance `CHASE_DB1`.
    pub fn title(self) -> &'static str {
        self.0.title
    }

    /// The folder under the data root. It is found whatever its letter case.
    pub fn directory(self) -> &'static str {
        self.0.directory
    }

    /// Whether others have published the data set. Control images are the program's own.
    pub fn is_published(self) -> bool {
        self.0.is_published
    }

    /// The names of the classes, in the order of the train ids.
    pub fn class_names(self) -> &'static [&'static str] {
        self.0.class_names
    }

    /// The RGB colour of each class in pictures, in the order of the train ids.
    pub fn palette(self) -> &'static [[u8; 3]] {
        self.0.palette
    }

    /// The numbers of the data set's reference protocol.
    pub fn protocol(self) -> &'static ProtocolNumbers {
        &self.0.protocol
    }

    /// The reference size (height, width) that the protocol's random resizing is relative to.
    pub fn resize_reference(self) -> [usize; 2] {
        self.0.protocol.resize
    }

    /// The subject that an image shows, by the image's id: a child with two eyes, a recording, an
    /// aerial image with its tiles. Images of one subject are not independent.
    ///
    /// | data set | images | subject |
    /// |---|---|---|
    /// | CHASE_DB1 | `Image_01L`, `Image_01R` | `01` |
    /// | Cityscapes | `frankfurt_000001_005184` | `frankfurt_000001` |
    /// | iSAID | `P0001_0_896_512_1408` | `P0001` |
    /// | the others | `im0001`, `01_dr` | the image itself |
    pub fn subject_of(self, image_name: &str) -> String {
        (self.0.subject)(image_name)
    }

    /// Whether the program can draw images in the data set's layout.
    pub fn is_drawn(self) -> bool {
        self.0.drawn.is_some()
    }

    /// The score that the data set's description says to count: `miou` or `mdice`.
    pub fn metric(self) -> Option<&'static str> {
        self.0.described?.description.metric.as_deref()
    }

    /// The folder of the images, where a file that describes the data set names it.
    pub fn described_folder(self) -> Option<&'static Path> {
        self.0.described?.home.as_deref()
    }

    /// What tells data sets of one number apart: the hash of a description.
    fn content(self) -> &'static str {
        self.0.described.map_or("", |described| described.content.as_str())
    }

    /// Why these pixel counts per class of so many masks cannot be those of the data set, if they
    /// cannot.
    pub(crate) fn implausible(self, masks: usize, pixels: &[u64]) -> Option<String> {
        let counts = Counts { set: self.name(), class_names: self.class_names(), masks, pixels };
        plausible::nothing_to_learn(&counts).or_else(|| (self.0.implausible)(&counts))
    }
}

impl PartialEq for DatasetKind {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id() && self.content() == other.content()
    }
}

impl Eq for DatasetKind {}

impl PartialOrd for DatasetKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DatasetKind {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |kind: &Self| (kind.id(), kind.name(), kind.content());
        key(self).cmp(&key(other))
    }
}

impl Hash for DatasetKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.id(), self.content()).hash(state);
    }
}

impl fmt::Debug for DatasetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl fmt::Display for DatasetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Decodes the bytes of a mask file into train ids. The bytes are not unpacked; `path` is for
/// messages. They are read as the publisher of the data set writes masks (Cityscapes: `labelIds`).
///
/// # Errors
/// Bytes of no mask of this data set, or of one that is beyond the limit.
pub fn decode_label(path: &Path, bytes: &[u8], kind: DatasetKind, limit: ImageLimit) -> Result<LabelMap> {
    kind.definition().encoding.decode_file(path, bytes, limit)
}
