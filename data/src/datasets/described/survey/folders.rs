//! A look at the names of files: which are images, and which are their masks.

use std::collections::{BTreeMap, BTreeSet};

use super::super::pattern::Tree;
use crate::datasets::folder::image_stem;
use crate::split::Split;

/// Words in the names of folders that hold masks.
const MASK_WORDS: [&str; 9] = ["mask", "label", "annot", "ann_", "gt", "seg", "manual", "truth", "target"];

/// Words in the names of folders whose masks tell objects apart, not classes.
const OBJECT_WORDS: [&str; 2] = ["object", "instance"];

/// Images of one split that lie in one place, with their masks.
pub(super) struct Group {
    /// The split that the folder's name tells.
    pub split: Option<SplitWord>,
    /// The pattern of the images.
    pub images: String,
    /// The pattern of masks that the pattern of the images fits too.
    pub exclude: Option<String>,
    /// The path of a mask, with `{name}`.
    pub masks: String,
    pub pairs: Vec<NamedMask>,
}

/// An image and its mask, by their relative paths.
pub(super) struct NamedMask {
    pub name: String,
    pub mask: String,
}

/// A split as names of folders tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SplitWord {
    Known(Split),
    Test,
}

/// What a folder holds.
pub(super) struct Finding {
    pub groups: Vec<Group>,
    pub without_mask: Vec<String>,
    pub without_image: Vec<String>,
}

/// The images of a folder by their stems: their paths, relative to the root.
type Folders = BTreeMap<String, BTreeMap<String, String>>;

/// A way from the stems of images to those of masks.
#[derive(Clone, Debug, PartialEq)]
struct Way {
    /// The folder of the masks.
    masks: String,
    /// What ends the stem of an image and no mask's.
    image_suffix: String,
    /// What a mask's stem has in its place.
    mask_suffix: String,
    count: usize,
}

pub(super) fn find(tree: &Tree) -> Finding {
    let mut folders = Folders::new();
    for path in tree.keys() {
        let name = path.rsplit('/').next().unwrap_or(path);
        if let Some(stem) = image_stem(name) {
            folders.entry(parent(path).to_owned()).or_default().insert(stem.to_owned(), path.clone());
        }
    }
    let mut finding = Finding { groups: Vec::new(), without_mask: Vec::new(), without_image: Vec::new() };
    let (mut used, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for (folder, images) in folders.iter().filter(|(folder, _)| !is_of_masks(folder)) {
        let Some(way) = best_way(folder, images, &folders) else {
            finding.without_mask.extend(images.values().cloned());
            continue;
        };
        seen.insert(way.masks.clone());
        let group = group(folder, images, &folders[&way.masks], &way, &mut finding.without_mask);
        used.extend(group.pairs.iter().map(|pair| pair.mask.clone()));
        finding.groups.push(group);
    }
    let masks = seen.iter().filter(|folder| is_of_masks(folder)).flat_map(|folder| folders[folder].values());
    finding.without_image = masks.filter(|path| !used.contains(*path)).cloned().collect();
    finding.groups.sort_by(|a, b| a.split.cmp(&b.split).then(b.pairs.len().cmp(&a.pairs.len())));
    finding
}

fn is_of_masks(folder: &str) -> bool {
    let folder = folder.to_ascii_lowercase();
    MASK_WORDS.iter().any(|word| folder.contains(word))
}

/// The way that gives the most images a mask; of two, the one to the folder with the most parts in
/// common, and to classes before objects.
fn best_way(folder: &str, images: &BTreeMap<String, String>, folders: &Folders) -> Option<Way> {
    let beside = |other: &str| other == folder || is_of_masks(other);
    let mut ways: Vec<Way> = Vec::new();
    for (other, masks) in folders.iter().filter(|(other, _)| beside(other)) {
        let suffix = common_suffix(images.keys());
        for image_suffix in [String::new(), suffix] {
            ways.extend(way(images, other, masks, &image_suffix, other == folder));
        }
    }
    let of_objects = |way: &Way| OBJECT_WORDS.iter().any(|word| way.masks.to_ascii_lowercase().contains(word));
    let common =
        |way: &Way| folder.split('/').filter(|part| way.masks.split('/').any(|other| alike(part, other))).count();
    // The first of equals: `max_by_key` takes the last.
    ways.into_iter().rev().max_by_key(|way| (way.count, common(way), !of_objects(way)))
}

/// Whether two names of folders speak of one split: `train` and `trainannot`.
fn alike(image: &str, mask: &str) -> bool {
    image == mask || split_word(image).is_some() && split_word(image) == split_word(mask)
}

fn way(
    images: &BTreeMap<String, String>,
    other: &str,
    masks: &BTreeMap<String, String>,
    suffix: &str,
    beside: bool,
) -> Option<Way> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for stem in images.keys().filter_map(|stem| stem.strip_suffix(suffix)).filter(|stem| !stem.is_empty()) {
        let longer = masks.range(stem.to_owned()..).take_while(|(mask, _)| mask.starts_with(stem));
        let rests = longer.map(|(mask, _)| &mask[stem.len()..]).filter(|rest| !(beside && *rest == suffix));
        // A digit would make another image's name of this one: `im1` and `im10`.
        for rest in rests.filter(|rest| !rest.starts_with(|c: char| c.is_alphanumeric())) {
            *counts.entry(rest).or_default() += 1;
        }
    }
    let (mask_suffix, count) = counts.into_iter().rev().max_by_key(|(_, count)| *count)?;
    let (masks, image_suffix, mask_suffix) = (other.to_owned(), suffix.to_owned(), mask_suffix.to_owned());
    Some(Way { masks, image_suffix, mask_suffix, count })
}

/// What all names end with from a `_` on, such as `_leftImg8bit`.
fn common_suffix<'n>(mut names: impl Iterator<Item = &'n String>) -> String {
    let Some(first) = names.next() else { return String::new() };
    let Some(at) = first.rfind('_') else { return String::new() };
    let suffix = &first[at..];
    if names.all(|name| name.ends_with(suffix)) && suffix.contains(char::is_alphabetic) {
        suffix.to_owned()
    } else {
        String::new()
    }
}

fn group(
    folder: &str,
    images: &BTreeMap<String, String>,
    masks: &BTreeMap<String, String>,
    way: &Way,
    without: &mut Vec<String>,
) -> Group {
    let (mut pairs, mut image_ends, mut mask_ends) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let beside = way.masks == folder;
    for (stem, path) in images {
        let name = stem.strip_suffix(way.image_suffix.as_str());
        let mask = name.and_then(|name| masks.get(&format!("{name}{}", way.mask_suffix)));
        let (Some(name), Some(mask)) = (name, mask) else {
            let is_mask = beside && stem.ends_with(&way.mask_suffix);
            if !is_mask {
                without.push(path.clone());
            }
            continue;
        };
        image_ends.insert(path[path.rfind(stem.as_str()).unwrap_or(0) + stem.len()..].to_owned());
        mask_ends.insert(
            mask[mask.rfind(&format!("{name}{}", way.mask_suffix)).unwrap_or(0) + name.len() + way.mask_suffix.len()..]
                .to_owned(),
        );
        pairs.push(NamedMask { name: name.to_owned(), mask: mask.clone() });
    }
    let within = |folder: &str| if folder.is_empty() { String::new() } else { format!("{folder}/") };
    Group {
        split: folder.split('/').find_map(split_word),
        images: format!("{}*{}{}", within(folder), way.image_suffix, choice(&image_ends)),
        exclude: (beside && image_ends.intersection(&mask_ends).next().is_some())
            .then(|| format!("{}*{}{}", within(folder), way.mask_suffix, choice(&mask_ends))),
        masks: format!("{}{{name}}{}{}", within(&way.masks), way.mask_suffix, choice(&mask_ends)),
        pairs,
    }
}

/// One text, or `{a,b}`: endings begin with a dot that stays outside.
fn choice(ends: &BTreeSet<String>) -> String {
    let ends: Vec<&str> = ends.iter().map(|end| end.strip_prefix('.').unwrap_or(end)).collect();
    match ends.as_slice() {
        [one] => format!(".{one}"),
        many => format!(".{{{}}}", many.join(",")),
    }
}

/// The split that the name of a folder tells.
fn split_word(folder: &str) -> Option<SplitWord> {
    let folder = folder.to_ascii_lowercase();
    match () {
        () if folder.starts_with("train") => Some(SplitWord::Known(Split::Train)),
        () if folder.starts_with("val") => Some(SplitWord::Known(Split::Val)),
        () if folder.starts_with("test") => Some(SplitWord::Test),
        () => None,
    }
}

/// The folder of a path, without a `/` at its end; empty at the top.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
