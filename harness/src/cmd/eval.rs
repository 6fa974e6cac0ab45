//! `atrous eval`: score a checkpoint on a data set.

use super::check_folder_of;
use super::options::{DeviceArg, InferArgs, WeightsArgs};
use super::output::print;
use crate::conclusions::format;
use crate::results::result::write_json;
use crate::results::scores::{Confusion, Detection, Scores};
use crate::run::evaluate::evaluate;
use crate::run::options::{DataOptions, MaskOptions};
use crate::run::weights::Trained;
use crate::support::count::count;
use crate::support::exit::Exit;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::Result;
use atrous_data::{DatasetKind, Split};
use atrous_models::device::ComputeDevice;
use serde::Serialize;
use std::path::PathBuf;

/// Score a checkpoint on a data set: IoU, Dice and accuracy per class and in the mean
///
/// A checkpoint of this program carries the settings it was trained with: data set, resizing and
/// inference are those of its run. A network of mmsegmentation needs --dataset, and --rates where
/// they are not 1,12,24,36; resizing and inference are those of the data set's protocol. Images
/// come from the data root; a run on synthetic data has its images in OUT/synthetic.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    weights: WeightsArgs,

    #[command(flatten)]
    infer: InferArgs,

    /// Data set to score on, instead of the one it was trained on; must have as many classes
    #[arg(long, value_name = "DATASET", value_parser = super::options::dataset)]
    dataset: Option<DatasetKind>,

    /// train or val
    #[arg(long, default_value = "val", value_name = "SPLIT")]
    split: Split,

    /// Score the first images only
    #[arg(long, value_name = "IMAGES", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    /// Write scores and confusion counts to this JSON file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    #[command(flatten)]
    data: DataOptions,

    #[command(flatten)]
    masks: MaskOptions,

    #[command(flatten)]
    device: DeviceArg,
}

const EXAMPLES: &str = "\
Examples:
  atrous eval --weights runs/retina-small/stare/1-12-24-36/seed-0-*/checkpoint.safetensors --data-root ~/retina
  atrous eval --weights best.safetensors --dataset chase_db1 --json transfer.json
  atrous eval --weights deeplabv3_unet_s5-d16_40k_hrf.pth --dataset hrf --rates 1,12,24,36
  atrous eval --weights r50.pth --dataset cityscapes --ratios 0.5,0.75,1,1.25,1.5,1.75 --flip";

#[derive(Serialize)]
struct EvaluationReport {
    dataset: DatasetKind,
    split: String,
    images: usize,
    scores: Scores,
    confusion: Confusion,
    #[serde(skip_serializing_if = "Option::is_none")]
    detection: Option<Detection>,
}

/// Runs the subcommand.
///
/// # Errors
/// One line that names the file or option that has to be changed.
pub fn run(args: Args) -> Result<Exit> {
    if let Some(path) = &args.json {
        // An hour of scoring is not to be lost to a mistyped folder.
        check_folder_of("json", path)?;
    }
    let device = ComputeDevice::select(&args.device.device)?;
    let Trained { mut network, dataset: kind, mut inference, .. } = args.weights.read(args.dataset, &device)?;
    args.infer.apply(&mut inference)?;
    // The images of the other split need not be there.
    let dataset = args.data.open_for(kind, &[args.split])?;
    args.masks.check(&dataset, &[args.split])?;
    let mut samples = dataset.samples(args.split);
    if let Some(limit) = args.limit {
        samples = &samples[..samples.len().min(usize::try_from(limit).unwrap_or(usize::MAX))];
    }
    let (progress, stop) = (Progress::new(), StopFlag::install()?);
    let evaluation = evaluate(&mut network, &device.device, samples, &inference, &progress, &stop)?;
    let Some(evaluation) = evaluation else { return Ok(stop.exit()) };
    let report = EvaluationReport {
        dataset: kind,
        split: args.split.to_string(),
        images: samples.len(),
        scores: evaluation.confusion.scores(),
        confusion: evaluation.confusion,
        detection: evaluation.detection,
    };
    print(table(&report))?;
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    Ok(Exit::Done)
}

/// Per class and in the mean, in percent.
fn table(report: &EvaluationReport) -> String {
    let names = report.dataset.class_names();
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0).max("class".len());
    let scores = report.scores.by_class();
    let line = |name: &str, columns: &mut dyn Iterator<Item = String>| {
        columns.fold(format!("{name:width$}"), |line, column| line + &format!(" {column:>8}")) + "\n"
    };
    let mut text = format!("{} {}, {}\n\n", report.dataset.title(), report.split, count(report.images, "image"));
    text += &line("class", &mut scores.iter().map(|score| score.mean_title.trim_start_matches('m').to_owned()));
    for (class, name) in names.iter().enumerate() {
        text += &line(name, &mut scores.iter().map(|score| percent(score.classes[class])));
    }
    text += &line("mean", &mut scores.iter().map(|score| percent(score.mean)));
    for (name, score) in report.scores.overall() {
        text += &format!("\n{name} {}\n", percent(score));
    }
    if let Some(detection) = &report.detection {
        text += &detected(names[1], detection);
    }
    text
}

/// What is said of two classes, of all pixels and of those inside the field of view.
fn detected(name: &str, Detection { whole, fov }: &Detection) -> String {
    let inside = fov.as_ref();
    let mut text = format!("\n{:24} {:>8}", name, "all");
    text += if inside.is_some() { "  field of view\n" } else { "\n" };
    let mut line = |title: &str, value: f64, inside: Option<f64>| {
        text += &format!("{title:24} {:>8}", percent(value));
        text += &inside.map_or_else(String::new, |value| format!(" {:>14}", percent(value)));
        text.push('\n');
    };
    for (index, (title, value)) in whole.named().into_iter().enumerate() {
        line(title, value, inside.map(|fov| fov.detection.named()[index].1));
    }
    if let Some(fov) = inside {
        let scores = fov.scores.by_class();
        let means = scores.iter().map(|score| (score.mean_title, score.mean)).chain(fov.scores.overall());
        for (title, value) in means {
            text += &format!("{title:24} {:>8} {:>14}\n", "", percent(value));
        }
    }
    text
}

fn percent(fraction: f64) -> String {
    if fraction.is_nan() { "nan".to_owned() } else { format::percent(fraction) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::scores::{CurveAreas, DetectionScores, FieldOfView};

    #[test]
    fn the_table_has_a_line_per_class() {
        let confusion = Confusion { classes: 2, counts: vec![90, 10, 0, 0] };
        let report = EvaluationReport {
            dataset: DatasetKind::STARE,
            split: "val".into(),
            images: 1,
            scores: confusion.scores(),
            confusion,
            detection: None,
        };
        let text = table(&report);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[3].split_whitespace().collect::<Vec<_>>(), ["background", "90.00", "94.74", "90.00"]);
        assert_eq!(lines[4].split_whitespace().collect::<Vec<_>>(), ["vessel", "0.00", "0.00", "nan"]);
        assert_eq!(lines.last().unwrap(), &"aAcc 90.00");

        let curves = CurveAreas { roc: 0.97, precision_recall: 0.8, average_precision: f64::NAN };
        let whole = DetectionScores::of(&report.confusion, curves);
        let inside = Confusion { classes: 2, counts: vec![80, 5, 5, 10] };
        let detection = DetectionScores::of(&inside, curves);
        let fov = Some(FieldOfView { detection, scores: inside.scores(), confusion: inside });
        let text = table(&EvaluationReport { detection: Some(Detection { whole, fov }), ..report });
        let words = |start: &str| -> Vec<String> {
            let line = text.lines().find(|line| line.starts_with(start)).unwrap();
            line.split_whitespace().map(str::to_owned).collect()
        };
        assert_eq!(words("vessel    "), ["vessel", "0.00", "0.00", "nan"]);
        assert_eq!(words("specificity"), ["specificity", "90.00", "94.12"]);
        assert_eq!(words("AUC of the ROC"), ["AUC", "of", "the", "ROC", "97.00", "97.00"]);
        assert_eq!(words("mDice"), ["mDice", "80.39"]);
    }
}
