//! Data sets, transforms and the batch loader of the atrous-rate benchmark.
//!
//! ```no_run
//! use std::{path::Path, sync::Arc};
//! use atrous_data::{AugmentConfig, BatchLoader, BatchSource, Dataset, DatasetKind};
//!
//! # fn main() -> Result<(), atrous_data::DataError> {
//! let dataset = Arc::new(Dataset::open(DatasetKind::STARE, Path::new("datasets"))?);
//! let augment = AugmentConfig::protocol(dataset.kind.resize_reference(), [128, 128]);
//! let source = Arc::new(BatchSource::new(dataset, augment, 4, 0, 512 << 20));
//! let mut loader = BatchLoader::new(source, 0..40_000, 2);
//! while let Some(batch) = loader.next() {
//!     let batch = batch?; // batch.images: 4 x 3 x 128 x 128
//! }
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests read what they have written themselves"))]

mod batch;
mod cache;
mod class_planes;
mod dataset;
mod datasets;
mod decode;
mod decoded;
mod drawing;
mod encode;
mod error;
#[cfg(test)]
mod golden;
mod hex;
pub mod inspect;
mod interruption;
#[allow(unsafe_code)]
mod kernel;
mod label;
mod limit;
mod loader;
mod lookup;
mod plain_file;
#[allow(unsafe_code)]
mod prefetch;
pub mod prepare;
mod random;
mod raster;
mod sample;
mod split;
pub mod synthetic;
mod transform;
mod unknown_name;
mod write;

/// A callback that hears of units of work done and in all, possibly from several threads.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

pub use batch::{Batch, BatchSource};
pub use dataset::Dataset;
pub use datasets::{
    DatasetKind, Description, DescriptionDraft, ProtocolNumbers, SlidingWindow, cityscapes_label_id, decode_label,
    describe_folder, image_stem,
};
pub use decode::{decode_rgb, read_rgb};
pub use error::DataError;
pub use hex::hex;
pub use interruption::interrupt;
pub use limit::ImageLimit;
pub use loader::BatchLoader;
pub use raster::{IGNORE_INDEX, LabelMap, RgbImage8, grey16_png};
pub use sample::Sample;
pub use split::Split;
pub use transform::{AugmentConfig, MEAN, STD, fit_size, normalise, resize_image, resize_label};
pub use unknown_name::{UnknownName, did_you_mean};
