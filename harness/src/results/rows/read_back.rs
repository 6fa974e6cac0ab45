//! The settings of a run from its line of `results.csv`, which says all that decides a result.

use super::Row;
use super::columns::{RUN_COLUMNS, setting_fields};
use super::line::Line;
use crate::experiment::settings::{
    DataSource, InferMode, InferSpec, InitSpec, ModelKind, ModelSpec, Part, RunSettings, TrainSpec, one_ratio,
};
use crate::results::result::check_run;
use anyhow::{Context, Result, bail, ensure};
use atrous_models::{Precision, Stem};
use std::str::FromStr;

/// What a line says of its run.
#[derive(Clone, Debug)]
pub struct WrittenRow {
    pub run_id: String,
    /// Where drawn images came from a line does not say: they are given as files.
    pub settings: RunSettings,
    pub drawn: bool,
    pub data_fingerprint: String,
    /// `None` for a run that ended with an error.
    pub scores: Option<WrittenScores>,
    pub device: String,
    /// Every column with what stands there.
    fields: Vec<(String, String)>,
}

/// NaN where a field is empty.
#[derive(Clone, Copy, Debug)]
pub struct WrittenScores {
    pub miou: f64,
    pub mdice: f64,
    pub macc: f64,
    pub aacc: f64,
    pub final_loss: f64,
}

impl WrittenRow {
    /// How it contradicts a run, as `lr is 0.1 in results.csv and 0.01 in the run's directory`: in the first column that both
    /// have and that is neither the same text nor the same number.
    pub fn contradiction(&self, row: &Row) -> Option<String> {
        row.fields().find_map(|(column, value)| {
            let (_, written) = self.fields.iter().find(|(name, _)| name == column)?;
            let numbers = written.parse::<f64>().ok().zip(value.parse::<f64>().ok());
            let same = *written == value || numbers.is_some_and(|(written, value)| written == value);
            (!same).then(|| format!("{column} is {written} in results.csv and {value} in the run's directory"))
        })
    }
}

/// Reads the text of a `results.csv`.
///
/// # Errors
/// Names the line and the column that cannot be understood or contradicts the others.
pub fn read(text: &[u8]) -> Result<Vec<WrittenRow>> {
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers()?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let number = record.position().map_or(0, |position| position.line());
        rows.push(row(Line { header: &header, record: &record }).with_context(|| format!("line {number}"))?);
    }
    Ok(rows)
}

fn row(line: Line) -> Result<WrittenRow> {
    let drawn = match line.text("data")? {
        "files" => false,
        "synthetic" => true,
        other => bail!("data: `{other}` is neither files nor synthetic"),
    };
    let settings = settings(line)?;
    agrees(line, &settings)?;
    check_run(line.text("run_id")?, &settings).map_err(anyhow::Error::msg)?;
    let scores = match line.text("status")? {
        "finished" => Some(scores(line)?),
        "failed" => None,
        other => bail!("status: `{other}` is neither finished nor failed"),
    };
    Ok(WrittenRow {
        run_id: line.text("run_id")?.into(),
        settings,
        drawn,
        data_fingerprint: line.text("data_fingerprint")?.into(),
        scores,
        device: line.text("device")?.into(),
        fields: line.header.iter().zip(line.record).map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
    })
}

fn scores(line: Line) -> Result<WrittenScores> {
    let score = |column| line.parse_or(column, f64::NAN);
    let [miou, mdice] = [score("miou")?, score("mdice")?];
    let [macc, aacc] = [score("macc")?, score("aacc")?];
    Ok(WrittenScores { miou, mdice, macc, aacc, final_loss: score("final_loss")? })
}

fn settings(line: Line) -> Result<RunSettings> {
    let pair = |height, width| Ok::<_, anyhow::Error>([line.parse(height)?, line.parse(width)?]);
    Ok(RunSettings {
        experiment: line.text("experiment")?.into(),
        dataset: line.parse("dataset")?,
        model: model(line)?,
        init: init(line)?,
        crop: pair("crop_height", "crop_width")?,
        resize: pair("resize_height", "resize_width")?,
        rates: list(line.text("rates")?, "rates", |rate| rate)?,
        seed: line.parse("seed")?,
        train: train(line)?,
        infer: infer(line)?,
        data: DataSource::Files,
    })
}

fn model(line: Line) -> Result<ModelSpec> {
    let kind = line.text("model")?;
    let kind = ModelKind::ALL.into_iter().find(|known| known.name() == kind);
    let stem = match line.find("stem").unwrap_or_default() {
        "" | "deep" => Stem::Deep,
        "plain" => Stem::Plain,
        other => bail!("stem: `{other}` is neither deep nor plain"),
    };
    Ok(ModelSpec {
        kind: kind.with_context(|| format!("model: `{}` is not known here", line.text("model").unwrap_or_default()))?,
        base_channels: line.parse("base_channels")?,
        aspp_channels: line.parse("aspp_channels")?,
        auxiliary_channels: line.parse_or("auxiliary_channels", 0)?,
        stem,
        align_corners: line.parse_or("align_corners", false)?,
    })
}

/// Which keys the file was allowed to lack is not in the line.
fn init(line: Line) -> Result<Option<InitSpec>> {
    let Some(text) = line.find("init").filter(|text| !text.is_empty()) else { return Ok(None) };
    let (part, sha256) = match text.split_once(' ') {
        Some(("network", sha256)) => (Part::Network, sha256.to_owned()),
        Some(("backbone", sha256)) => (Part::Backbone, sha256.to_owned()),
        _ => bail!("init: `{text}` does not name a part and a checksum"),
    };
    let weights = String::new();
    Ok(Some(InitSpec { weights, part, sha256, allow_missing: vec![], allow_superfluous: vec![] }))
}

fn train(line: Line) -> Result<TrainSpec> {
    Ok(TrainSpec {
        iterations: line.parse("iterations")?,
        batch: line.parse("batch")?,
        lr: line.parse("lr")?,
        momentum: line.parse("momentum")?,
        weight_decay: line.parse("weight_decay")?,
        poly_power: line.parse("poly_power")?,
        lr_min: line.parse("lr_min")?,
        auxiliary_weight: line.parse("auxiliary_weight")?,
        dice_weight: line.parse_or("dice_weight", 0.0)?,
        dropout: line.parse("dropout")?,
        ratio: [line.parse("ratio_low")?, line.parse("ratio_high")?],
        photometric: line.parse("photometric")?,
        precision: line.parse_or("precision", Precision::Single)?,
        eval_every: 0,
        checkpoint_every: 0,
    })
}

fn infer(line: Line) -> Result<InferSpec> {
    let pair = |height, width| Ok::<_, anyhow::Error>(Some([line.parse(height)?, line.parse(width)?]));
    let (mode, window, stride) = match line.text("infer_mode")? {
        "slide" => (InferMode::Slide, pair("window_height", "window_width")?, pair("stride_height", "stride_width")?),
        "whole" => (InferMode::Whole, None, None),
        other => bail!("infer_mode: `{other}` is neither slide nor whole"),
    };
    let ratios = match line.find("infer_ratios").filter(|text| !text.is_empty()) {
        None => one_ratio(),
        Some(text) => list(text, "infer_ratios", |ratio| ratio.trim_end_matches('x'))?,
    };
    Ok(InferSpec { mode, window, stride, ratios, flip: line.parse_or("infer_flip", false)? })
}

/// Values with `-` between them.
fn list<T: FromStr>(text: &str, column: &str, value: fn(&str) -> &str) -> Result<Vec<T>> {
    let values = text.split('-').map(|part| value(part).parse().ok());
    values.collect::<Option<_>>().with_context(|| format!("{column}: `{text}` cannot be understood"))
}

/// Columns that follow from others (feature_size, relative_rate) are held against them.
fn agrees(line: Line, settings: &RunSettings) -> Result<()> {
    let derived = ["feature_size", "relative_rate"];
    let first = RUN_COLUMNS.iter().position(|column| *column == "baseline").unwrap_or_default();
    for (column, value) in RUN_COLUMNS[first..].iter().zip(setting_fields(settings, &[])) {
        if derived.contains(column) {
            let written = line.text(column)?;
            ensure!(written == value, "{column} is {written}, and by its settings {value}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::{run_id, tests::example};
    use crate::results::rows::{RowEnd, Rows};

    fn rows(settings: RunSettings) -> Rows {
        let end = RowEnd::Finished(Box::new(crate::results::result::tests::example(settings, [3, 1, 1, 3])));
        Rows(vec![Row { model_version: 3, baseline: vec![1, 2], expectation: None, end, images: None }])
    }

    /// Of networks and protocols that differ in every column.
    fn various() -> Vec<RunSettings> {
        let mut resnet = example();
        resnet.model =
            ModelSpec { stem: Stem::Plain, align_corners: true, ..ModelSpec::published(ModelKind::DeeplabV3R101D16) };
        resnet.infer = InferSpec { ratios: vec![0.5, 1.0, 1.75], flip: true, ..InferSpec::whole() };
        resnet.train.dice_weight = 3.0;
        resnet.train.ratio = [0.8, 1.1];
        resnet.train.precision = Precision::Mixed;
        let (weights, sha256) = ("w.pth".to_owned(), "ab12".to_owned());
        let (allow_missing, allow_superfluous) = (vec![], vec![]);
        resnet.init = Some(InitSpec { weights, part: Part::Backbone, sha256, allow_missing, allow_superfluous });
        vec![example(), resnet]
    }

    #[test]
    fn a_line_gives_the_id_of_its_run() {
        for settings in various() {
            let text = rows(settings.clone()).csv().unwrap();
            let [row] = &read(&text).unwrap()[..] else { panic!() };
            assert_eq!(row.settings.deciding(), settings.deciding());
            assert_eq!(row.run_id, run_id(&row.settings, &row.data_fingerprint));
            assert!(row.drawn && row.device == "flex");
            assert_eq!(row.scores.unwrap().miou, 0.6);
        }
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        let text = String::from_utf8(rows(example()).csv().unwrap()).unwrap();
        let error = |from: &str, to: &str| {
            assert!(text.contains(from), "{text}");
            format!("{:#}", read(text.replacen(from, to, 1).as_bytes()).unwrap_err())
        };
        assert_eq!(error(",slide,", ",glide,"), "line 2: infer_mode: `glide` is neither slide nor whole");
        assert_eq!(error(",0.5625,", ",0.6,"), "line 2: relative_rate is 0.6, and by its settings 0.5625");
        assert_eq!(error(",finished,", ",done,"), "line 2: status: `done` is neither finished nor failed");
        assert_eq!(error("momentum,", "impetus,"), "line 2: there is no column momentum");
        assert_eq!(error(",unet-s5-d16,", ",vgg,"), "line 2: model: `vgg` is not known here");
        let outside = error(",stare,stare,", ",../../stare,stare,");
        assert!(outside.starts_with("line 2: settings.experiment: \"../../stare\" must be"), "{outside}");
    }
}
