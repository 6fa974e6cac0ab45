//! Data sets that a file describes: what their images are, what their masks hold, how they are
//! split.
//!
//! docs/guide/own-data.md walks through one; docs/reference/description.md lists the keys.

mod check;
mod colours;
mod define;
mod description;
mod encoding;
mod find;
mod list;
mod parse;
mod pattern;
mod registry;
mod set;
mod split;
mod subject;
mod survey;

pub use description::Description;
pub(super) use registry::{StoredSet, camvid, registered, stored};
pub(crate) use set::Described;
pub use survey::{DescriptionDraft, describe_folder};
