//! Patterns of paths: `train/*.png`, `**/*.{jpg,JPG}`, `masks/{name}.png`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

use crate::datasets::folder::{entries, image_stem, is_image_file};
use crate::error::DataError;
use crate::lookup;

/// What stands for an image's name in the path of its mask.
pub(super) const NAME: &str = "{name}";

/// Folders below each other that a pattern looks into.
const DEEPEST: usize = 16;

/// The files below a folder, by their path relative to it with `/` between folders.
pub(super) type Tree = BTreeMap<String, PathBuf>;

/// Lists the files below a folder that are not hidden; links are followed so deep and no deeper.
pub(super) fn tree(root: &Path) -> Result<Tree, DataError> {
    fn walk(folder: &Path, prefix: &str, depth: usize, found: &mut Tree) -> Result<(), DataError> {
        for (name, path) in entries(folder)? {
            if depth < DEEPEST && lookup::is_dir(&path)? {
                walk(&path, &format!("{prefix}{name}/"), depth + 1, found)?;
            } else if lookup::is_file(&path)? || image_stem(&name).is_some() && is_image_file(&path)? {
                found.insert(format!("{prefix}{name}"), path);
            }
        }
        Ok(())
    }
    let mut found = Tree::new();
    walk(root, "", 0, &mut found)?;
    Ok(found)
}

/// A pattern of paths: `*` is any text without `/`, `**/` any folders, `{a,b}` one of these.
#[derive(Debug)]
pub(super) struct Pattern {
    /// Everything before the first part that is not plain text.
    plain: String,
    regex: Regex,
}

impl Pattern {
    /// Reads the pattern of images. The name of one reaches from the first `*` to the last.
    pub fn images(text: &str) -> Result<Self, String> {
        check_relative(text)?;
        if !text.contains('*') {
            return Err(format!("{text:?} must hold a `*`, which is the name of an image, such as train/*.png"));
        }
        Self::new(text)
    }

    /// Reads the path of the file that belongs to a name.
    pub fn of_name(text: &str, name: &str) -> Result<Self, String> {
        check_relative(text)?;
        // No path holds this character, and so no pattern either.
        let kept = text.replace(NAME, "\0");
        let mut pattern = Self::new(&kept)?;
        pattern.plain = pattern.plain.replace('\0', name);
        let expression = pattern.regex.as_str().replace('\0', &regex_lite::escape(name));
        pattern.regex = Regex::new(&expression).map_err(|error| error.to_string())?;
        Ok(pattern)
    }

    fn new(text: &str) -> Result<Self, String> {
        let (first, last) = (text.find('*'), text.rfind('*'));
        let (mut expression, mut plain_until, mut at) = (String::from("^"), None, 0);
        while at < text.len() {
            let rest = &text[at..];
            if Some(at) == first {
                expression.push('(');
            }
            let step = if rest.starts_with("**/") {
                expression.push_str("(?:.*/)?");
                3
            } else if rest.starts_with('*') {
                expression.push_str("[^/]*");
                1
            } else if rest.starts_with('{') {
                let end = rest.find('}').ok_or_else(|| format!("{text:?}: a `{{` without its `}}`"))?;
                let choices: Vec<String> = rest[1..end].split(',').map(regex_lite::escape).collect();
                expression.push_str(&format!("(?:{})", choices.join("|")));
                end + 1
            } else {
                let end = rest.find(['*', '{']).unwrap_or(rest.len());
                expression.push_str(&regex_lite::escape(&rest[..end]));
                end
            };
            if plain_until.is_none() && rest.starts_with(['*', '{']) {
                plain_until = Some(at);
            }
            at += step;
            if last.is_some_and(|last| (at - step..at).contains(&last)) {
                expression.push(')');
            }
        }
        expression.push('$');
        let regex = Regex::new(&expression).map_err(|error| format!("{text:?} is no pattern: {error}"))?;
        Ok(Pattern { plain: text[..plain_until.unwrap_or(text.len())].to_owned(), regex })
    }

    /// The files that fit, each as the name in it, its relative path, and its path.
    pub fn find<'t>(&self, tree: &'t Tree) -> Vec<(String, &'t str, &'t Path)> {
        let from_plain = tree.range(self.plain.clone()..).take_while(|(path, _)| path.starts_with(&self.plain));
        let fitting = from_plain.filter_map(|(relative, path)| {
            let found = self.regex.captures(relative)?;
            let name = found.get(1).map_or("", |name| name.as_str()).to_owned();
            Some((name, relative.as_str(), path.as_path()))
        });
        fitting.collect()
    }
}

/// Whether a path stays below the folder that it is relative to.
pub(super) fn check_relative(text: &str) -> Result<(), String> {
    let parts: Vec<&str> = text.split(['/', '\\']).collect();
    if text.is_empty() || text.starts_with(['/', '\\']) || parts[0].ends_with(':') {
        return Err(format!("{text:?} must be a path relative to the data set's folder"));
    }
    if text.contains('\\') {
        return Err(format!("{text:?}: write / between folders"));
    }
    if parts.contains(&"..") || parts.contains(&".") {
        return Err(format!("{text:?} must not hold `.` or `..`"));
    }
    if text.contains('\0') {
        return Err(format!("{text:?} is no path"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree_of(paths: &[&str]) -> Tree {
        paths.iter().map(|path| ((*path).to_owned(), PathBuf::from(path))).collect()
    }

    fn found(pattern: &str, paths: &[&str]) -> Vec<String> {
        let tree = tree_of(paths);
        Pattern::images(pattern).unwrap().find(&tree).into_iter().map(|(name, ..)| name).collect()
    }

    #[test]
    fn names_reach_from_the_first_star_to_the_last() {
        let paths = ["a/x.png", "a/y.JPG", "a/b/z.png", "ab/x.png", "a/x.txt"];
        assert_eq!(found("a/*.png", &paths), ["x"]);
        assert_eq!(found("a/*.{png,JPG}", &paths), ["x", "y"]);
        assert_eq!(found("a/**/*.png", &paths), ["b/z", "x"]);
        assert_eq!(found("*/*.png", &paths), ["a/x", "ab/x"]);
        assert_eq!(found("a/*_left.png", &["a/u_left.png", "a/u_right.png"]), ["u"]);
        assert!(Pattern::images("a/x.png").is_err());
    }

    #[test]
    fn masks_are_found_by_the_names_of_images() {
        let tree = tree_of(&["m/x.png", "m/xy.png", "m/a.b_1.png", "m/a.b_2.png"]);
        let found = |text, name| {
            let pattern = Pattern::of_name(text, name).unwrap();
            pattern.find(&tree).into_iter().map(|(_, path, _)| path.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("m/{name}.png", "x"), ["m/x.png"]);
        assert_eq!(found("m/{name}.{png,tif}", "xy"), ["m/xy.png"]);
        assert_eq!(found("m/{name}_*.png", "a.b").len(), 2);
        assert!(found("m/{name}.png", "a").is_empty());
    }

    #[test]
    fn paths_stay_in_the_folder() {
        for wrong in ["/a/*.png", "../*.png", "a/../*.png", "C:/*.png", "a\\*.png", ""] {
            assert!(check_relative(wrong).is_err(), "{wrong}");
        }
    }
}
