//! `atrous predict`: masks and overlays of images.

use super::options::{DeviceArg, InferArgs, WeightsArgs};
use super::output::print;
use crate::run::options::ImageSizeOptions;
use crate::run::weights::Trained;
use crate::support::count::count;
use crate::support::exit::Exit;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Context, Result, bail, ensure};
use atrous_data::inspect::draw_mask;
use atrous_data::{DatasetKind, LabelMap, RgbImage8};
use atrous_models::device::ComputeDevice;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Predict masks of images with a checkpoint, and draw them on top
///
/// For each image NAME two files are written: NAME-mask.png, 8-bit grey with the class of each
/// pixel (0, 1 ...), and NAME-overlay.png, the image with the mask in the data set's colours on
/// top.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Images: PNG, JPEG, TIFF, PNM, GIF, also gzipped
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

    #[command(flatten)]
    max_image: ImageSizeOptions,

    #[command(flatten)]
    device: DeviceArg,
}

const EXAMPLES: &str = "\
Examples:
  atrous predict --weights runs/quick/stare/1-2-4-8/seed-0-*/checkpoint.safetensors --out masks eye.jpg
  atrous predict --weights best.safetensors --device vulkan images/*.tif";

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file that cannot be read or written. Nothing is written where two images
/// have one name.
pub fn run(args: Args) -> Result<Exit> {
    let stems = stems(&args.images)?;
    let device = ComputeDevice::select(&args.device.device)?;
    let Trained { mut network, dataset: kind, mut inference, .. } = args.weights.read(args.dataset, &device)?;
    args.infer.apply(&mut inference)?;
    for path in &args.images {
        ensure!(path.is_file(), "{} is no file", path.display());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let own = stems.iter().any(|stem| name == mask_name(stem) || name == overlay_name(stem));
        let same = path.parent().and_then(|folder| folder.canonicalize().ok()) == args.out.canonicalize().ok();
        ensure!(!(own && same), "{} would be overwritten: take another --out", path.display());
    }
    let (progress, stop) = (Progress::new(), StopFlag::install()?);
    let images = count(args.images.len(), "image");
    let bar = progress.bar_of_thousandths(args.images.len() as u64, format!("predict {images}"));
    for (index, (path, stem)) in args.images.iter().zip(&stems).enumerate() {
        let image = atrous_data::read_rgb(path, args.max_image.limit())?;
        inference.check_memory(path, image.size())?;
        // Not before: an image that cannot be read leaves no empty folder.
        std::fs::create_dir_all(&args.out).with_context(|| format!("cannot create {}", args.out.display()))?;
        let proceed = |done: usize, all: usize| {
            bar.set(1000 * index as u64 + (1000 * done / all) as u64);
            !stop.requested()
        };
        let Some(prediction) = inference.predict(&mut network, &device.device, &image, &proceed) else {
            return Ok(stop.exit());
        };
        let mask = LabelMap { height: prediction.height, width: prediction.width, data: prediction.labels };
        write(&args.out, stem, &image, &mask, kind)?;
    }
    bar.finish();
    print(format!("{} masks and overlays in {}\n", args.images.len(), args.out.display()))?;
    Ok(Exit::Done)
}

fn write(out: &Path, stem: &str, image: &RgbImage8, mask: &LabelMap, kind: DatasetKind) -> Result<()> {
    mask.write_png(&out.join(mask_name(stem)))?;
    draw_mask(image, &mask.data, kind).write_png(&out.join(overlay_name(stem)))?;
    Ok(())
}

fn mask_name(stem: &str) -> String {
    format!("{stem}-mask.png")
}

fn overlay_name(stem: &str) -> String {
    format!("{stem}-overlay.png")
}

/// The images' names without extensions, which name the files that are written.
fn stems(images: &[PathBuf]) -> Result<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut stems = Vec::with_capacity(images.len());
    for path in images {
        let name = path.file_name().with_context(|| format!("{} names no file", path.display()))?.to_string_lossy();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
        if !seen.insert(stem.clone()) {
            bail!("two images are called {stem}: predict them into different folders (--out)");
        }
        stems.push(stem);
    }
    Ok(stems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_after_their_images() {
        let paths = ["a/im0001.ppm.gz", "b/eye.left.jpg", "plain"].map(PathBuf::from);
        assert_eq!(stems(&paths).unwrap(), ["im0001", "eye.left", "plain"]);
        let error = stems(&["a/x.png", "b/x.jpg"].map(PathBuf::from)).unwrap_err().to_string();
        assert!(error.contains("two images are called x"), "{error}");
    }
}
