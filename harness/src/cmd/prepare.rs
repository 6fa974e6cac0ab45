//! `atrous prepare`: from an upstream download to the layout that is read, checked file by file.

use super::output::print;
use crate::run::options::DataOptions;
use crate::support::count::count;
use crate::support::exit::Exit;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Context, Result, ensure};
use atrous_data::DatasetKind;
use atrous_data::prepare::{self, PlantedCue, SplitReport, TileOptions};
use std::fmt::Write;
use std::path::PathBuf;

/// Convert an upstream download to the layout of mmsegmentation, checking every file
///
/// The publishers' own layouts of STARE, CHASE_DB1, HRF and Cityscapes are read as they are;
/// preparing them is optional, and makes one set of files that other programs read too. iSAID has
/// to be prepared: original images and colour masks are cut into tiles of 896 that overlap by 384.
/// Labels are counted per class, and masks that cannot be right are refused. Nothing appears under
/// --out unless all went well.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// stare, chase_db1, hrf, drive, cityscapes, isaid, camvid, or a file that describes a data set
    #[arg(value_parser = super::options::dataset)]
    dataset: DatasetKind,

    /// The data set's own folder as downloaded and unpacked [default: the one that a description
    /// names]
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,

    /// The folder to write; must not exist [default: the data set's folder under the data root]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    #[command(flatten)]
    data: DataOptions,

    /// Side of iSAID's tiles, in pixels [default: 896]
    #[arg(long, value_name = "PIXELS")]
    tile: Option<usize>,

    /// Pixels that neighbouring tiles of iSAID share [default: 384]
    #[arg(long, value_name = "PIXELS")]
    overlap: Option<usize>,

    #[command(flatten)]
    cue: CueOptions,
}

/// A planted cue: real retina images in which some vessels can be known from afar alone.
#[derive(Debug, clap::Args)]
struct CueOptions {
    /// Hide blocks of a retina set, and draw their vessels faintly so many rows above: images whose
    /// best rates are known (docs/guide/controls.md)
    #[arg(long, value_name = "PIXELS")]
    cue_distance: Option<usize>,

    /// What the cue adds to the blue channel, 1 to 255 [default: 20]
    #[arg(long, value_name = "LEVELS", requires = "cue_distance")]
    cue_amplitude: Option<u8>,

    /// The share of the image that is hidden [default: 0.3]
    #[arg(long, value_name = "SHARE", requires = "cue_distance")]
    cue_share: Option<f64>,

    /// Side of a hidden block, in pixels [default: 24]
    #[arg(long, value_name = "PIXELS", requires = "cue_distance")]
    cue_side: Option<usize>,

    /// Chooses the blocks that are hidden [default: 0]
    #[arg(long, value_name = "SEED", requires = "cue_distance")]
    cue_seed: Option<u64>,
}

impl CueOptions {
    /// The cue that is asked for, if one is.
    fn cue(&self) -> Option<PlantedCue> {
        Some(PlantedCue {
            distance: self.cue_distance?,
            amplitude: self.cue_amplitude.unwrap_or(20),
            share: self.cue_share.unwrap_or(0.3),
            side: self.cue_side.unwrap_or(24),
            seed: self.cue_seed.unwrap_or(0),
        })
    }
}

const EXAMPLES: &str = "\
Examples:
  atrous prepare isaid --from ~/downloads/iSAID
      {train,val}/images and {train,val}/Semantic_masks -> tiles in datasets/iSAID
  atrous prepare stare --from ~/downloads/stare --out ~/converted/STARE
      images/{training,validation} and annotations/{training,validation}
  atrous prepare stare --from ~/downloads/stare --out ~/planted/STARE --cue-distance 16
      the same, with 30 % of each image hidden and its vessels to be known from 16 rows above
  atrous prepare my-set.toml --out ~/converted/my-set
      the same of a data set of your own, with masks of class indexes and a description";

/// Runs the subcommand.
///
/// # Errors
/// The first file that cannot be used, or an output folder that exists; names it.
pub fn run(args: Args) -> Result<Exit> {
    let kind = args.dataset;
    let out = args.out.unwrap_or_else(|| args.data.data_root.join(kind.directory()));
    let from = args.from.or_else(|| kind.described_folder().map(PathBuf::from));
    let from = from.context("--from is needed: the data set's own folder as downloaded and unpacked")?;
    // Reading ends by it.
    let _stop = StopFlag::install()?;
    let progress = Progress::new();
    let bar = progress.bar(0, format!("preparing {}", kind.title()));
    let report = |done, all| {
        bar.set_length(all);
        bar.set(done);
    };
    let limit = args.data.images.limit();
    let prepared = if let Some(cue) = args.cue.cue() {
        ensure!(
            args.tile.or(args.overlap).is_none(),
            "--cue-distance: images with a planted cue are not cut into tiles"
        );
        prepare::plant_cue(kind, &from, &out, &cue, limit, &report)?
    } else if kind == DatasetKind::ISAID {
        let default = TileOptions::default();
        let (tile, overlap) = (args.tile.unwrap_or(default.tile), args.overlap.unwrap_or(default.overlap));
        let options = TileOptions { tile, overlap, limit };
        prepare::isaid(&from, &out, &options, &report)?
    } else {
        let given = args.tile.map(|_| "--tile").or(args.overlap.map(|_| "--overlap"));
        ensure!(given.is_none(), "{}: only iSAID is cut into tiles; remove it", given.unwrap_or_default());
        prepare::convert(kind, &from, &out, limit, &report)?
    };
    bar.finish();
    let mut text = format!("{} in {}\n", kind.title(), out.display());
    for split in &prepared.splits {
        text += &split_text(split, kind)?;
    }
    print(text)?;
    Ok(Exit::Done)
}

fn split_text(split: &SplitReport, kind: DatasetKind) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "\n{}: {} read, {} written", split.split, count(split.sources, "image"), split.written)?;
    let names = kind.class_names();
    let longest = names.iter().map(|name| name.len()).max().unwrap_or(0);
    for (name, pixels) in names.iter().zip(&split.class_pixels) {
        writeln!(text, "  {name:longest$}  {pixels:>13} pixels")?;
    }
    writeln!(text, "  {:longest$}  {:>13} pixels", "ignored", split.ignored_pixels)?;
    if split.unknown_pixels > 0 {
        writeln!(text, "  {} pixels of unknown colours became background:", split.unknown_pixels)?;
        for ([red, green, blue], pixels) in &split.unknown_colours {
            writeln!(text, "    ({red}, {green}, {blue}): {pixels} pixels")?;
        }
    }
    Ok(text)
}
