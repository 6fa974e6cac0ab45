//! `atrous inspect`: what a data set holds, as numbers and as pictures.

use super::output::print;
use crate::experiment::spec::protocol;
use crate::run::options::{DataOptions, Implausible, MaskOptions};
use crate::support::atomic_file;
use crate::support::count::count;
use crate::support::exit::Exit;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Context, Result, ensure};
use atrous_data::inspect::{self, FileCheck, FileStatus, PUBLISHED, SplitStatistics};
use atrous_data::{AugmentConfig, BatchSource, Dataset, DatasetKind, Split};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// Decoded images that are kept, in bytes.
const CACHE_BYTES: usize = 256 << 20;
/// Samples per drawn batch; decides only how many are drawn at a time.
const BATCH: usize = 4;

/// Print what a data set holds and draw augmented samples with their masks
///
/// Decodes every image and mask, so it also finds files that are damaged, masks of another size
/// than their image, and labels that the set does not have. The sheet shows training samples as the
/// network gets them, each beside itself with its mask drawn on top: look at it before training on
/// a data set.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// stare, chase_db1, hrf, drive, cityscapes, isaid, camvid, or a file that describes a data set
    #[arg(value_parser = super::options::dataset)]
    dataset: DatasetKind,

    #[command(flatten)]
    data: DataOptions,

    #[command(flatten)]
    masks: MaskOptions,

    /// Compare the files with their publishers' checksums
    #[arg(long)]
    verify: bool,

    #[arg(help = "Where the picture goes [default: inspect-DATASET.png]", long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,

    /// Samples in the picture; 0 draws none
    #[arg(long, default_value_t = 8, value_name = "N")]
    samples: usize,

    /// Crop of the samples [default: the protocol's]
    #[arg(long, value_name = "HxW")]
    crop: Option<Sides>,

    /// Seed of the samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

const EXAMPLES: &str = "\
Examples:
  atrous inspect stare --data-root ~/retina
      counts, sizes and class frequencies of both splits, and inspect-stare.png
  atrous inspect hrf --data-root ~/retina --verify --samples 0
      also whether every file is as published; no picture
  atrous inspect my-set.toml
      the same of a data set of your own (docs/guide/own-data.md)
  atrous inspect cityscapes --crop 512x1024 --samples 4 --sheet streets.png
      larger samples, in a file of your choice

Exit code 1 if --verify finds a file that is missing or different.";

/// Height and width, written `128x256`.
#[derive(Clone, Copy, Debug)]
struct Sides([usize; 2]);

impl FromStr for Sides {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sides = text.split_once('x').and_then(|(h, w)| Some([h.parse().ok()?, w.parse().ok()?]));
        let possible = sides.filter(|sides| sides.iter().all(|side| (1..=8192).contains(side)));
        possible.map(Sides).ok_or_else(|| "expected height x width from 1 to 8192, such as 128x256".into())
    }
}

/// Runs the subcommand.
///
/// # Errors
/// The first file that does not load; names it.
pub fn run(args: Args) -> Result<Exit> {
    let kind = args.dataset;
    ensure!(args.samples <= 256, "--samples {}: at most 256 fit into a picture", args.samples);
    let sheet = args.sheet.unwrap_or_else(|| PathBuf::from(format!("inspect-{kind}.png")));
    let progress = Progress::new();
    // Reading ends by it.
    let _stop = StopFlag::install()?;
    let dataset = Arc::new(args.data.open(kind)?);
    print(format!("{} in {}\n", kind.title(), dataset.root.display()))?;
    for split in Split::ALL {
        let found = statistics(&dataset, split, &progress)?;
        print(statistics_text(&found, kind)?)?;
        if let Some(reason) = found.warning().filter(|_| args.masks.implausible == Implausible::Refuse) {
            return Err(MaskOptions::refusal(&dataset, split, &reason));
        }
    }
    let mut code = Exit::Done;
    if args.verify && !verify(kind, &args.data.data_root, &progress)? {
        code = Exit::Failed;
    }
    if args.samples > 0 {
        let crop = args.crop.map_or(protocol::of(kind).crop, |Sides(sides)| sides);
        let augment = AugmentConfig::protocol(kind.resize_reference(), crop);
        let source = BatchSource::new(dataset, augment, BATCH.min(args.samples), args.seed, CACHE_BYTES);
        let picture = inspect::sheet(&source, args.samples)?;
        atomic_file::write(&sheet, picture.png().context("the sheet cannot be encoded")?)?;
        print(format!("\n{} augmented samples with their masks: {}\n", args.samples, sheet.display()))?;
    }
    Ok(code)
}

fn statistics(dataset: &Dataset, split: Split, progress: &Progress) -> Result<SplitStatistics> {
    let length = dataset.samples(split).len() as u64;
    let bar = progress.bar(length, format!("reading {} {split}", dataset.kind.title()));
    let found = inspect::statistics(dataset, split, &|done, _| bar.set(done))?;
    bar.finish();
    Ok(found)
}

fn statistics_text(found: &SplitStatistics, kind: DatasetKind) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "\n{}: {}", found.split, count(found.images, "image"))?;
    for ([height, width], count) in &found.sizes {
        writeln!(text, "  {count} of {height}x{width} (height x width)")?;
    }
    let names = kind.class_names();
    let longest = names.iter().map(|name| name.len()).max().unwrap_or(0);
    for (name, (share, pixels)) in names.iter().zip(found.class_shares().iter().zip(&found.class_pixels)) {
        writeln!(text, "  {name:longest$}  {:7.3} %  {pixels:>13} pixels", 100.0 * share)?;
    }
    let labelled: u64 = found.class_pixels.iter().sum();
    let all = (labelled + found.ignored_pixels).max(1);
    let ignored = 100.0 * found.ignored_pixels as f64 / all as f64;
    writeln!(text, "  {:longest$}  {ignored:7.3} %  {:>13} pixels, of all", "ignored", found.ignored_pixels)?;
    if let Some(warning) = found.warning() {
        writeln!(text, "  warning: {warning}")?;
    }
    Ok(text)
}

/// Whether every file that is read is as published.
fn verify(kind: DatasetKind, data_root: &Path, progress: &Progress) -> Result<bool> {
    let bar = progress.bar(0, format!("verifying {}", kind.title()));
    let checks = inspect::verify(kind, data_root, PUBLISHED, &|done, all| {
        bar.set_length(all);
        bar.set(done);
    })?;
    bar.finish();
    let mut text = String::from("\n");
    if checks.is_empty() {
        writeln!(text, "No checksums are published for {}.", kind.title())?;
    }
    for check in &checks {
        if let Some(line) = check_line(check) {
            writeln!(text, "  {line}")?;
        }
    }
    let identical = checks.iter().filter(|check| check.status == FileStatus::Identical).count();
    writeln!(text, "{identical} of {} published files are identical", checks.len())?;
    print(text)?;
    Ok(!checks.iter().any(FileCheck::is_problem))
}

/// What is to be said of a file that is not as published.
fn check_line(check: &FileCheck) -> Option<String> {
    let name = &check.name;
    let note = check.note.map_or_else(String::new, |note| format!(" ({note})"));
    match &check.status {
        FileStatus::Identical => None,
        FileStatus::Different(found) => Some(format!("{name}: differs from the published file: {found}{note}")),
        FileStatus::Missing if check.required => Some(format!("{name}: missing{note}")),
        FileStatus::Missing => Some(format!("{name}: missing, but not needed")),
    }
}
