//! The samples of a described set, found in its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::description::ImagePaths;
use super::list::{self, last_parts, names, pair, without_extension};
use super::pattern::{NAME, Pattern, Tree, check_relative, tree};
use super::set::Described;
use super::split;
use crate::datasets::Splits;
use crate::error::{DataError, Result, shown};
use crate::sample::Sample;

/// An image and its mask, before the image's name is known where it follows from all paths.
struct Pair {
    name: String,
    image: PathBuf,
    mask: PathBuf,
}

impl Described {
    /// Finds the samples of both splits below the data set's folder.
    pub(super) fn find(&self, root: &Path) -> Result<Splits> {
        let tree = tree(root)?;
        let description = &self.description;
        let part = |key: &str, part: &Option<ImagePaths>| match part {
            Some(part) => self.part(root, &tree, key, part),
            None => Ok(Vec::new()),
        };
        let mut splits = match &description.split {
            Some(rule) => {
                let all = part("all", &description.all)?;
                split::part(rule, all).map_err(|message| self.wrong("split", message))?
            }
            None => Splits { train: part("train", &description.train)?, val: part("val", &description.val)? },
        };
        for samples in [&mut splits.train, &mut splits.val] {
            samples.sort_by(|a, b| a.id.cmp(&b.id));
        }
        self.check_apart(root, &splits)?;
        Ok(splits)
    }

    fn part(&self, root: &Path, tree: &Tree, key: &str, part: &ImagePaths) -> Result<Vec<Sample>> {
        let pairs = match &part.list {
            Some(list) => self.listed(root, tree, key, part, &root.join(list))?,
            None => self.matched(tree, key, part)?,
        };
        let mut known: BTreeMap<String, PathBuf> = BTreeMap::new();
        let mut samples = Vec::with_capacity(pairs.len());
        for Pair { name, image, mask } in pairs {
            if let Some(other) = known.insert(name.clone(), image.clone()) {
                let (one, two) = (below(root, &other), below(root, &image));
                return Err(self.wrong(key, format!("two images are called {}: {one} and {two}", shown(&name))));
            }
            let fov = part.fov.as_deref().map(|fov| self.fov_of(tree, key, fov, &name, &image)).transpose()?;
            let mut sample = Sample { fov, ..Sample::new(name, image, mask, self.encoding) };
            sample.subject = self.subject.find(&sample.id).ok_or_else(|| {
                let message = format!("does not fit the name {} ({key})", shown(&sample.id));
                self.wrong("subject", message)
            })?;
            samples.push(sample);
        }
        Ok(samples)
    }

    /// The pairs of a pattern.
    fn matched(&self, tree: &Tree, key: &str, part: &ImagePaths) -> Result<Vec<Pair>> {
        let (images, masks) = (part.images.as_deref().unwrap_or_default(), part.masks.as_deref().unwrap_or_default());
        let wrong = |message| self.wrong(&format!("{key}.images"), message);
        let pattern = Pattern::images(images).map_err(wrong)?;
        let excluded: BTreeSet<&str> = match &part.exclude {
            None => BTreeSet::new(),
            Some(exclude) => {
                let pattern =
                    Pattern::images(exclude).map_err(|message| self.wrong(&format!("{key}.exclude"), message))?;
                pattern.find(tree).into_iter().map(|(_, relative, _)| relative).collect()
            }
        };
        let mut found = pattern.find(tree);
        found.retain(|(_, relative, _)| !excluded.contains(relative));
        if found.is_empty() {
            return Err(wrong(format!("{images:?} fits no file below the data set's folder")));
        }
        let pair_of = |(name, _, image): (String, &str, &Path)| {
            let mask = self.mask_of(tree, key, masks, &name, image)?;
            Ok(Pair { name, image: image.to_owned(), mask })
        };
        found.into_iter().map(pair_of).collect()
    }

    fn mask_of(&self, tree: &Tree, key: &str, masks: &str, name: &str, image: &Path) -> Result<PathBuf> {
        self.one_of(tree, &format!("{key}.masks"), masks, name, |expected| DataError::MaskMissing {
            image: image.to_owned(),
            expected,
        })
    }

    fn fov_of(&self, tree: &Tree, key: &str, fov: &str, name: &str, image: &Path) -> Result<PathBuf> {
        self.one_of(tree, &format!("{key}.fov"), fov, name, |expected| DataError::FieldOfViewMissing {
            image: image.to_owned(),
            expected,
        })
    }

    /// The one file of a name.
    fn one_of(
        &self,
        tree: &Tree,
        key: &str,
        pattern: &str,
        name: &str,
        missing: impl FnOnce(String) -> DataError,
    ) -> Result<PathBuf> {
        let fitting = Pattern::of_name(pattern, name).map_err(|message| self.wrong(key, message))?;
        match fitting.find(tree).as_slice() {
            [] => Err(missing(pattern.replace(NAME, name))),
            [(.., path)] => Ok((*path).to_owned()),
            [(_, one, _), (_, two, _), ..] => {
                let message = format!("{pattern:?} fits two files for {}: {one} and {two}", shown(name));
                Err(self.wrong(key, message))
            }
        }
    }

    /// The pairs of a list.
    fn listed(&self, root: &Path, tree: &Tree, key: &str, part: &ImagePaths, list: &Path) -> Result<Vec<Pair>> {
        let at = |line, message| DataError::List { path: list.to_owned(), line, message };
        let file = |line, path: &str| {
            check_relative(path).map_err(|message| {
                at(line, format!("{message}; to use only the last parts of each path, set {key}.last_parts"))
            })?;
            let missing = || at(line, format!("there is no {}", shown(path)));
            tree.get(path).map(|found| (found.clone(), path.to_owned())).ok_or_else(missing)
        };
        let mut images: Vec<(usize, PathBuf, String)> = Vec::new();
        let mut masks = Vec::new();
        for (line, text) in list::lines(list)? {
            match (&part.images, &part.masks) {
                (Some(pattern), Some(_)) => {
                    let path = last_parts(&text, part.last_parts);
                    let name = without_extension(&path).to_owned();
                    let missing = |expected: String| at(line, format!("there is no {}", shown(&expected)));
                    let image = self.one_of(tree, &format!("{key}.images"), pattern, &name, missing)?;
                    images.push((line, image, name));
                }
                (None, Some(_)) => {
                    let (image, path) = file(line, &last_parts(&text, part.last_parts))?;
                    images.push((line, image, path));
                }
                _ => {
                    let [image, mask] = pair(&text).map_err(|message| at(line, message))?;
                    let (image, path) = file(line, &last_parts(image, part.last_parts))?;
                    masks.push(file(line, &last_parts(mask, part.last_parts))?.0);
                    images.push((line, image, path));
                }
            }
        }
        if images.is_empty() {
            return Err(self.wrong(&format!("{key}.list"), format!("{} names no image", below(root, list))));
        }
        let paths: Vec<String> = images.iter().map(|(.., path)| path.clone()).collect();
        let names = if part.images.is_some() { paths } else { names(&paths) };
        let pair_of = |((index, (_, image, _)), name): ((usize, (usize, PathBuf, String)), String)| {
            let mask = match (&part.masks, masks.get(index)) {
                (_, Some(mask)) => mask.clone(),
                (pattern, None) => self.mask_of(tree, key, pattern.as_deref().unwrap_or_default(), &name, &image)?,
            };
            Ok(Pair { name, image, mask })
        };
        images.into_iter().enumerate().zip(names).map(pair_of).collect()
    }

    /// Whether no image, and no subject, is in both splits.
    fn check_apart(&self, root: &Path, splits: &Splits) -> Result<()> {
        let files = |sample: &Sample| [sample.image.clone(), sample.label.clone()];
        let trained: BTreeSet<PathBuf> = splits.train.iter().flat_map(files).collect();
        if let Some(file) = splits.val.iter().flat_map(files).find(|file| trained.contains(file)) {
            return Err(self.wrong("val", format!("{} is in train too", below(root, &file))));
        }
        let trained: BTreeMap<&str, &Sample> = splits.train.iter().map(|sample| (sample.subject(), sample)).collect();
        let shared = splits.val.iter().find_map(|sample| Some((sample, trained.get(sample.subject())?)));
        match shared.filter(|_| self.description.subject.is_some() && !self.description.subjects_in_both_splits) {
            None => Ok(()),
            Some((scored, trained)) => {
                let (subject, one, two) = (shown(scored.subject()), shown(&trained.id), shown(&scored.id));
                let message = format!(
                    "{subject} is in both splits: train has {one}, val has {two}; part them by subject, or set \
                     subjects_in_both_splits = true"
                );
                Err(self.wrong("subject", message))
            }
        }
    }

    pub(super) fn wrong(&self, key: &str, message: String) -> DataError {
        DataError::Description { file: self.source.clone(), line: None, key: key.to_owned(), message }
    }
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
