//! What a drawn data set was when it was drawn: a list of its files with their checksums, beside it.

use crate::results::result::write_sealed;
use crate::support::checksum;
use crate::support::input_file;
use crate::support::lookup;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An image and a mask of the largest size that is drawn.
const FILE_BYTES: u64 = 256 << 20;

/// The files of a drawn data set, by their path in its root, with their SHA-256.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DrawnFiles {
    files: BTreeMap<String, String>,
}

impl DrawnFiles {
    /// Writes down the files below `drawn`, of a set that is to be at `root`.
    ///
    /// # Errors
    /// A file that cannot be read or written; names it.
    pub fn write(drawn: &Path, root: &Path) -> Result<()> {
        let mut files = BTreeMap::new();
        collect(drawn, drawn, &mut files)?;
        write_sealed(&list(root), &DrawnFiles { files })
    }

    /// Checks that the set at `root` is as it was drawn, where that is written down.
    ///
    /// # Errors
    /// The first file that is missing or was changed, and what to do.
    pub fn check(root: &Path) -> Result<()> {
        let path = list(root);
        let bytes = input_file::read_if_present(&path, input_file::REFERENCE_BYTES);
        let Some(bytes) = bytes.with_context(|| format!("cannot read {}", path.display()))? else { return Ok(()) };
        let anew = || format!("{} cannot be used: remove it", path.display());
        ensure!(checksum::check(&bytes).with_context(anew)?, "{}: it has no checksum", anew());
        let written: DrawnFiles = serde_json::from_slice(&bytes).with_context(anew)?;
        let mut found = BTreeMap::new();
        collect(root, root, &mut found)?;
        let advice = || format!("remove the folder {}, and the images are drawn again", root.display());
        for (name, sha256) in &written.files {
            let file = root.join(name);
            ensure!(found.contains_key(name), "{} is missing: {}", file.display(), advice());
            ensure!(found.get(name) == Some(sha256), "{} is not as it was drawn: {}", file.display(), advice());
        }
        Ok(())
    }
}

/// `<root>.json`, beside the root.
fn list(root: &Path) -> PathBuf {
    root.with_extension("json")
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) -> Result<()> {
    for path in lookup::entries(folder)?.unwrap_or_default() {
        if lookup::is_dir(&path)? {
            collect(root, &path, files)?;
        } else {
            let bytes =
                input_file::read(&path, FILE_BYTES).with_context(|| format!("cannot read {}", path.display()))?;
            let parts: Vec<_> =
                path.strip_prefix(root).unwrap_or(&path).iter().map(|part| part.to_string_lossy()).collect();
            files.insert(parts.join("/"), checksum::sha256(&bytes));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_changed_image_is_named() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("stare-0123456789abcdef");
        fs::create_dir_all(root.join("STARE/images")).unwrap();
        let image = root.join("STARE/images/a.png");
        fs::write(&image, "pixels").unwrap();
        // As by a program of before.
        DrawnFiles::check(&root).unwrap();
        DrawnFiles::write(&root, &root).unwrap();
        DrawnFiles::check(&root).unwrap();
        fs::write(&image, "pixelz").unwrap();
        let error = DrawnFiles::check(&root).unwrap_err().to_string();
        assert!(error.contains("a.png is not as it was drawn: remove the folder"), "{error}");
        fs::remove_file(&image).unwrap();
        assert!(DrawnFiles::check(&root).unwrap_err().to_string().contains("a.png is missing"));
    }
}
