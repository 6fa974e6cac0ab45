//! `atrous erf`: the effective receptive field of a network.

use super::options::{DeviceArg, Position};
use super::output::print;
use crate::experiment::settings::join_rates;
use crate::experiment::spec::{Overrides, Spec, check_rates};
use crate::measure::receptive_field::{
    self, ErfImages, ErfPrecision, Options, RecordedField, Rectify, Selection, Subject,
};
use crate::run::options::DataOptions;
use crate::run::weights::{ImportOptions, Trained};
use crate::support::count::count;
use crate::support::exit::Exit;
use crate::support::lookup;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Context, Result, anyhow, ensure};
use atrous_data::DatasetKind;
use atrous_models::device::ComputeDevice;
use atrous_models::{DecodeHead, Layer, Segmentor};
use clap::ArgGroup;
use std::path::PathBuf;

/// Images of a data set that are averaged where nobody says otherwise: as many as in RepLKNet's
/// measurements.
const IMAGES: usize = 50;

/// Measure the effective receptive field: how much each pixel of the input moves the output at one
/// pixel
///
/// The field is that of Kim et al.: evaluation mode, the gradient of the mean logit at the centre
/// with respect to the image, mean over RGB, a ReLU, the mean over the images, divided by its sum
/// (docs/reference/receptive-field.md).
///
/// The network is one of three: weights (a checkpoint, a run's directory, a network of
/// mmsegmentation), fresh networks of a spec's experiment (--spec, one per rates; --rates takes
/// one, which need not be among the spec's), or the finished runs of a sweep's output directory
/// (--sweep, one per rates). Images are the files named, or the first validation images of the
/// network's data set, or noise.
///
/// OUT then holds erf.npy (the map, for numpy), erf.png and erf-log.png (linear, and logarithmic
/// below the peak) and erf.json (squares that hold parts of the mass, mass around the taps of each
/// ASPP branch). With several rates these are in OUT/RATES, and grid.png and grid-log.png show all
/// with one scale.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES, group(ArgGroup::new("network").required(true).args(["weights", "spec", "sweep"])))]
pub struct Args {
    /// Images: PNG, JPEG, TIFF, PNM, GIF, also gzipped [default: validation images of the data
    /// set]
    #[arg(value_name = "IMAGE", conflicts_with = "noise")]
    files: Vec<PathBuf>,

    /// A checkpoint, a run's directory, or a network of mmsegmentation. Nothing in it is executed
    #[arg(long, value_name = "PATH")]
    weights: Option<PathBuf>,

    /// Fresh networks, as training starts from them, of an experiment of a spec
    #[arg(long, value_name = "SPEC", requires = "experiment")]
    spec: Option<String>,

    /// Finished runs in a sweep's output directory
    #[arg(long, value_name = "DIR")]
    sweep: Option<PathBuf>,

    /// The experiment of --spec or --sweep
    #[arg(long, value_name = "EXPERIMENT", conflicts_with = "weights")]
    experiment: Option<String>,

    /// Seed of a fresh network, or of the runs [default: the lowest]
    #[arg(long, value_name = "SEED", conflicts_with = "weights")]
    seed: Option<u64>,

    #[command(flatten)]
    import: ImportOptions,

    /// Data set of weights that do not say it: its classes, and where images come from
    #[arg(long, value_name = "DATASET", value_parser = super::options::dataset, conflicts_with_all = ["spec", "sweep"])]
    dataset: Option<DatasetKind>,

    /// At most so many images [default: 50 of a data set, all of those named]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "noise")]
    images: Option<u32>,

    /// Average over so many images of random values instead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    noise: Option<u64>,

    /// Height and width of the input: images are fitted as for inference, and their middle is taken
    /// [default: the crop of training]
    #[arg(long, value_name = "H,W")]
    size: Option<Position>,

    /// The target map: logits, aspp, branch-0 (the first rate's; branch-1 ...), image-pool or
    /// backbone
    #[arg(long, value_name = "LAYER", default_value = "logits")]
    layer: Layer,

    /// Row and column, in pixels of the input, that the target lies at [default: the centre of the
    /// target map]
    #[arg(long, value_name = "Y,X")]
    pixel: Option<Position>,

    /// One class's logit instead of the mean: a name, or an index from 0
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,

    /// What becomes of pixels that lower the target
    #[arg(long, value_enum, default_value_t = Rectify::Gradient)]
    rectify: Rectify,

    /// What is computed in [default: double where the device has 64 bits, as the CPU and many GPUs
    /// do]
    #[arg(long, value_enum)]
    precision: Option<ErfPrecision>,

    /// Draw the windows around the taps of the ASPP branches in which the mass is measured
    #[arg(long)]
    mark_taps: bool,

    /// Powers of ten below the peak that the logarithmic pictures show
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=30))]
    decades: u32,

    /// The folder that the files go to; created where it is missing
    #[arg(long, default_value = "erf", value_name = "DIR")]
    out: PathBuf,

    #[command(flatten)]
    data: DataOptions,

    #[command(flatten)]
    device: DeviceArg,
}

const EXAMPLES: &str = "\
Examples:
  atrous erf --sweep runs/quick --experiment stare --mark-taps
      all rates of a sweep, trained: erf/grid-log.png shows them side by side
  atrous erf --weights runs/retina-small/stare/1-12-24-36/seed-0-* --data-root ~/retina --images 10
      one run, averaged over ten validation images
  atrous erf --spec paper --experiment hrf --noise 20 --size 256,256
      the untrained networks of an experiment, without any data
  atrous erf --weights deeplabv3_r50.pth --dataset cityscapes --rates 1,6,12,18 --layer branch-3 street.png
      what the branch with rate 18 of another program's network looks at
  atrous erf --weights best.safetensors --class vessel --pixel 60,64 --rectify absolute eye.png
      one class, one pixel, and signs not cut off";

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file or option that has to be changed. Nothing is written unless all
/// maps are there.
pub fn run(args: Args) -> Result<Exit> {
    let subjects = args.subjects()?;
    let device = ComputeDevice::select(&args.device.device)?;
    let (progress, stop) = (Progress::new(), StopFlag::install()?);
    let mut fields = Vec::with_capacity(subjects.len());
    for subject in &subjects {
        let field = args.measure(subject, &device, &progress, &stop);
        if stop.requested() {
            return Ok(stop.exit());
        }
        fields.push(field?);
    }
    print(args.write(&fields)?)?;
    Ok(Exit::Done)
}

impl Args {
    fn subjects(&self) -> Result<Vec<Subject>> {
        let rates = self.import.rates.clone();
        if let Some(rates) = &rates {
            check_rates(rates).map_err(|message| anyhow!("--rates {}: {message}", join_rates(rates)))?;
        }
        if let Some(path) = &self.weights {
            return Ok(vec![Subject::of_weights(path, self.import.clone(), self.dataset)?]);
        }
        self.refuse_import_options()?;
        let (experiment, seed) = (self.experiment.clone(), self.seed);
        if let Some(out) = &self.sweep {
            return receptive_field::of_sweep(out, &Selection { experiment, rates, seed });
        }
        // clap has seen to it that there is one.
        let name = self.spec.as_deref().context("give --weights, --spec or --sweep")?;
        let only = experiment.into_iter().collect();
        let mut spec = Spec::load(name, &Overrides { set: vec![], seeds: None, only })?;
        for experiment in &mut spec.experiments {
            experiment.seeds = vec![seed.or(experiment.seeds.iter().min().copied()).unwrap_or(0)];
            if let Some(rates) = &rates {
                experiment.rates = vec![rates.clone()];
            }
        }
        Ok(Subject::fresh(&spec))
    }

    /// Refuses options of weights, which mean nothing to networks whose settings are known.
    fn refuse_import_options(&self) -> Result<()> {
        let ImportOptions { rates: _, output_stride, align_corners, allow_missing, allow_superfluous } = &self.import;
        let given = [
            ("--output-stride", output_stride.is_some()),
            ("--align-corners", *align_corners),
            ("--allow-missing", !allow_missing.is_empty()),
            ("--allow-superfluous", !allow_superfluous.is_empty()),
        ];
        let given = given.into_iter().find(|(_, given)| *given);
        ensure!(given.is_none(), "{} is for --weights", given.map_or("", |(option, _)| option));
        Ok(())
    }

    fn measure(
        &self,
        subject: &Subject,
        device: &ComputeDevice,
        progress: &Progress,
        stop: &StopFlag,
    ) -> Result<RecordedField> {
        let trained = subject.open(device)?;
        let options = self.options(&trained.network, trained.dataset, device)?;
        let size = self.input_size(&trained, &options)?;
        let images = self.images(subject, trained.dataset)?;
        let rates = join_rates(&trained.network.decode_head.rates());
        let bar =
            progress.bar(images.count(), format!("receptive field of {rates} over {}", count(images.count(), "image")));
        let read = images.read(trained.inference.resize, size, self.data.images.limit());
        let read = read.enumerate().take_while(|_| !stop.requested());
        let read = read.map(|(done, image)| {
            bar.set(done as u64);
            image
        });
        let map = receptive_field::map(&trained.network, &device.device, read, &options)?;
        bar.set(images.count());
        bar.finish();
        let on = [device.name(), device.adapter()];
        Ok(RecordedField::new(map, &options, trained.dataset, &subject.name, images, on, self.decades))
    }

    fn options(&self, network: &Segmentor, dataset: DatasetKind, device: &ComputeDevice) -> Result<Options> {
        let class = self.class.as_deref().map(|name| class(name, dataset)).transpose()?;
        let pixel = self.pixel.map(|Position(pixel)| pixel);
        let most = ErfPrecision::most(&device.device);
        let precision = self.precision.unwrap_or(most);
        let possible = most == ErfPrecision::Double || precision == ErfPrecision::Single;
        ensure!(possible, "--precision double: {} has 32 bits; use --device flex", device.name());
        let options = Options { layer: self.layer, class, pixel, rectify: self.rectify, precision };
        let option = if class.is_some() { "--class" } else { "--layer" };
        options.check(network).with_context(|| option)?;
        Ok(options)
    }

    fn input_size(&self, trained: &Trained, options: &Options) -> Result<[usize; 2]> {
        let size = self.size.map_or(trained.crop, |Position(size)| size);
        let [height, width] = size;
        let divisor = trained.inference.divisor;
        ensure!(
            size.iter().all(|side| (1..=8192).contains(side) && side % divisor == 0),
            "--size {height},{width}: this network takes sides from {divisor} to 8192 that are multiples of {divisor}"
        );
        options.target(size, trained.network.output_stride).context("--pixel")?;
        Ok(size)
    }

    fn images(&self, subject: &Subject, dataset: DatasetKind) -> Result<ErfImages> {
        if let Some(count) = self.noise {
            return Ok(ErfImages::Noise(count));
        }
        let limit = self.images.map(|count| count as usize);
        if !self.files.is_empty() {
            let files = self.files.iter().take(limit.unwrap_or(self.files.len())).cloned();
            return Ok(ErfImages::Files(files.collect()));
        }
        let root = match &subject.drawn {
            Some(drawn) if lookup::is_dir(drawn)? => drawn,
            _ => &self.data.data_root,
        };
        ErfImages::of_validation(dataset, root, limit.unwrap_or(IMAGES))
            .context("no images are named (IMAGE, --noise N or --data-root DIR)")
    }

    /// Writes all files; what is to be said of them.
    fn write(&self, fields: &[RecordedField]) -> Result<String> {
        let mut text = String::new();
        for field in fields {
            let folder = if fields.len() == 1 { self.out.clone() } else { self.out.join(join_rates(&field.map.rates)) };
            field.write(&folder, self.mark_taps)?;
            let [y, x] = field.map.target.position;
            text += &format!(
                "rates {}: {} at {y},{x} of {}x{}, mean of {}\n{}\n",
                field.map.caption(),
                field.record.class.as_ref().unwrap_or(&field.record.layer),
                field.map.size[0],
                field.map.size[1],
                count(field.map.images, "image"),
                field.record.numbers
            );
        }
        let mut written = "erf.npy, erf.png, erf-log.png and erf.json".to_owned();
        if fields.len() > 1 {
            receptive_field::write_grid(fields, &self.out, self.mark_taps)?;
            written = format!("grid.png and grid-log.png, and for each rates {written},");
        }
        let decades = self.decades;
        Ok(text + &format!("{written} in {}; -log shows {decades} powers of ten\n", self.out.display()))
    }
}

/// A class by its name or index.
fn class(text: &str, dataset: DatasetKind) -> Result<usize> {
    let names = dataset.class_names();
    let index = text.parse::<usize>().ok().or_else(|| names.iter().position(|name| *name == text));
    index.with_context(|| format!("--class {text}: {} has {}", dataset.title(), names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_names_and_indexes() {
        assert_eq!(class("vessel", DatasetKind::STARE).unwrap(), 1);
        assert_eq!(class("0", DatasetKind::STARE).unwrap(), 0);
        let error = class("road", DatasetKind::STARE).unwrap_err().to_string();
        assert_eq!(error, "--class road: STARE has background, vessel");
    }
}
