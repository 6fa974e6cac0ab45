//! Listing folders and pairing images with masks.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{DataError, Result};
use crate::label::LabelEncoding;
use crate::lookup;
use crate::plain_file;
use crate::sample::Sample;

const EXTENSIONS: [&str; 10] = ["png", "jpg", "jpeg", "tif", "tiff", "ppm", "pgm", "pbm", "pnm", "gif"];

/// Lists name and path of everything in a folder that is not hidden, sorted by name.
pub(super) fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(DataError::read(folder))? {
        let entry = entry.map_err(DataError::read(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// Refuses a link that leads nowhere: what it stands for would be left out without a word.
pub(super) fn refuse_dangling(path: &Path) -> Result<()> {
    match fs::read_link(path) {
        Ok(target) if !lookup::is_there(path)? => Err(DataError::DanglingLink { path: path.to_owned(), target }),
        _ => Ok(()),
    }
}

/// Whether a path that is called like an image is a file; a folder may be called so, too.
///
/// # Errors
/// A link that leads nowhere, a pipe or a device: what it stands for would be left out without a
/// word.
pub(super) fn is_image_file(path: &Path) -> Result<bool> {
    refuse_dangling(path)?;
    if lookup::is_dir(path)? || !lookup::is_there(path)? {
        return Ok(false);
    }
    plain_file::check(path).map(|()| true)
}

/// Lists the image files of a folder by name without extension; `im0001.ah.ppm.gz` gives
/// `im0001.ah`. A file beside its gzipped twin is taken once; two other files of one name are an
/// error, as nothing says which of them is meant.
pub(super) fn images(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (name, path) in entries(folder)? {
        let Some(stem) = image_stem(&name) else { continue };
        if !is_image_file(&path)? {
            continue;
        }
        let twin = found.get(stem).is_some_and(|first| path.with_extension("") == *first);
        if !twin {
            insert(&mut found, stem.to_owned(), path)?;
        }
    }
    Ok(found)
}

/// Adds a file; an error where there is one of this name.
pub(super) fn insert(files: &mut BTreeMap<String, PathBuf>, name: String, path: PathBuf) -> Result<()> {
    match files.entry(name) {
        Entry::Vacant(place) => {
            place.insert(path);
            Ok(())
        }
        Entry::Occupied(first) => Err(DataError::TwoFiles { first: first.get().clone(), second: path }),
    }
}

/// Gives the name of a file without extension, if the extension is that of an image, in any letter
/// case.
pub fn image_stem(name: &str) -> Option<&str> {
    let name = strip_extension(name, "gz").unwrap_or(name);
    EXTENSIONS.into_iter().find_map(|extension| strip_extension(name, extension))
}

fn strip_extension<'a>(name: &'a str, extension: &str) -> Option<&'a str> {
    let (stem, found) = name.rsplit_once('.')?;
    found.eq_ignore_ascii_case(extension).then_some(stem)
}

/// Keeps the files whose stem ends in `suffix`, by the stem without it.
pub(super) fn with_suffix(files: BTreeMap<String, PathBuf>, suffix: &str) -> BTreeMap<String, PathBuf> {
    files.into_iter().filter_map(|(stem, path)| Some((stem.strip_suffix(suffix)?.to_owned(), path))).collect()
}

/// Makes samples of images and masks with equal keys; `mask_name` and `image_name` make the name of
/// a missing file.
pub(super) fn pair(
    images: BTreeMap<String, PathBuf>,
    mut masks: BTreeMap<String, PathBuf>,
    encoding: &'static LabelEncoding,
    mask_name: impl Fn(&str) -> String,
    image_name: impl Fn(&str) -> String,
) -> Result<Vec<Sample>> {
    let mut samples = Vec::with_capacity(images.len());
    for (id, image) in images {
        let Some(label) = masks.remove(&id) else {
            return Err(DataError::MaskMissing { image, expected: mask_name(&id) });
        };
        samples.push(Sample::new(id, image, label, encoding));
    }
    match masks.pop_first() {
        Some((id, mask)) => Err(DataError::ImageMissing { mask, expected: image_name(&id) }),
        None => Ok(samples),
    }
}

/// Lists the images of a sub-folder, which must be there and hold some.
pub(super) fn required_images(root: &Path, relative: &str) -> Result<BTreeMap<String, PathBuf>> {
    let folder = root.join(relative);
    refuse_dangling(&folder)?;
    if !lookup::is_dir(&folder)? {
        let advice = format!("{} must hold it", root.display());
        return Err(DataError::RootMissing { path: folder, advice });
    }
    let found = images(&folder)?;
    if found.is_empty() {
        let advice = "unpack the publisher's files there".to_owned();
        return Err(DataError::RootEmpty { path: folder, advice });
    }
    Ok(found)
}

/// Whether none of these folders of a split is there: one split is all that scoring needs.
pub(super) fn are_missing(root: &Path, folders: &[String]) -> Result<bool> {
    folders.iter().try_for_each(|folder| refuse_dangling(&root.join(folder)))?;
    for folder in folders {
        if lookup::is_there(&root.join(folder))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The error of a folder that has none of the layouts.
pub(super) fn unknown_layout(root: &Path, expected: &str) -> DataError {
    let path = root.to_owned();
    match entries(root) {
        Ok(found) if found.is_empty() => {
            let advice = format!("it is empty; it must hold {expected}");
            DataError::RootEmpty { path, advice }
        }
        Ok(_) => DataError::UnknownLayout { path, advice: format!("it must hold {expected}") },
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_know_every_extension() {
        assert_eq!(image_stem("im0001.ah.ppm.gz"), Some("im0001.ah"));
        assert_eq!(image_stem("01_dr.JPG"), Some("01_dr"));
        assert_eq!(image_stem("notes.txt"), None);
        assert_eq!(image_stem("images.zip.gz"), None);
    }
}
