//! STARE, CHASE_DB1, HRF and Cityscapes: every file decoded and checked, masks written as 8-bit PNG of train ids.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::{PrepareReport, SplitReport, TileOptions, isaid};
use crate::Progress;
use crate::dataset::Dataset;
use crate::error::{DataError, Result};
use crate::inspect::{histogram, implausible};
use crate::kind::{DatasetKind, IGNORE_INDEX, Split};
use crate::limit::ImageLimit;
use crate::sample::Sample;
use crate::write::{PendingFolder, write_atomic};

/// Converts the data set in the folder `source` into the folder `out`, which must not exist yet and appears when it
/// is complete. `progress` hears of images done and in all. For iSAID this is [`isaid()`] with its default tiles.
///
/// The retina sets become `images/{training,validation}` and `annotations/{training,validation}`; Cityscapes gets
/// `labelTrainIds` masks beside copies of its images.
pub fn convert(
    kind: DatasetKind,
    source: &Path,
    out: &Path,
    limit: ImageLimit,
    progress: Progress,
) -> Result<PrepareReport> {
    if kind == DatasetKind::Isaid {
        return isaid(source, out, &TileOptions { limit, ..TileOptions::default() }, progress);
    }
    let dataset = Dataset::open_at(kind, source)?.with_limit(limit);
    let folder = PendingFolder::create(out)?;
    let total: usize = Split::ALL.iter().map(|split| dataset.samples(*split).len()).sum();
    let done = AtomicU64::new(0);
    let mut splits = Vec::new();
    for split in Split::ALL {
        let samples = dataset.samples(split);
        let counts: Vec<[u64; 256]> = samples
            .par_iter()
            .map(|sample| {
                let counts = convert_sample(&dataset, split, sample, &folder)?;
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total as u64);
                Ok(counts)
            })
            .collect::<Result<_>>()?;
        let mut report = SplitReport::new(split, kind.class_names().len());
        report.sources = samples.len();
        report.written = samples.len();
        for counts in counts {
            report.ignored_pixels += counts[IGNORE_INDEX as usize];
            report.class_pixels.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        }
        if let Some(reason) = implausible(kind, samples.len(), &report.class_pixels) {
            return Err(DataError::Implausible { path: source.to_owned(), reason });
        }
        splits.push(report);
    }
    folder.publish()?;
    Ok(PrepareReport { splits })
}

/// Checks and writes one sample; the pixels of each label value.
fn convert_sample(dataset: &Dataset, split: Split, sample: &Sample, folder: &PendingFolder) -> Result<[u64; 256]> {
    let (image, label) = sample.load()?;
    let id = &sample.id;
    let part = match split {
        Split::Train => "training",
        Split::Val => "validation",
    };
    if dataset.kind == DatasetKind::Cityscapes {
        // The publisher's PNG files are copied as they are: encoding them again would change nothing but the bytes.
        let name = dataset.relative_name(&sample.image);
        let bytes = std::fs::read(&sample.image).map_err(DataError::read(&sample.image))?;
        write_atomic(&folder.file(&name)?, &bytes)?;
        let city = name.rsplit('/').nth(1).unwrap_or_default();
        let mask = format!("gtFine/{split}/{city}/{id}_gtFine_labelTrainIds.png");
        label.write_png(&folder.file(&mask)?)?;
    } else {
        let suffix = match dataset.kind {
            DatasetKind::Stare => ".ah",
            DatasetKind::ChaseDb1 => "_1stHO",
            _ => "",
        };
        image.write_png(&folder.file(&format!("images/{part}/{id}.png"))?)?;
        label.write_png(&folder.file(&format!("annotations/{part}/{id}{suffix}.png"))?)?;
    }
    Ok(histogram(&label.data))
}
