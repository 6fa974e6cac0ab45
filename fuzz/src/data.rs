//! Files of data sets. Each function takes any bytes as such a file: they are read, or refused with one line that names it.

use std::fs;
use std::path::Path;

use atrous_data::inspect::verify;
use atrous_data::{DataError, Dataset, DatasetKind, ImageLimit, LabelMap, RgbImage8, Split, decode_label, decode_rgb};

/// Small, so that what is claimed is refused and what is decoded takes little time.
fn limit() -> ImageLimit {
    ImageLimit::megapixels(1)
}

/// The message of an error, which has to name the file and be of one line.
#[track_caller]
fn named(error: &DataError, name: &str) {
    let message = error.to_string();
    assert!(message.contains(name) && message.lines().count() == 1, "{message}");
}

/// An image file.
pub fn image(bytes: &[u8]) {
    match decode_rgb(Path::new("photograph"), bytes, limit()) {
        Ok(RgbImage8 { height, width, data }) => {
            assert!((1..=1_000_000).contains(&(height * width)), "{height}x{width}");
            assert_eq!(data.len(), 3 * height * width);
        }
        Err(error) => named(&error, "photograph"),
    }
}

/// A mask file, of every data set.
pub fn label(bytes: &[u8]) {
    for kind in DatasetKind::all() {
        match decode_label(Path::new("mask"), bytes, kind, limit()) {
            Ok(LabelMap { height, width, data }) => {
                assert!((1..=1_000_000).contains(&(height * width)), "{height}x{width}");
                assert_eq!(data.len(), height * width);
                let classes = kind.class_names().len();
                assert!(data.iter().all(|label| *label == 255 || usize::from(*label) < classes), "{kind}");
            }
            Err(error) => named(&error, "mask"),
        }
    }
}

/// A list of training images, and a list of checksums, in a folder of two images.
pub fn lists(bytes: &[u8]) {
    const PICTURE: &[u8] = include_bytes!("../../harness/tests/corpus/label/valid-vessels.png");
    let folder = tempfile::tempdir().expect("a scratch folder");
    let root = folder.path();
    for (part, suffix) in [("stare-images", ""), ("labels-ah", ".ah")] {
        let part = root.join("STARE").join(part);
        fs::create_dir_all(&part).expect("a folder");
        for id in ["im0001", "im0002"] {
            fs::write(part.join(format!("{id}{suffix}.png")), PICTURE).expect("an image");
        }
    }
    fs::write(root.join("STARE/atrous-split.txt"), bytes).expect("a list");
    match Dataset::open(DatasetKind::STARE, root) {
        Ok(dataset) => {
            let samples = Split::ALL.map(|split| dataset.samples(split));
            assert_eq!(samples[0].len() + samples[1].len(), 2);
            assert!(samples.concat().iter().all(|sample| sample.image.starts_with(root)));
        }
        Err(error) => named(&error, "STARE"),
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        match verify(DatasetKind::STARE, root, text, &|_, _| {}) {
            Ok(checks) => assert!(checks.iter().all(|check| !check.name.split('/').any(|part| part == ".."))),
            Err(error) => named(&error, "PUBLISHED.sha256"),
        }
    }
}
