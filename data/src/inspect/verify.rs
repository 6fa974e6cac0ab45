//! Comparing files with their publishers' checksums.

use std::path::{Component, Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::Progress;
use crate::dataset::find_directory;
use crate::datasets::DatasetKind;
use crate::decode::Unpacked;
use crate::error::{DataError, Result, shown};
use crate::hex::hex;
use crate::lookup;

/// SHA-256 of the published files of STARE (unpacked), CHASE_DB1 and HRF; lines of checksum, two
/// spaces and path.
pub const PUBLISHED: &str = include_str!("../../PUBLISHED.sha256");

/// How a file compares with the published one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileStatus {
    /// The file is as published.
    Identical,
    /// The file has another content, with this SHA-256.
    Different(String),
    /// The file is not there.
    Missing,
}

/// The comparison of one published file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCheck {
    /// Path relative to the data root, as published.
    pub name: String,
    /// Whether training and scoring read the file; second annotators and field-of-view masks are
    /// not read.
    pub required: bool,
    /// How the file compares.
    pub status: FileStatus,
    /// What is known about differences of this file.
    pub note: Option<&'static str>,
}

impl FileCheck {
    /// Whether a file that is read is missing or different, without a known reason.
    pub fn is_problem(&self) -> bool {
        self.required && self.status != FileStatus::Identical && self.note.is_none()
    }
}

/// Compares a data set's files with the checksums in `published`, in the format of [`PUBLISHED`].
/// Gzipped files are unpacked first. Cityscapes and iSAID publish no checksums, so for them the
/// list is empty.
pub fn verify(kind: DatasetKind, data_root: &Path, published: &str, progress: Progress) -> Result<Vec<FileCheck>> {
    let root = find_directory(kind, data_root)?;
    let (listed, files) = (parse(kind, published)?, &kind.definition().files);
    let done = std::sync::atomic::AtomicU64::new(0);
    listed
        .par_iter()
        .map(|(checksum, name)| {
            let elsewhere = (files.elsewhere)(name);
            let names = [Some(*name), elsewhere.as_deref()];
            let status = compare(&root, &names, checksum)?;
            let count = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            progress(count, listed.len() as u64);
            Ok(FileCheck {
                name: format!("{}/{name}", kind.directory()),
                required: !(files.is_unread)(name),
                note: (files.note)(name).filter(|_| matches!(status, FileStatus::Different(_))),
                status,
            })
        })
        .collect()
}

/// Reads checksum and path below the data set's folder from each line of the set.
fn parse(kind: DatasetKind, published: &str) -> Result<Vec<(&str, &str)>> {
    let mut listed = Vec::new();
    for (index, line) in published.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |reason: &str| DataError::Setting {
            path: PathBuf::from("PUBLISHED.sha256"),
            reason: format!("line {}: `{}` {reason}", index + 1, shown(line)),
        };
        let Some((checksum, name)) = line.split_once("  ").filter(|(sum, _)| sum.len() == 64) else {
            return Err(wrong("is not a SHA-256, two spaces and a path"));
        };
        if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(wrong("names a file outside of the data root"));
        }
        if let Some(name) = name.strip_prefix(kind.directory()).and_then(|rest| rest.strip_prefix('/')) {
            listed.push((checksum, name));
        }
    }
    Ok(listed)
}

/// Compares the first file that is there of these names, each plain or gzipped.
fn compare(root: &Path, names: &[Option<&str>], checksum: &str) -> Result<FileStatus> {
    let mut file = None;
    for name in names.iter().flatten() {
        for path in [root.join(name), root.join(format!("{name}.gz"))] {
            if file.is_none() && lookup::is_file(&path)? {
                file = Some(path);
            }
        }
    }
    let Some(path) = file else { return Ok(FileStatus::Missing) };
    let found = match sum_of(&path) {
        Ok(checksum) => checksum,
        // A gzip file that is cut short differs from the published one; that is what was asked.
        Err(DataError::Decode { reason, .. }) => reason,
        Err(error) => return Err(error),
    };
    Ok(if found == checksum { FileStatus::Identical } else { FileStatus::Different(found) })
}

/// Computes the SHA-256 (hex) of a file, unpacked if it is gzipped, without holding it in memory.
fn sum_of(path: &Path) -> Result<String> {
    const PART: u64 = 1 << 20;
    let mut file = Unpacked::open(path)?;
    let (mut hash, mut part) = (Sha256::new(), Vec::new());
    while file.read(PART, &mut part)? > 0 {
        hash.update(&part);
        part.clear();
    }
    Ok(hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_line_is_of_a_known_set() {
        let count = |kind| parse(kind, PUBLISHED).unwrap().len();
        let [stare, chase, hrf] = [DatasetKind::STARE, DatasetKind::CHASE_DB1, DatasetKind::HRF].map(count);
        assert_eq!((stare, chase, hrf), (60, 84, 135));
        assert_eq!(stare + chase + hrf, PUBLISHED.lines().count());
        assert_eq!(count(DatasetKind::ISAID), 0);
        assert!(parse(DatasetKind::STARE, "abc  STARE/x").is_err());
        let sum = "0".repeat(64);
        for outside in ["../STARE/x", "STARE/../../x", "/STARE/x", "STARE/./../x"] {
            let message = parse(DatasetKind::STARE, &format!("\n{sum}  {outside}\n")).unwrap_err().to_string();
            assert!(message.starts_with("PUBLISHED.sha256: line 2: ") && message.contains("outside"), "{message}");
        }
    }

    #[test]
    fn files_are_identical_different_or_missing() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("stare/labels-vk")).unwrap();
        std::fs::write(root.path().join("stare/a.ppm"), b"abc").unwrap();
        std::fs::write(root.path().join("stare/b.ppm"), b"abd").unwrap();
        let abc = hex(&Sha256::digest(b"abc"));
        let list: String = ["a.ppm", "b.ppm", "c.ppm", "labels-vk/d.ppm"]
            .iter()
            .map(|name| format!("{abc}  STARE/{name}\n"))
            .collect();
        let checks = verify(DatasetKind::STARE, root.path(), &list, &|_, _| {}).unwrap();
        assert_eq!(checks[0].status, FileStatus::Identical);
        assert!(matches!(&checks[1].status, FileStatus::Different(sum) if sum.len() == 64));
        assert_eq!(checks[2].status, FileStatus::Missing);
        let problems: Vec<bool> = checks.iter().map(FileCheck::is_problem).collect();
        assert_eq!(problems, [false, true, true, false]);
    }
}
