//! What a sweep has left behind, as far as it is to be the same again.

use crate::place::files;
use safetensors::SafeTensors;
use std::fs;
use std::path::{Path, PathBuf};

/// Columns that tell of the machine and the clock, not of the run.
const MEASURED: [&str; 6] =
    ["train_seconds", "eval_seconds", "images_per_second", "jobs", "peak_memory_bytes", "finished"];

/// Rows of a results file without what was measured.
pub fn rows(out: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(out.join("results.csv")).unwrap();
    let kept: Vec<bool> = reader.headers().unwrap().iter().map(|name| !MEASURED.contains(&name)).collect();
    assert_eq!(kept.iter().filter(|kept| !**kept).count(), MEASURED.len());
    let row = |record: csv::StringRecord| {
        record.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(value, _)| value.to_owned()).collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// A column of a results file.
pub fn column(out: &Path, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_path(out.join("results.csv")).unwrap();
    let index = reader.headers().unwrap().iter().position(|header| header == name).unwrap();
    reader.records().map(|record| record.unwrap()[index].to_owned()).collect()
}

/// Files of this name below a folder.
pub fn named(folder: &Path, name: &str) -> Vec<PathBuf> {
    let all = if folder.is_dir() { files(folder) } else { Vec::new() };
    all.into_iter().filter(|path| path.file_name().is_some_and(|own| own == name)).collect()
}

/// Checks that two sweeps have ended with the same rows, tables and logs, and with the same weights
/// and optimiser, bit for bit.
pub fn assert_same(left: &Path, right: &Path) {
    assert_eq!(rows(left), rows(right));
    for name in ["classes.csv", "image_scores.csv", "table.csv", "table.md"] {
        let read = |out: &Path| fs::read_to_string(out.join(name)).unwrap();
        assert_eq!(read(left), read(right), "{name}");
    }
    for name in ["log.csv", "checkpoint.safetensors"] {
        let (lefts, rights) = (named(left, name), named(right, name));
        let relative = |out: &Path, paths: &[PathBuf]| -> Vec<PathBuf> {
            paths.iter().map(|path| path.strip_prefix(out).unwrap().to_owned()).collect()
        };
        assert_eq!(relative(left, &lefts), relative(right, &rights));
        assert_eq!(lefts.len(), rows(left).len());
        for (left, right) in lefts.iter().zip(&rights) {
            let [a, b] = [left, right].map(|path| fs::read(path).unwrap());
            // The header of a checkpoint tells times.
            let same = if name == "log.csv" { a == b } else { tensors(&a) == tensors(&b) };
            assert!(same, "{} differs from {}", right.display(), left.display());
        }
    }
}

/// The tensors of a checkpoint, by name.
fn tensors(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let file = SafeTensors::deserialize(bytes).unwrap();
    let mut tensors: Vec<_> = file.tensors().into_iter().map(|(name, view)| (name, view.data().to_vec())).collect();
    tensors.sort();
    assert!(!tensors.is_empty());
    tensors
}
