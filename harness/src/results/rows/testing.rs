//! Made-up rows, for tests of this crate.

use super::{Row, RowEnd, Rows};
use crate::experiment::settings::{
    DataSource, InferSpec, InitSpec, MODEL_VERSION, ModelKind, ModelSpec, Part, RunSettings, tests::example as settings,
};
use crate::results::csv::{csv_text, read_csv};
use crate::results::image_counts::ImageCounts;
use crate::results::result::tests::{example, failure};
use crate::results::scores::Confusion;
use atrous_models::{Precision, Stem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// A finished run with these counts in all, compared with 1, 12, 24, 36.
pub(crate) fn finished(settings: RunSettings, counts: [u64; 4]) -> Row {
    row(RowEnd::Finished(Box::new(example(settings, counts))))
}

/// A run that ended with an error.
pub(crate) fn failed(settings: RunSettings) -> Row {
    row(RowEnd::Failed(Box::new(failure(settings))))
}

/// A finished run with counts of each image; the images are named by `name` and their place.
pub(crate) fn counted(settings: RunSettings, name: &str, images: impl IntoIterator<Item = [u64; 4]>) -> Row {
    let mut sum = [0; 4];
    let mut count = |(place, counts): (usize, [u64; 4])| {
        (0..4).for_each(|cell| sum[cell] += counts[cell]);
        ImageCounts { image: format!("{name}{place}"), confusion: Confusion { classes: 2, counts: counts.to_vec() } }
    };
    let images = images.into_iter().enumerate().map(&mut count).collect();
    Row { images: Some(images), ..finished(settings, sum) }
}

fn row(end: RowEnd) -> Row {
    Row { model_version: MODEL_VERSION, baseline: vec![1, 12, 24, 36], expectation: None, end, images: None }
}

/// Reads a committed file below `results/` and writes its records again, which has to give the same
/// bytes. Returns the columns that the file does not have.
pub(crate) fn written_again<T: Serialize + DeserializeOwned + Default>(folder: &str, name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results").join(folder).join(name);
    let committed = std::fs::read(&path).unwrap();
    let again = csv_text(read_csv(&committed, |record: T, _| Ok(record)).unwrap()).unwrap();
    let header = csv::Reader::from_reader(&committed[..]).headers().unwrap().clone();
    let (mut again, mut missing) = (csv::Reader::from_reader(&again[..]), Vec::new());
    let kept: Vec<bool> =
        again.headers().unwrap().iter().map(|column| header.iter().any(|name| name == column)).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let lines = std::iter::once(again.headers().unwrap().clone()).chain(again.records().map(Result::unwrap));
    for (number, line) in lines.enumerate() {
        let (of_file, new): (Vec<_>, Vec<_>) = line.iter().zip(&kept).partition(|(_, kept)| **kept);
        writer.write_record(of_file.iter().map(|(field, _)| field)).unwrap();
        if number == 0 {
            missing = new.into_iter().map(|(column, _)| column.to_owned()).collect();
        }
    }
    let again = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    assert_eq!(again, String::from_utf8(committed).unwrap(), "{}", path.display());
    missing
}

/// Settings that differ from the example in every column of `results.csv` that they can.
pub(crate) fn other_settings() -> RunSettings {
    let mut other = settings();
    other.model =
        ModelSpec { stem: Stem::Plain, align_corners: true, ..ModelSpec::published(ModelKind::DeeplabV3R101D16) };
    other.infer = InferSpec { ratios: vec![0.5, 1.0, 1.75], flip: true, ..InferSpec::whole() };
    other.train.dice_weight = 3.0;
    other.train.ratio = [0.8, 1.1];
    other.train.precision = Precision::Mixed;
    let (weights, sha256) = ("w.pth".to_owned(), "ab12".to_owned());
    let (allow_missing, allow_superfluous) = (vec![], vec![]);
    other.init = Some(InitSpec { weights, part: Part::Backbone, sha256, allow_missing, allow_superfluous });
    other
}

/// Rows whose lines have every kind of field: finished and failed, numbers of all lengths, unknown
/// ones, quotes.
pub(crate) fn pinned() -> Rows {
    let mut whole = counted(settings(), "im, ", [[3, 0, 0, 0], [0, 1, 1, 3]]);
    let mut other = Row { baseline: vec![1, 2], ..finished(other_settings(), [3, 1, 1, 3]) };
    let failed = Row { baseline: vec![1, 2], ..failed(RunSettings { seed: 7, ..settings() }) };
    if let RowEnd::Finished(result) = &mut whole.end {
        result.settings.data = DataSource::Files;
    }
    if let RowEnd::Finished(result) = &mut other.end {
        (result.final_loss, result.scores.macc) = (f64::NAN, f64::NAN);
        (result.train_seconds, result.images_per_second) = (1e-7, 3e16);
        (result.jobs, result.peak_memory_bytes) = (3, None);
        result.adapter = "NVIDIA, \"H100\"".into();
        (result.settings.train.lr, result.settings.train.lr_min) = (9.223762974182959, 1e-5);
        result.settings.train.ratio = [0.1, 2.0];
    }
    Rows(vec![whole, failed, other])
}
