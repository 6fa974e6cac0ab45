//! Listing folders and pairing images with masks.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{DataError, Result};
use crate::label::LabelEncoding;
use crate::lookup;
use crate::sample::Sample;

const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "tif", "tiff", "ppm", "pgm", "pnm"];

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

/// Lists the image files of a folder by name without extension; `im0001.ah.ppm.gz` gives
/// `im0001.ah`. A file beside its gzipped twin is taken once.
pub(super) fn images(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for (name, path) in entries(folder)? {
        if let Some(stem) = image_stem(&name)
            && lookup::is_file(&path)?
        {
            found.entry(stem.to_owned()).or_insert(path);
        }
    }
    Ok(found)
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
