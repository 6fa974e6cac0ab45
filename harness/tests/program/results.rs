//! The tables that a sweep writes: what they say of uncertainty, and that
//! `docs/reference/results.md` describes them.

use crate::outcome::named;
use crate::place::Place;
use atrous_data::DatasetKind;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const RUNS: usize = 12;

fn swept() -> Place {
    let place = Place::new();
    let evaluate = ["--set", "train.eval_every=2"];
    place.succeed(&[&["sweep", "ci", "--device", "flex", "--seeds", "3", "--out", "out"], &evaluate[..]].concat());
    place
}

#[test]
fn three_seeds_are_compared_and_every_file_is_as_documented() {
    let place = swept();
    let out = place.path("out");
    the_table_compares(&out);
    counts_of_images_are_those_of_the_run(&out);
    let schema = documented();
    let files: Vec<(&str, Vec<PathBuf>)> = schema.keys().map(|name| (name.as_str(), named(&out, name))).collect();
    assert_eq!(files.len(), 7);
    for (name, paths) in files {
        assert_eq!(paths.len(), if RUN_FILES.contains(&name) { RUNS } else { 1 }, "{name}");
        for path in paths {
            check(&path, &schema[name]);
        }
    }
}

/// Sweeps of this test have published data sets alone; committed ones have control images too.
#[test]
fn committed_tables_are_as_documented() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results");
    let schema = documented();
    let datasets = &schema["results.csv"].iter().find(|column| column.name == "dataset").unwrap().what;
    let files = schema.iter().flat_map(|(name, columns)| named(&results, name).into_iter().map(move |p| (p, columns)));
    let mut rows = 0;
    for (path, columns) in files {
        for line in records(&path) {
            // Programs before this one had fewer columns.
            for column in columns.iter().filter(|column| column.never_empty && line.contains_key(&column.name)) {
                assert_ne!(line[&column.name], "", "{}: {}", path.display(), column.name);
            }
            if let Some(dataset) = line.get("dataset") {
                assert!(datasets.contains(&format!("`{dataset}`")), "{}: {dataset}", path.display());
            }
            rows += 1;
        }
    }
    assert!(rows > 100, "{rows}");
}

#[test]
fn every_data_set_is_documented() {
    let schema = documented();
    let described = schema["results.csv"].iter().find(|column| column.name == "dataset").unwrap();
    let names: Vec<String> = DatasetKind::all().map(|kind| format!("`{kind}`")).collect();
    assert_eq!(described.what, names.join(", "));
}

const RUN_FILES: [&str; 3] = ["images.csv", "log.csv", "evaluations.csv"];

fn the_table_compares(out: &Path) {
    let text = fs::read_to_string(out.join("table.md")).unwrap();
    assert_eq!(text.matches("| difference | 95 % ").count(), 2, "{text}");
    assert_eq!(text.matches("minus the baseline's (1, 12, 24, 36), in points:").count(), 2, "{text}");
    let lines = records(&out.join("table.csv"));
    let field = |line: &BTreeMap<String, String>, name: &str| line[name].clone();
    assert_eq!(lines.len(), 4);
    for line in &lines {
        let mean: f64 = line["mdice_mean"].parse().unwrap();
        let [low, high] = ["mdice_low", "mdice_high"].map(|name| line[name].parse::<f64>().unwrap());
        assert!(low < mean && mean < high, "{line:?}");
        let baseline = line["baseline"] == "true";
        // Two images: too few subjects for a verdict.
        assert_eq!(field(line, "compared_seeds"), "0");
        assert_eq!([line["p"].is_empty(), line["baseline_difference_low"].is_empty()], [true, true]);
        assert_eq!(line["baseline_difference"].is_empty(), baseline);
        assert_eq!(line["verdict"], if baseline { "baseline" } else { "fewer than 4 subjects" });
        assert_eq!(line["winner"], "false");
    }
    assert!(!text.contains("**") && text.contains("Nothing can be said of the rates on "), "{text}");
}

/// The rows of `images.csv` add up to the confusion matrix in `result.json`, and `image_scores.csv`
/// has each image.
fn counts_of_images_are_those_of_the_run(out: &Path) {
    let results = named(out, "result.json");
    assert_eq!(results.len(), RUNS);
    for path in &results {
        let result: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let confusion = &result["confusion"];
        let classes = confusion["classes"].as_u64().unwrap() as usize;
        let whole: Vec<u64> = confusion["counts"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        let mut sum = vec![0; classes * classes];
        for line in records(&path.with_file_name("images.csv")) {
            let [truth, prediction, pixels] =
                ["truth", "prediction", "pixels"].map(|name| line[name].parse::<usize>().unwrap());
            sum[truth * classes + prediction] += pixels as u64;
        }
        assert_eq!(sum, whole, "{}", path.display());
        assert!(whole.iter().sum::<u64>() > 0);
    }
    let images = records(&out.join("image_scores.csv"));
    // Two validation images each, of two data sets.
    assert_eq!(images.len(), 2 * RUNS);
    let names: std::collections::BTreeSet<_> = images.iter().map(|line| (&line["dataset"], &line["image"])).collect();
    assert_eq!(names.len(), 4);
}

fn records(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().into_deserialize().map(Result::unwrap).collect()
}

/// A column as `docs/reference/results.md` describes it.
struct Column {
    name: String,
    kind: String,
    what: String,
    never_empty: bool,
}

/// The columns of each file, in order.
fn documented() -> BTreeMap<String, Vec<Column>> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/results.md")).unwrap();
    let mut files: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for section in text.split("\n### `").skip(1) {
        let (name, section) = section.split_once('`').unwrap();
        let section = section.split("\n## ").next().unwrap();
        let lines = section.lines().filter(|line| line.starts_with('|')).skip(2);
        let columns: Vec<Column> = lines
            .map(|line| {
                let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
                assert_eq!(cells.len(), 4, "{line}");
                let [name, kind, what] = [0, 1, 2].map(|cell| cells[cell].to_owned());
                Column { name, kind, what, never_empty: cells[3] == "never" }
            })
            .collect();
        if name.ends_with(".csv") {
            files.insert(name.into(), columns);
        }
    }
    files
}

/// Whether a file has these columns, of these types, and empty fields only where they may be.
fn check(path: &Path, columns: &[Column]) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
    let names: Vec<&String> = columns.iter().map(|column| &column.name).collect();
    assert_eq!(header.iter().collect::<Vec<_>>(), names, "{}", path.display());
    let mut lines = 0;
    for record in reader.records() {
        let record = record.unwrap();
        lines += 1;
        for (value, column) in record.iter().zip(columns) {
            let place = format!("{}: {} is {value:?}", path.display(), column.name);
            if value.is_empty() {
                assert!(!column.never_empty, "{place}");
                continue;
            }
            let fits = match column.kind.as_str() {
                "text" => true,
                "integer" => value.parse::<i64>().is_ok(),
                "number" => value.parse::<f64>().is_ok() && value.parse::<i64>().is_err(),
                "boolean" => ["true", "false"].contains(&value),
                kind => panic!("{kind} is no type"),
            };
            assert!(fits, "{place}, no {}", column.kind);
        }
    }
    assert!(lines > 0, "{}", path.display());
}
