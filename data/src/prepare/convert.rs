//! Conversion sample by sample: every file is decoded and checked, masks are written as 8-bit PNG
//! of train ids.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::{PrepareReport, SplitReport, TileOptions, isaid};
use crate::Progress;
use crate::dataset::Dataset;
use crate::datasets::{DatasetKind, LoadedSample, Preparation};
use crate::error::{DataError, Result};
use crate::inspect::histogram;
use crate::limit::ImageLimit;
use crate::raster::{IGNORE_INDEX, LabelMap, RgbImage8};
use crate::split::Split;
use crate::write::{PendingFolder, write_atomic};

/// Converts the data set in the folder `source` into the folder `out`, which must not exist yet and
/// appears when it is complete. `progress` hears of images done and in all. For iSAID this is
/// [`isaid()`] with its default tiles.
///
/// The retina sets become `images/{training,validation}` and `annotations/{training,validation}`;
/// Cityscapes gets `labelTrainIds` masks beside copies of its images. A data set that a file
/// describes becomes what the retina sets become, with a description of it.
pub fn convert(
    kind: DatasetKind,
    source: &Path,
    out: &Path,
    limit: ImageLimit,
    progress: Progress,
) -> Result<PrepareReport> {
    convert_changed(kind, source, out, limit, progress, &|_, _, _| ())
}

/// A change of an image before it is written. It gets the image's place among all of both splits,
/// the image and its mask.
pub(super) type Change<'a> = &'a (dyn Fn(u64, &mut RgbImage8, &LabelMap) + Sync);

/// Converts as [`convert`] does, with a change of every image. Tiles are cut unchanged.
pub(super) fn convert_changed(
    kind: DatasetKind,
    source: &Path,
    out: &Path,
    limit: ImageLimit,
    progress: Progress,
    change: Change,
) -> Result<PrepareReport> {
    let save = match kind.definition().preparation {
        Preparation::Samples(save) => save,
        Preparation::Tiles => return isaid(source, out, &TileOptions { limit, ..TileOptions::default() }, progress),
    };
    let dataset = Dataset::open_at(kind, source)?.with_limit(limit);
    let folder = PendingFolder::create(out)?;
    let total: usize = Split::ALL.iter().map(|split| dataset.samples(*split).len()).sum();
    let done = AtomicU64::new(0);
    let mut splits = Vec::new();
    let mut first = 0;
    for split in Split::ALL {
        let samples = dataset.samples(split);
        let counts: Vec<[u64; 256]> = samples
            .par_iter()
            .enumerate()
            .map(|(index, sample)| {
                let (mut image, label) = sample.load()?;
                change(first + index as u64, &mut image, &label);
                let image_name = dataset.relative_name(&sample.image);
                let loaded = LoadedSample { split, sample, image_name, image, label };
                save(&loaded, &folder)?;
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total as u64);
                Ok(histogram(&loaded.label.data))
            })
            .collect::<Result<_>>()?;
        let mut report = SplitReport::new(split, kind.class_names().len());
        report.sources = samples.len();
        report.written = samples.len();
        for counts in counts {
            report.ignored_pixels += counts[IGNORE_INDEX as usize];
            report.class_pixels.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        }
        if let Some(reason) = kind.implausible(samples.len(), &report.class_pixels) {
            return Err(DataError::Implausible { path: source.to_owned(), reason });
        }
        splits.push(report);
        first += samples.len() as u64;
    }
    if let Some(described) = kind.definition().described {
        let (name, text) = described.description.converted();
        write_atomic(&folder.file(&format!("{name}.toml"))?, text.as_bytes())?;
    }
    folder.publish()?;
    Ok(PrepareReport { splits })
}
