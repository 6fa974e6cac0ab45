//! Folders that hold nothing but files and folders: what a link points to is nobody's run.

use crate::support::lookup;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

/// Checks that there are only files and folders below a folder.
///
/// # Errors
/// A link, a pipe, a device or a socket, or a folder that cannot be listed; names it.
pub(super) fn check(folder: &Path) -> Result<()> {
    for path in lookup::entries(folder)?.unwrap_or_default() {
        let kind = fs::symlink_metadata(&path).with_context(|| format!("cannot read {}", path.display()))?.file_type();
        if kind.is_dir() {
            check(&path)?;
        } else if !kind.is_file() {
            let what = if kind.is_symlink() { "a link" } else { "a pipe, a device or a socket" };
            bail!("{} is {what}: only files and folders are merged; move it away", path.display());
        }
    }
    Ok(())
}
