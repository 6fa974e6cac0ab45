//! Cityscapes: `leftImg8bit/{train,val}/<city>/*_leftImg8bit.png` and
//! `gtFine/{train,val}/<city>/*_gtFine_labelTrainIds.png`, or `*_gtFine_labelIds.png`, which are mapped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Splits;
use super::folder::{entries, images, unknown_layout, with_suffix};
use crate::error::{DataError, Result};
use crate::label::LabelEncoding;
use crate::sample::Sample;

pub(super) fn find(root: &Path) -> Result<Splits> {
    if !root.join("leftImg8bit").is_dir() && !root.join("gtFine").is_dir() {
        return Err(unknown_layout(
            root,
            "leftImg8bit/{train,val}/ and gtFine/{train,val}/, unpacked from leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip",
        ));
    }
    Ok(Splits { train: part(root, "train")?, val: part(root, "val")? })
}

fn part(root: &Path, split: &str) -> Result<Vec<Sample>> {
    let photographs = with_suffix(cities(root, &format!("leftImg8bit/{split}"))?, "_leftImg8bit");
    let annotations = cities(root, &format!("gtFine/{split}"))?;
    let mut train_ids = with_suffix(annotations.clone(), "_gtFine_labelTrainIds");
    let mut label_ids = with_suffix(annotations, "_gtFine_labelIds");

    let mut samples = Vec::with_capacity(photographs.len());
    for (id, image) in photographs {
        let ids = label_ids.remove(&id).map(|path| (path, LabelEncoding::CityscapesId));
        let found = train_ids.remove(&id).map(|path| (path, LabelEncoding::CityscapesTrainId));
        let Some((label, encoding)) = found.or(ids) else {
            let expected = format!("gtFine/{split}/{id}_gtFine_labelIds.png or ..._labelTrainIds.png");
            return Err(DataError::MaskMissing { image, expected });
        };
        // The key is `city/name`, so that a file in another city's folder is missed; the id is the name.
        let id = id.rsplit_once('/').map_or(id.as_str(), |(_, name)| name).to_owned();
        samples.push(Sample::new(id, image, label, encoding));
    }
    match train_ids.pop_first().or(label_ids.pop_first()) {
        Some((id, mask)) => {
            Err(DataError::ImageMissing { mask, expected: format!("leftImg8bit/{split}/{id}_leftImg8bit.png") })
        }
        None => Ok(samples),
    }
}

/// Image files of all cities, by `city/stem`.
fn cities(root: &Path, relative: &str) -> Result<BTreeMap<String, PathBuf>> {
    let folder = root.join(relative);
    if !folder.is_dir() {
        let advice = format!("{} must hold it", root.display());
        return Err(DataError::RootMissing { path: folder, advice });
    }
    let mut found = BTreeMap::new();
    for (city, path) in entries(&folder)? {
        if path.is_dir() {
            found.extend(images(&path)?.into_iter().map(|(stem, path)| (format!("{city}/{stem}"), path)));
        }
    }
    if found.is_empty() {
        let advice = "it must hold one folder per city; unpack the publisher's files there".to_owned();
        return Err(DataError::RootEmpty { path: folder, advice });
    }
    Ok(found)
}
