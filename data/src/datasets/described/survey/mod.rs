//! A first description of a folder: what can be seen in its files, and what cannot.

mod draft;
mod folders;
mod masks;

use std::path::Path;

use super::list;
use super::pattern::{Tree, tree};
use crate::Progress;
use crate::error::{DataError, Result};
use crate::limit::ImageLimit;
use crate::lookup;
pub use draft::DescriptionDraft;
use folders::{Group, parent};

/// Looks at a folder of images and masks, and drafts its description. `name` is that of the data
/// set, `place` the folder relative to the file to be written. `progress` hears of masks read and
/// in all.
///
/// # Errors
/// A folder in which no image has a mask, and a mask that cannot be read; names it.
pub fn describe_folder(
    folder: &Path,
    name: &str,
    place: &str,
    limit: ImageLimit,
    progress: Progress,
) -> Result<DescriptionDraft> {
    if !lookup::is_dir(folder)? {
        let advice = "name the folder that holds the images and masks".to_owned();
        return Err(DataError::RootMissing { path: folder.to_owned(), advice });
    }
    let tree = tree(folder)?;
    let finding = folders::find(&tree);
    let groups = &finding.groups;
    if groups.is_empty() {
        let advice = "no image has a mask of its name (NAME.png, or NAME and more) in a folder or beside it".to_owned();
        return Err(DataError::UnknownLayout { path: folder.to_owned(), advice });
    }
    let paths: Vec<&Path> =
        groups.iter().flat_map(|group| &group.pairs).map(|pair| tree[&pair.mask].as_path()).collect();
    let contents = masks::read(&paths, limit, progress)?;
    let lists = split_lists(&tree, groups)?;
    Ok(draft::write([name, place], &finding, &lists, &contents))
}

/// The lists of both splits, where the folder holds some that name its images: `train.txt`,
/// `val.txt`.
fn split_lists(tree: &Tree, groups: &[Group]) -> Result<Option<[String; 2]>> {
    let [group] = groups else { return Ok(None) };
    if group.split.is_some() {
        return Ok(None);
    }
    let named = |path: &str, split: &str| path.rsplit('/').next() == Some(&format!("{split}.txt"));
    let lists = |split: &'static str| tree.keys().filter(move |path| named(path, split));
    for train in lists("train") {
        let Some(val) = lists("val").find(|val| parent(val) == parent(train)) else { continue };
        let first = list::lines(&tree[train])?.into_iter().next();
        let names_one =
            first.is_some_and(|(_, line)| group.pairs.iter().any(|pair| pair.name == list::without_extension(&line)));
        if names_one {
            return Ok(Some([train.clone(), val.clone()]));
        }
    }
    Ok(None)
}
