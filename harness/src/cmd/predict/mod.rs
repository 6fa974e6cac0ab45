//! `atrous predict`: masks and overlays of images.

mod files;
mod images;

use self::files::{PredictionFiles, ProbabilityFormat};
use self::images::ImageFile;
use super::options::{DeviceArg, InferArgs, WeightsArgs};
use super::output::print;
use crate::run::options::ImageSizeOptions;
use crate::run::weights::Trained;
use crate::support::count::count;
use crate::support::exit::Exit;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Context, Result, ensure};
use atrous_data::{DatasetKind, LabelMap};
use atrous_models::device::ComputeDevice;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Predict masks of images with a checkpoint, and draw them on top
///
/// For each image NAME two files are written: NAME-mask.png, 8-bit with the class of each pixel
/// (0, 1 ...) as its value and the data set's colours as its palette, and NAME-overlay.png, the
/// image with the mask on top and the names of the classes below. Of a folder, NAME is the path
/// below it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Images (PNG, JPEG, TIFF, PNM, GIF, also gzipped), folders of them, and patterns with *,
    /// ? and **
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,

    #[command(flatten)]
    weights: WeightsArgs,

    #[command(flatten)]
    infer: InferArgs,

    /// Data set whose classes and protocol weights have that do not say it
    #[arg(long, value_name = "DATASET", value_parser = super::options::dataset)]
    dataset: Option<DatasetKind>,

    #[arg(
        help = "Where the masks go; created where it is missing",
        long,
        default_value = "predictions",
        value_name = "DIR"
    )]
    out: PathBuf,

    /// Masks of Cityscapes' label ids, which its server scores, as 8-bit grey
    #[arg(long)]
    ids: bool,

    /// Write the probabilities of all classes too
    #[arg(long, value_enum, value_name = "FORMAT", value_delimiter = ',')]
    probabilities: Vec<ProbabilityFormat>,

    #[command(flatten)]
    max_image: ImageSizeOptions,

    #[command(flatten)]
    device: DeviceArg,
}

const EXAMPLES: &str = "\
Examples:
  atrous predict --weights runs/quick/stare/1-2-4-8/seed-0-*/checkpoint.safetensors --out masks eye.jpg
  atrous predict --weights runs/stare --rates 1,2,4,8 --out masks photographs
  atrous predict --weights best.safetensors --device vulkan 'images/**/*.tif'
  atrous predict --weights r18.pth --ids --probabilities npy,png leftImg8bit/test";

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file that cannot be read or written. Nothing is written where two images
/// have one name.
pub fn run(args: Args) -> Result<Exit> {
    let images = images::find(&args.images, &args.out)?;
    let device = ComputeDevice::select(&args.device.device)?;
    let Trained { mut network, dataset: kind, mut inference, .. } = args.weights.read(args.dataset, &device)?;
    args.infer.apply(&mut inference)?;
    ensure!(!args.ids || kind == DatasetKind::CITYSCAPES, "--ids: {} has no label ids, cityscapes has", kind.name());
    let files = PredictionFiles { out: &args.out, kind, ids: args.ids, probabilities: &args.probabilities };
    check_not_overwritten(&images, &files)?;
    let (progress, stop) = (Progress::new(), StopFlag::install()?);
    let counted = count(images.len(), "image");
    let bar = progress.bar_of_thousandths(images.len() as u64, format!("predict {counted}"));
    for (index, ImageFile { path, name }) in images.iter().enumerate() {
        let image = atrous_data::read_rgb(path, args.max_image.limit())?;
        inference.check_memory(path, image.size())?;
        // Not before: an image that cannot be read leaves no empty folder.
        std::fs::create_dir_all(&args.out).with_context(|| format!("cannot create {}", args.out.display()))?;
        let proceed = |done: usize, all: usize| {
            bar.set(1000 * index as u64 + (1000 * done / all) as u64);
            !stop.requested()
        };
        let predicted = inference.predict(&mut network, &device.device, &image, &proceed);
        let Some(prediction) = predicted else { return Ok(stop.exit()) };
        let probabilities = (!args.probabilities.is_empty()).then(|| prediction.probabilities());
        let mask = LabelMap { height: prediction.height, width: prediction.width, data: prediction.labels };
        files.write(name, &image, &mask, probabilities.as_deref())?;
    }
    bar.finish();
    let written = count(images.len(), "mask");
    print(format!("{written}, each with its overlay, in {}\n", args.out.display()))?;
    Ok(Exit::Done)
}

/// Checks that no image is written over.
fn check_not_overwritten(images: &[ImageFile], files: &PredictionFiles) -> Result<()> {
    let place = |path: &Path| -> Option<PathBuf> { Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?)) };
    let written: BTreeSet<PathBuf> =
        images.iter().flat_map(|image| files.paths(&image.name)).filter_map(|path| place(&path)).collect();
    for ImageFile { path, .. } in images {
        let own = place(path).is_some_and(|path| written.contains(&path));
        ensure!(!own, "{} would be overwritten: take another --out", path.display());
    }
    Ok(())
}
