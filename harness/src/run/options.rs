//! Options of runs that decide nothing of their results: where data are, and how much memory they
//! may take.
//!
//! The command line reads these structs, and they are passed on whole to where a run looks at them.

use anyhow::{Result, anyhow};
use atrous_data::{Dataset, DatasetKind, ImageLimit, Split, inspect};
use std::path::{Path, PathBuf};

/// Memory for decoded training images where nobody says otherwise, in MiB.
const IMAGE_CACHE: u32 = 512;

/// Options of each run, wherever and with how many others it is made.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct RunOptions {
    /// Memory for decoded training images, in MiB per run; images beyond it are decoded whenever
    /// they are drawn
    #[arg(long, default_value_t = IMAGE_CACHE, value_name = "MIB", value_parser = clap::value_parser!(u32).range(..=1 << 20))]
    pub image_cache: u32,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions { image_cache: IMAGE_CACHE }
    }
}

impl RunOptions {
    /// Bytes of decoded images that the run may keep.
    pub fn cache_bytes(&self) -> usize {
        (self.image_cache as usize) << 20
    }
}

/// The folder of data sets, and which of their images are read.
#[derive(Clone, Debug, clap::Args)]
pub struct DataOptions {
    /// Folder that holds the data sets, one folder each (docs/guide/datasets.md)
    #[arg(long, env = "ATROUS_DATA", default_value = "datasets", value_name = "DIR")]
    pub data_root: PathBuf,

    #[command(flatten)]
    pub images: ImageSizeOptions,
}

impl DataOptions {
    /// The options of a folder of data sets, with images of the usual size.
    pub fn at(data_root: impl Into<PathBuf>) -> Self {
        DataOptions { data_root: data_root.into(), images: ImageSizeOptions::default() }
    }

    /// Opens a data set in its folder below the data root.
    ///
    /// # Errors
    /// Names the folder.
    pub fn open(&self, kind: DatasetKind) -> Result<Dataset> {
        self.open_in(&self.data_root, kind)
    }

    /// Opens a data set of which only some splits are needed.
    ///
    /// # Errors
    /// Names the folder.
    pub fn open_for(&self, kind: DatasetKind, needed: &[Split]) -> Result<Dataset> {
        Ok(Dataset::open_for(kind, &self.data_root, needed)?.with_limit(self.images.limit()))
    }

    /// Opens a data set in its folder below another root, with the same options.
    ///
    /// # Errors
    /// Names the folder.
    pub fn open_in(&self, root: &Path, kind: DatasetKind) -> Result<Dataset> {
        Ok(Dataset::open(kind, root)?.with_limit(self.images.limit()))
    }
}

/// What happens where the masks of a data set cannot be right.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct MaskOptions {
    /// What to do where masks cannot be right: one class only, inverted, everything ignored
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub implausible: Implausible,
}

/// What to do where masks cannot be right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Implausible {
    /// End with an error that says why
    #[default]
    Refuse,
    /// Take them as they are
    Ok,
}

impl MaskOptions {
    /// Refuses masks of these splits that cannot be right, unless they are to be taken.
    ///
    /// # Errors
    /// Names the data set's folder, the split, and what is wrong; or the mask that cannot be read.
    pub fn check(&self, dataset: &Dataset, splits: &[Split]) -> Result<()> {
        if self.implausible == Implausible::Ok {
            return Ok(());
        }
        for split in splits {
            if let Some(reason) = inspect::implausible_masks(dataset, *split)? {
                return Err(Self::refusal(dataset, *split, &reason));
            }
        }
        Ok(())
    }

    /// The error of masks that cannot be right.
    pub fn refusal(dataset: &Dataset, split: Split, reason: &str) -> anyhow::Error {
        anyhow!("{}: {split}: {reason}; --implausible ok takes them as they are", dataset.root.display())
    }
}

/// How large an image may be.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ImageSizeOptions {
    /// Largest image that is read, in millions of pixels; a file that claims more is refused before
    /// memory is taken for it
    #[arg(long, value_name = "MEGAPIXELS", default_value_t = ImageLimit::DEFAULT_MEGAPIXELS,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(ImageLimit::MOST_MEGAPIXELS)))]
    pub max_image: u32,
}

impl Default for ImageSizeOptions {
    fn default() -> Self {
        ImageSizeOptions { max_image: ImageLimit::DEFAULT_MEGAPIXELS }
    }
}

impl ImageSizeOptions {
    /// The limit as the reader of images takes it.
    pub fn limit(&self) -> ImageLimit {
        ImageLimit::megapixels(self.max_image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        run: RunOptions,
        #[command(flatten)]
        images: ImageSizeOptions,
    }

    #[test]
    fn the_command_line_has_the_defaults_of_the_library() {
        let line = Line::parse_from(["line"]);
        assert_eq!(line.run.cache_bytes(), RunOptions::default().cache_bytes());
        assert_eq!(line.images.limit(), ImageSizeOptions::default().limit());
        let line = Line::parse_from(["line", "--image-cache", "3", "--max-image", "7"]);
        assert_eq!((line.run.cache_bytes(), line.images.limit()), (3 << 20, ImageLimit::megapixels(7)));
    }
}
