//! The images that a map is averaged over.

use super::Image;
use anyhow::Result;
use atrous_data::{Dataset, DatasetKind, ImageLimit, Split, read_rgb};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Images, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ErfImages {
    /// Image files.
    Files(Vec<PathBuf>),
    /// So many of random values ([`Image::noise`]), where there are none.
    Noise(u64),
}

impl ErfImages {
    /// The first validation images of a data set, at most `limit`.
    ///
    /// # Errors
    /// A data set that is not there; names the folder.
    pub fn of_validation(kind: DatasetKind, data_root: &Path, limit: usize) -> Result<Self> {
        let dataset = Dataset::open_for(kind, data_root, &[Split::Val])?;
        let files = dataset.samples(Split::Val).iter().take(limit).map(|sample| sample.image.clone());
        Ok(ErfImages::Files(files.collect()))
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        match self {
            ErfImages::Files(files) => files.len() as u64,
            ErfImages::Noise(count) => *count,
        }
    }

    /// Reads or draws them. Files are fitted into `resize` as for inference, and none may be larger
    /// than `limit`; all images have the size `size`.
    pub fn read(
        &self,
        resize: [usize; 2],
        size: [usize; 2],
        limit: ImageLimit,
    ) -> Box<dyn Iterator<Item = Result<Image>> + '_> {
        match self {
            ErfImages::Files(files) => {
                Box::new(files.iter().map(move |path| Ok(Image::fitted(&read_rgb(path, limit)?, resize, size))))
            }
            ErfImages::Noise(count) => Box::new((0..*count).map(move |number| Ok(Image::noise(size, number)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use atrous_data::RgbImage8;

    #[test]
    fn images_are_read_when_they_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        RgbImage8::filled(8, 16, [1, 2, 3]).write_png(&path).unwrap();
        let images = ErfImages::Files(vec![path, folder.path().join("absent.png")]);
        assert_eq!((images.count(), ErfImages::Noise(3).count()), (2, 3));
        let mut read = images.read([8, 16], [16, 16], ImageLimit::DEFAULT);
        assert_eq!(read.next().unwrap().unwrap().size(), [16, 16]);
        assert!(read.next().unwrap().unwrap_err().to_string().contains("absent.png"));
        assert_eq!(ErfImages::Noise(3).read([8, 16], [16, 32], ImageLimit::DEFAULT).count(), 3);
    }
}
