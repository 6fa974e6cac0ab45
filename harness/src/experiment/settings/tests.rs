//! Ids, and what they depend on.

use super::*;
use atrous_data::DatasetKind;
use atrous_data::synthetic::SyntheticConfig;
use atrous_models::Precision;

/// Settings of a small run, for tests of this crate.
pub(crate) fn example() -> RunSettings {
    RunSettings {
        experiment: "stare".into(),
        dataset: DatasetKind::STARE,
        model: ModelSpec {
            base_channels: 8,
            aspp_channels: 8,
            auxiliary_channels: 8,
            ..ModelSpec::published(ModelKind::UnetS5D16)
        },
        init: None,
        crop: [64, 96],
        resize: [605, 700],
        rates: vec![1, 12, 24, 36],
        seed: 0,
        train: TrainSpec { iterations: 100, batch: 4, checkpoint_every: 50, ..TrainSpec::default() },
        infer: InferSpec::slide([64, 64], [43, 43]),
        data: DataSource::Synthetic(SyntheticConfig::new(1, 8, 4, [96, 128])),
    }
}

#[test]
fn id_depends_on_what_decides_the_result() {
    let base = run_id(&example(), "f");
    assert_eq!(base.len(), 16);
    assert_eq!(base, run_id(&example(), "f"));
    assert_ne!(base, run_id(&example(), "g"));
    let init = |sha256: &str| {
        let (weights, sha256) = ("w.pth".to_owned(), sha256.to_owned());
        Some(InitSpec { weights, part: Part::Network, sha256, allow_missing: vec![], allow_superfluous: vec![] })
    };
    let mut pretrained = example();
    pretrained.init = init("a");
    let mut moved = pretrained.clone();
    moved.init.as_mut().unwrap().weights = "elsewhere.pth".into();
    let mut other = pretrained.clone();
    other.init = init("b");
    assert_eq!(run_id(&pretrained, "f"), run_id(&moved, "f"));
    assert_ne!(run_id(&pretrained, "f"), run_id(&other, "f"));
    assert_ne!(run_id(&pretrained, "f"), base);
    let changes: [fn(&mut RunSettings); 11] = [
        |s| s.train.precision = Precision::Mixed,
        |s| s.train.dice_weight = 3.0,
        |s| s.infer.flip = true,
        |s| s.infer.ratios = vec![0.5, 1.0],
        |s| s.model.align_corners = true,
        |s| s.seed = 1,
        |s| s.rates = vec![1, 6, 12, 18],
        |s| s.train.lr = 0.02,
        |s| s.crop = [64, 64],
        |s| s.infer.stride = Some([32, 32]),
        |s| s.model.base_channels = 16,
    ];
    for change in changes {
        let mut settings = example();
        change(&mut settings);
        assert_ne!(base, run_id(&settings, "f"));
    }
}

#[test]
fn id_does_not_depend_on_the_rest() {
    let mut settings = example();
    settings.experiment = "other".into();
    settings.train.eval_every = 7;
    settings.train.checkpoint_every = 9;
    assert_eq!(run_id(&example(), "f"), run_id(&settings, "f"));
}

/// Another id here would mean that runs which have been made are not found again.
#[test]
fn ids_are_pinned() {
    assert_eq!(run_id(&example(), "f"), "1a26128c8f5afe69");
    // Committed runs of the version before.
    assert_eq!(run_id_of_version(3, &example(), "f"), "3fd58e3ceee01673");
    let mut resnet = example();
    resnet.model = ModelSpec::published(ModelKind::DeeplabV3R101D8);
    resnet.dataset = DatasetKind::CITYSCAPES;
    resnet.infer = InferSpec::whole();
    assert_eq!(run_id(&resnet, "f"), "837fbf1c0faf9b9d");
    // Names the folder of drawn images.
    assert_eq!(short_hash(&("stare", SyntheticConfig::new(1, 8, 4, [96, 128]))), "b197041122698d4c");
}

#[test]
fn settings_survive_toml_and_json() {
    let text = toml::to_string(&example()).unwrap();
    assert_eq!(toml::from_str::<RunSettings>(&text).unwrap(), example());
    let mut settings = example();
    // More digits than a number of 53 bits has whole: the last bit has to come back as well.
    settings.train.lr = 9.223762974182959;
    let json = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<RunSettings>(&json).unwrap(), settings);
}

#[test]
fn relative_rate_is_against_the_shorter_side() {
    assert_eq!(example().feature_size(), 64);
    assert_eq!(example().relative_rate(), 36.0 / 64.0);
}

/// Keys and defaults of a section's table in `docs/reference/spec.md`.
fn documented(section: &str) -> Vec<(String, String)> {
    let page = std::fs::read_to_string("../docs/reference/spec.md").unwrap();
    let heading = format!("## `{section}`\n");
    let table = page.split(&heading).nth(1).unwrap().split("\n## ").next().unwrap().to_owned();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        (format!("{section}.{}", cells[0].trim_matches('`')), cells[cells.len() - 1].trim_matches('`').to_owned())
    })
    .collect()
}

#[test]
fn the_reference_of_specs_is_that_of_the_definitions() {
    let page = ["model", "train", "infer", "init"].map(documented).concat();
    let settings = reference();
    let keys: Vec<&str> = page.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, settings.iter().map(|setting| setting.key).collect::<Vec<_>>());
    for ((key, default), setting) in page.iter().zip(&settings) {
        if setting.given_by.is_some() {
            continue;
        }
        let ours: serde_json::Value = serde_json::from_str(&setting.default).unwrap();
        let theirs = serde_json::from_str(default).unwrap_or_else(|_| serde_json::Value::from(default.as_str()));
        let same = ours == theirs || ours.as_f64().is_some_and(|ours| theirs.as_f64() == Some(ours));
        assert!(same, "{key}: the page says {default}, the program {}", setting.default);
    }
}
