//! Lists of images in text files: a name, or an image and its mask, a line.

use std::path::Path;

use crate::datasets::folder::image_stem;
use crate::error::{DataError, Result, shown};
use crate::plain_file;

/// Bytes that a list may have: a hundred thousand lines of 600 characters.
const MOST_BYTES: u64 = 64 << 20;

/// The lines of a list that name something, with their numbers from 1.
pub(super) fn lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let wrong = |line, message: String| DataError::List { path: path.to_owned(), line, message };
    let bytes = plain_file::read(path, MOST_BYTES)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(wrong(1, format!("the file has more than {MOST_BYTES} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        wrong(1 + valid.iter().filter(|byte| **byte == b'\n').count(), "it is no UTF-8 text".to_owned())
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let named = text.lines().map(str::trim).zip(1..).filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    Ok(named.map(|(line, number)| (number, line.to_owned())).collect())
}

/// The two paths of a line: apart by a tab or a comma, else by blanks.
pub(super) fn pair(line: &str) -> std::result::Result<[&str; 2], String> {
    let parts: Vec<&str> = match line.contains(['\t', ',']) {
        true => line.split(['\t', ',']).map(str::trim).filter(|part| !part.is_empty()).collect(),
        false => line.split_whitespace().collect(),
    };
    <[&str; 2]>::try_from(parts)
        .map_err(|_| format!("`{}` must be an image and its mask; else say `images` and `masks`", shown(line)))
}

/// The last parts of a path, or all of it.
pub(super) fn last_parts(path: &str, count: Option<usize>) -> String {
    let path = path.replace('\\', "/");
    let Some(count) = count else { return path };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts[parts.len().saturating_sub(count)..].join("/")
}

/// A path without the extension of an image.
pub(super) fn without_extension(path: &str) -> &str {
    image_stem(path).unwrap_or(path)
}

/// Makes names of paths: without extensions, and without the folders that all of them share.
pub(super) fn names(paths: &[String]) -> Vec<String> {
    let folders = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let mut shared: Option<Vec<String>> = None;
    for path in paths {
        let mut own = folders(path);
        own.pop();
        shared = Some(match shared {
            None => own,
            Some(known) => known.into_iter().zip(own).take_while(|(a, b)| a == b).map(|(a, _)| a).collect(),
        });
    }
    let skipped = shared.map_or(0, |shared| shared.len());
    paths.iter().map(|path| without_extension(&folders(path)[skipped..].join("/")).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_other_machines_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.txt");
        let text = "\u{feff}/SegNet/CamVid/train/a.png /SegNet/CamVid/trainannot/a.png\r\n\r\n# none\r\nC:\\d\\b c.png,m.png\n";
        std::fs::write(&path, text).unwrap();
        let lines = lines(&path).unwrap();
        assert_eq!(lines.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 4]);
        let first = pair(&lines[0].1).unwrap().map(|path| last_parts(path, Some(2)));
        assert_eq!(first, ["train/a.png", "trainannot/a.png"]);
        let second = pair(&lines[1].1).unwrap().map(|path| last_parts(path, Some(1)));
        assert_eq!(second, ["b c.png", "m.png"]);
        assert!(pair("one").is_err() && pair("a b c").is_err());
    }

    #[test]
    fn names_are_what_paths_do_not_share() {
        let names = |paths: &[&str]| names(&paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&["d/a/x.png", "d/b/x.png"]), ["a/x", "b/x"]);
        assert_eq!(names(&["d/a/x.png", "d/a/y.v2.jpg"]), ["x", "y.v2"]);
    }
}
