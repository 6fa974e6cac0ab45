//! `images.csv`: what a run's network made of each validation image, as pixel counts.
//!
//! A column for the image, one for the class in the truth, one for the class that was predicted,
//! and the pixels; a record for each pair of classes that occurs. The sum over the images is the
//! run's confusion matrix. Scores over a part of the images, and so their spread over images,
//! follow from it.

use crate::results::csv::{csv_text, unguarded};
use crate::results::scores::Confusion;
use crate::support::atomic_file;
use crate::support::checksum;
use crate::support::input_file;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The counts of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageCounts {
    /// The image's name in the data set.
    pub image: String,
    pub confusion: Confusion,
}

/// Pixels that an image may have, and so a pair of classes: sums over all images of a file stay far
/// below what 64 bits hold.
const MOST_PIXELS: u64 = 1 << 32;

/// A line of the file: the pixels of one class that were predicted as one class.
#[derive(Default, Serialize, Deserialize)]
struct PixelRecord {
    image: String,
    truth: usize,
    prediction: usize,
    pixels: u64,
}

/// Writes the counts, whole or not at all, and returns the file's SHA-256. An image without any
/// counted pixel has a record of 0 pixels.
///
/// # Errors
/// Names the file.
pub fn write(path: &Path, images: &[ImageCounts]) -> Result<String> {
    let text = csv_text(images.iter().flat_map(records)).with_context(|| format!("cannot write {}", path.display()))?;
    atomic_file::write(path, &text)?;
    Ok(checksum::sha256(&text))
}

fn records(ImageCounts { image, confusion }: &ImageCounts) -> Vec<PixelRecord> {
    let record = |cell: usize, pixels| PixelRecord {
        image: image.clone(),
        truth: cell / confusion.classes,
        prediction: cell % confusion.classes,
        pixels,
    };
    let counted = confusion.counts.iter().enumerate().filter(|(_, pixels)| **pixels > 0);
    let records: Vec<_> = counted.map(|(cell, pixels)| record(cell, *pixels)).collect();
    if records.is_empty() { vec![record(0, 0)] } else { records }
}

/// Reads the counts of a run whose data set has so many classes, in the order of the file. `None`
/// where there is no such file, as older programs left it.
///
/// # Errors
/// A file that cannot be read or understood; names it.
pub fn read(path: &Path, classes: usize) -> Result<Option<Vec<ImageCounts>>> {
    let bytes = input_file::read_if_present(path, input_file::IMAGE_COUNTS_BYTES)
        .with_context(|| format!("cannot read {}", path.display()))?;
    bytes.map(|bytes| parse(path, &bytes, classes)).transpose()
}

/// Reads the counts out of the bytes of the file at `path`, as [`read`] does.
///
/// # Errors
/// Bytes that cannot be understood; names the file.
pub fn parse(path: &Path, bytes: &[u8], classes: usize) -> Result<Vec<ImageCounts>> {
    let mut images: Vec<ImageCounts> = Vec::new();
    for line in csv::Reader::from_reader(bytes).into_deserialize() {
        let mut line: PixelRecord = line.with_context(|| format!("cannot understand {}", path.display()))?;
        line.image = unguarded(&line.image).to_owned();
        let fits = line.truth < classes && line.prediction < classes;
        ensure!(fits, "{}: {} has a class beyond {}", path.display(), line.image, classes - 1);
        ensure!(line.pixels <= MOST_PIXELS, "{}: {} has more pixels than an image", path.display(), line.image);
        if images.last().is_none_or(|last| last.image != line.image) {
            images.push(ImageCounts { image: line.image, confusion: Confusion::new(classes) });
        }
        if let Some(last) = images.last_mut() {
            last.confusion.counts[line.truth * classes + line.prediction] += line.pixels;
        }
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(image: &str, counts: [u64; 4]) -> ImageCounts {
        ImageCounts { image: image.into(), confusion: Confusion { classes: 2, counts: counts.to_vec() } }
    }

    #[test]
    fn counts_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.csv");
        let images = [counts("a, \"b\"", [1, 0, 0, 4]), counts("empty", [0; 4]), counts("c", [0, 2, 3, 0])];
        write(&path, &images).unwrap();
        assert_eq!(read(&path, 2).unwrap().unwrap(), images);
    }

    #[test]
    fn a_missing_file_is_no_error_and_a_wrong_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.csv");
        assert_eq!(read(&path, 2).unwrap(), None);
        for text in ["image,truth,prediction,pixels\na,0,2,1\n", "image,truth,prediction,pixels\na,0,x,1\n", "a\nb\n"] {
            std::fs::write(&path, text).unwrap();
            assert!(read(&path, 2).unwrap_err().to_string().contains("images.csv"));
        }
    }
}
