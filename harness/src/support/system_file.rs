//! Files that the system makes while they are read: those of proc(5) and of control groups.

use std::path::Path;

/// The text of such a file; `None` where the system has none, or does not show it.
#[expect(clippy::disallowed_methods, reason = "they are no plain files, and have an end")]
pub fn read(path: impl AsRef<Path>) -> Option<String> {
    std::fs::read_to_string(path).ok()
}
