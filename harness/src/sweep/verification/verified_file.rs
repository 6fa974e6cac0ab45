//! What was found out of a file of a folder of results.

use super::Agreement;
use serde::Serialize;

/// The tables of a folder, in the order in which they are written.
pub(super) const TABLES: [&str; 7] =
    ["results.csv", "classes.csv", "image_scores.csv", "table.md", "table.csv", "verdict.md", "verdict.json"];

/// What was found out of one file, or of several of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifiedFile {
    pub file: String,
    pub content: Agreement,
}

impl VerifiedFile {
    pub(super) fn new(file: impl Into<String>, content: Agreement) -> Self {
        VerifiedFile { file: file.into(), content }
    }
}
