//! Data sets on disk: layouts, errors, conversion, and the real files where they are at hand.

#![allow(clippy::disallowed_methods, reason = "tests read what they have written themselves")]

mod as_they_come;
mod described;
mod errors;
mod layouts;
mod prepare;
mod real;

use std::fs;
use std::path::{Path, PathBuf};

use atrous_data::synthetic::{self, SyntheticConfig};
use atrous_data::{Dataset, DatasetKind, LabelMap, RgbImage8};

/// Iterates over the data sets that others have published.
fn published() -> impl Iterator<Item = DatasetKind> {
    DatasetKind::all().filter(|kind| kind.is_published() && kind.is_drawn())
}

/// Three training and three validation images.
fn config() -> SyntheticConfig {
    SyntheticConfig::new(4, 3, 3, [40, 48])
}

/// A small synthetic data set in a folder that goes away.
fn small(kind: DatasetKind) -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    synthetic::write(kind, root.path(), &config()).unwrap();
    let folder = root.path().join(kind.directory());
    (root, folder)
}

/// Writes a file and the folders above it.
fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Writes an image of one colour and a mask of one label.
fn put_pair(image: &Path, label: &Path, value: u8) {
    for path in [image, label] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
    }
    RgbImage8::filled(6, 8, [90, 60, 30]).write_png(image).unwrap();
    LabelMap::filled(6, 8, value).write_png(label).unwrap();
}

/// The message of the error that opening or loading everything ends with: one line.
fn message(kind: DatasetKind, data_root: &Path) -> String {
    let load = || {
        let dataset = Dataset::open(kind, data_root)?;
        for sample in atrous_data::Split::ALL.into_iter().flat_map(|split| dataset.samples(split)) {
            sample.load()?;
        }
        Ok::<_, atrous_data::DataError>(())
    };
    let message = load().expect_err("must not load").to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}
