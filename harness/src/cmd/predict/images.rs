//! The images that are predicted: files, folders of them, and patterns.

use crate::support::lookup;
use anyhow::{Context, Result, bail, ensure};
use atrous_data::image_stem;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// An image, and the name of the files that are written for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFile {
    pub path: PathBuf,
    /// Without extension; below a folder that was named, with the folders in between, apart by `/`.
    pub name: String,
}

/// Finds the images that arguments mean, in the order of the arguments, those of one sorted.
/// `out` is passed over: what is there was written by the program.
///
/// # Errors
/// What is no file, folder or pattern of something, a folder without images, and two images of one
/// name; names them.
pub fn find(arguments: &[PathBuf], out: &Path) -> Result<Vec<ImageFile>> {
    let out = out.canonicalize().ok();
    let mut found = Vec::new();
    for argument in arguments {
        if lookup::is_dir(argument)? {
            let before = found.len();
            below(argument, "", out.as_deref(), &mut found)?;
            ensure!(found.len() > before, "{} holds no image", argument.display());
        } else if lookup::is_file(argument)? {
            found.push(file(argument)?);
        } else {
            let matching = matching(argument)?;
            ensure!(!matching.is_empty(), "{} is no file", argument.display());
            for path in matching {
                found.push(file(&path)?);
            }
        }
    }
    let mut names: BTreeMap<&str, &Path> = BTreeMap::new();
    for image in &found {
        if let Some(other) = names.insert(&image.name, &image.path) {
            let (name, path, other) = (&image.name, image.path.display(), other.display());
            bail!("two images are called {name}, {other} and {path}: predict them into different folders (--out)");
        }
    }
    Ok(found)
}

fn file(path: &Path) -> Result<ImageFile> {
    let name = path.file_name().with_context(|| format!("{} names no file", path.display()))?.to_string_lossy();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = plain.rsplit_once('.').map_or(plain, |(stem, _)| stem).to_owned();
    Ok(ImageFile { path: path.to_owned(), name: stem })
}

/// The images of a folder and of those in it, by name; what is hidden is passed over.
fn below(folder: &Path, prefix: &str, out: Option<&Path>, found: &mut Vec<ImageFile>) -> Result<()> {
    if out.is_some() && folder.canonicalize().ok().as_deref() == out {
        return Ok(());
    }
    for (name, path) in entries(folder)? {
        if lookup::is_dir(&path)? {
            below(&path, &format!("{prefix}{name}/"), out, found)?;
        } else if let Some(stem) = image_stem(&name) {
            ensure!(
                lookup::is_file(&path)?,
                "{} is a pipe, a device or a link to nothing: move it away",
                path.display()
            );
            found.push(ImageFile { path: path.clone(), name: format!("{prefix}{stem}") });
        }
    }
    Ok(())
}

/// Names and paths in a folder, sorted, without those that are hidden.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let cannot = || format!("cannot read {}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// The files that a pattern means: `*` stands for any characters of a name, `?` for one, and `**`
/// for any folders. None where there is no such sign in it.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>> {
    let text = pattern.to_string_lossy();
    if !text.contains(['*', '?']) {
        return Ok(Vec::new());
    }
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let mut next = Vec::new();
        for path in found {
            match component {
                Component::Normal(name) => {
                    let name = name.to_string_lossy();
                    let folder = if path.as_os_str().is_empty() { Path::new(".") } else { &path };
                    if name == "**" {
                        next.push(path.clone());
                        folders(folder, &path, &mut next)?;
                    } else if name.contains(['*', '?']) {
                        let inside = if lookup::is_dir(folder)? { entries(folder)? } else { Vec::new() };
                        let fits = inside.into_iter().filter(|(entry, _)| fits(&name, entry));
                        next.extend(fits.map(|(entry, _)| path.join(entry)));
                    } else {
                        next.push(path.join(&*name));
                    }
                }
                other => next.push(path.join(other)),
            }
        }
        found = next;
    }
    let is_image = |path: &PathBuf| path.file_name().is_some_and(|name| image_stem(&name.to_string_lossy()).is_some());
    found.retain(is_image);
    found.sort();
    found.dedup();
    let mut files = Vec::with_capacity(found.len());
    for path in found {
        if lookup::is_file(&path)? {
            files.push(path);
        }
    }
    Ok(files)
}

/// Adds every folder below one.
fn folders(folder: &Path, shown: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for (name, path) in entries(folder)? {
        if lookup::is_dir(&path)? {
            found.push(shown.join(&name));
            folders(&path, &shown.join(&name), found)?;
        }
    }
    Ok(())
}

/// Whether a name is what a pattern of `*` and `?` means.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, n));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == name[n]) {
            (p, n) = (p + 1, n + 1);
        } else if let Some((at, taken)) = star {
            // The last star takes one character more.
            star = Some((at, taken + 1));
            (p, n) = (at + 1, taken + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|sign| *sign == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_after_their_images() {
        let names = ["a/im0001.ppm.gz", "b/eye.left.jpg", "plain"].map(|path| file(Path::new(path)).unwrap().name);
        assert_eq!(names, ["im0001", "eye.left", "plain"]);
    }

    #[test]
    fn folders_and_patterns_mean_their_images() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        for name in ["a/1.png", "a/b/1.PNG", "a/b/2.tif", "a/notes.txt", "a/.hidden.png", "a/out/1-mask.png", "c/3.jpg"]
        {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "").unwrap();
        }
        let names = |arguments: &[&str]| -> Result<Vec<String>> {
            let arguments: Vec<PathBuf> = arguments.iter().map(|argument| root.join(argument)).collect();
            Ok(find(&arguments, &root.join("a/out"))?.into_iter().map(|image| image.name).collect())
        };
        assert_eq!(names(&["a"]).unwrap(), ["1", "b/1", "b/2"]);
        assert_eq!(names(&["c/3.jpg", "a/b"]).unwrap(), ["3", "1", "2"]);
        assert_eq!(names(&["a/b/?.*", "c/*"]).unwrap(), ["1", "2", "3"]);
        assert_eq!(names(&["**/b/2.*", "*/1.png"]).unwrap(), ["2", "1"]);
        let error = names(&["a/1.png", "a/b/1.PNG"]).unwrap_err().to_string();
        assert!(error.contains("two images are called 1") && error.contains("a/b/1.PNG"), "{error}");
        assert!(names(&["a/*.bmp"]).unwrap_err().to_string().contains("a/*.bmp is no file"));
        fs::create_dir(root.join("empty")).unwrap();
        assert!(names(&["empty"]).unwrap_err().to_string().contains("empty holds no image"));
    }

    #[test]
    fn signs_stand_for_characters() {
        for (pattern, name) in [("*.png", "a.png"), ("a*b*c", "aXbYbc"), ("?é", "éé"), ("*", ""), ("a", "a")] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*.png", "a.jpg"), ("a*b", "abc"), ("?", ""), ("", "a")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
