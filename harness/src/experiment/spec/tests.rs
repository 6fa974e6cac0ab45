//! Specs that are read, and those that are refused in one line.

use super::*;
use crate::experiment::settings::{DataSource, ModelKind, ModelSpec, Part, short_hash};
use crate::experiment::{Answer, Expectation};
use atrous_data::DatasetKind;
use atrous_data::synthetic::Drawing;
use atrous_models::Stem;
use std::collections::HashSet;

const SMALL: &str = r#"[[experiment]]
name     = "one"
dataset  = "stare"
rates    = [[1, 6, 12, 18], [1, 12, 24, 36]]
baseline = [1, 12, 24, 36]
seeds    = [0, 1]
train    = { iterations = 10, batch = 2 }

[[experiment]]
name     = "two"
dataset  = "isaid"
crop     = [64, 96]
rates    = [[1, 2]]
baseline = [1, 2]
seeds    = [3]
infer    = { mode = "slide", window = [64, 64], stride = [43, 43] }
data     = { synthetic = { seed = 1, train = 2, val = 2, size = [64, 96] } }
"#;

fn parse(text: &str) -> Result<Spec, SpecError> {
    Spec::parse("small", "small.toml", text, &Overrides::default())
}

fn with(set: &[&str]) -> Result<Spec, SpecError> {
    let overrides = Overrides { set: set.iter().map(|s| s.to_string()).collect(), ..Overrides::default() };
    Spec::parse("small", "small.toml", SMALL, &overrides)
}

/// The error of `SMALL` with one piece of text replaced.
fn refused(old: &str, new: &str) -> String {
    assert!(SMALL.contains(old), "{old}");
    let error = parse(&SMALL.replacen(old, new, 1)).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn the_plan_is_experiments_by_rates_by_seeds() {
    let plan = parse(SMALL).unwrap().plan();
    let runs: Vec<_> = plan.iter().map(|run| (run.settings.rates_name(), run.settings.seed)).collect();
    let expected = [("1-6-12-18", 0), ("1-6-12-18", 1), ("1-12-24-36", 0), ("1-12-24-36", 1), ("1-2", 3)];
    assert_eq!(runs, expected.map(|(rates, seed)| (rates.to_string(), seed)));
    assert_eq!(plan[0].baseline, [1, 12, 24, 36]);
}

/// Every tap of the list lies outside the largest map, in training and in scoring; other runs keep
/// their settings.
#[test]
fn a_dead_list_is_added_behind_the_others() {
    let plain = parse(SMALL).unwrap().plan();
    let text = SMALL.replacen("seeds    = [0, 1]", "seeds    = [0, 1]\ndead     = true", 1);
    let spec = parse(&text).unwrap();
    assert_eq!(spec.experiments[0].rates[2], [1, 128, 256, 384]);
    let (dead, kept): (Vec<_>, Vec<_>) = spec.plan().into_iter().partition(|run| run.settings.sees_no_context());
    assert_eq!((dead.len(), kept), (2, plain));
    // Windows are larger than the crop here, and whole images larger still.
    let of = |set: &[&str]| with(set).unwrap().experiments[0].rates[2].clone();
    assert_eq!(of(&["one.dead=true", "one.infer.window=[256, 192]"]), [1, 256, 512, 768]);
    let whole = ["one.dead=true", "one.infer={ mode = \"whole\", ratios = [0.5, 1.5] }", "one.resize=[300, 400]"];
    assert_eq!(of(&whole), [1, 600, 1200, 1800]);
    assert_eq!(of(&["one.dead=true", "one.rates=[[2, 4], [6, 9]]", "one.baseline=[2, 4]"]), [128, 256]);
    // It is there already.
    assert_eq!(
        with(&["one.dead=true", "one.rates=[[1, 2], [1, 128]]", "one.baseline=[1, 2]"]).unwrap().experiments[0]
            .rates
            .len(),
        2
    );
}

#[test]
fn what_is_not_written_is_the_protocols() {
    let spec = parse(SMALL).unwrap();
    let one = &spec.experiments[0];
    assert_eq!((one.crop, one.resize), ([128, 128], [605, 700]));
    assert_eq!((one.model.base_channels, one.model.aspp_channels), (64, 16));
    assert_eq!((one.train.iterations, one.train.batch, one.train.lr), (10, 2, 0.01));
    assert_eq!((one.infer.window, one.infer.stride), (Some([128; 2]), Some([85; 2])));
    // Drawn images are not blown up to the size of the real ones.
    assert_eq!(spec.experiments[1].resize, [64, 96]);
}

#[test]
fn embedded_specs_are_valid() {
    for embedded in EMBEDDED {
        let spec = Spec::load(embedded.name, &Overrides::default()).unwrap();
        assert_eq!(spec.name, embedded.name);
        assert!(!spec.plan().is_empty());
    }
}

/// Lists of the geometric rule, which `paper` and `retina-small` got after the others had been
/// pinned.
const BY_THE_RULE: [[usize; 4]; 4] = [[1, 21, 42, 63], [1, 42, 85, 127], [1, 10, 21, 31], [1, 18, 37, 55]];

/// Another digest here would mean that runs which have been made are not found again.
#[test]
fn embedded_plans_are_pinned() {
    let digests = EMBEDDED.map(|embedded| {
        let plan = Spec::load(embedded.name, &Overrides::default()).unwrap().plan();
        let by_the_rule = |rates: &[usize]| BY_THE_RULE.iter().any(|list| list[..] == *rates);
        let before = plan.iter().filter(|run| !by_the_rule(&run.settings.rates));
        let runs: Vec<_> = before.map(|run| (&run.settings, &run.baseline, &run.expectation)).collect();
        (embedded.name, runs.len(), short_hash(&runs))
    });
    let expected = [
        ("quick", 15, "49830d5606588980"),
        ("controls", 100, "799675347832d0b0"),
        ("retina-small", 24, "dda5407212367be4"),
        ("camvid", 3, "6b4386994192612c"),
        ("paper", 75, "82c75c36eb6b3558"),
        ("ci", 4, "b1c0db51c0b33db0"),
        ("gate", 18, "e831d7776d23c6fc"),
        ("speed", 8, "d4d6112c11ff3ec0"),
        ("speed-gpu", 6, "b0bd3e4dc407a86c"),
    ];
    assert_eq!(digests, expected.map(|(name, runs, digest)| (name, runs, digest.to_owned())));
}

#[test]
fn quick_has_five_synthetic_data_sets_and_three_rates_each() {
    let spec = Spec::load("quick", &Overrides::default()).unwrap();
    let sets: Vec<_> = spec.experiments.iter().map(|e| e.dataset.name()).collect();
    assert_eq!(sets, ["stare", "chase_db1", "hrf", "cityscapes", "isaid"]);
    assert!(spec.experiments.iter().all(|e| e.rates.len() >= 3 && e.data != DataSource::Files));
}

#[test]
fn paper_follows_the_protocol() {
    let spec = Spec::load("paper", &Overrides::default()).unwrap();
    assert_eq!(spec.experiments.len(), 5);
    for run in spec.plan() {
        assert!(protocol::is_followed_by(&run.settings), "{}", run.settings.experiment);
    }
}

#[test]
fn error_spec_unknown_key() {
    let error = refused("seeds    = [0, 1]", "seeds    = [0, 1]\nsede = 3");
    assert!(error.starts_with("small.toml:7: sede: unknown key"), "{error}");
    let error = refused("batch = 2", "batch = 2, itrations = 5");
    assert!(error.starts_with("small.toml:7: train.itrations: unknown key"), "{error}");
    assert!(error.contains("`iterations`"), "{error}");
    let error = refused("val = 2", "vall = 2");
    assert!(error.starts_with("small.toml:17: ") && error.contains("unknown key `vall`"), "{error}");
}

#[test]
fn error_spec_wrong_type() {
    let error = refused("batch = 2", "batch = \"two\"");
    assert!(error.starts_with("small.toml:7: train.batch: invalid type"), "{error}");
    let error = refused("[[1, 2]]", "[[1, -2]]");
    assert!(error.starts_with("small.toml:13: rates[0][1]: invalid value"), "{error}");
    let error = refused("\"isaid\"", "\"pascal\"");
    assert!(error.starts_with("small.toml:11: dataset: ") && error.contains("pascal"), "{error}");
    let error = refused("name     = \"two\"\n", "");
    assert!(error.starts_with("small.toml:9: ") && error.contains("missing key `name`"), "{error}");
}

#[test]
fn error_spec_not_toml() {
    let error = refused("batch = 2 }", "batch = 2");
    assert!(error.starts_with("small.toml:"), "{error}");
}

#[test]
fn error_spec_impossible_value() {
    let cases = [
        ("[1, 6, 12, 18]", "[6, 1]", "small.toml:4: rates[0]: rates must be ascending"),
        ("[1, 6, 12, 18]", "[0, 1]", "small.toml:4: rates[0]: rates must be in 1"),
        ("[1, 6, 12, 18]", "[]", "small.toml:4: rates[0]: must hold"),
        ("[1, 6, 12, 18]", "[1, 12, 24, 36]", "small.toml:4: rates[1]: [1, 12, 24, 36] is there twice"),
        ("[[1, 2]]", "[]", "small.toml:13: rates: must hold"),
        ("baseline = [1, 2]", "baseline = [1, 3]", "small.toml:14: baseline: must be one of"),
        ("seeds    = [0, 1]", "seeds    = [1, 1]", "small.toml:6: seeds: 1 is there twice"),
        ("seeds    = [0, 1]", "seeds    = []", "small.toml:6: seeds: must hold"),
        ("crop     = [64, 96]", "crop     = [64, 90]", "small.toml:12: crop: sides must be multiples of 16"),
        ("window = [64, 64]", "window = [60, 64]", "small.toml:16: infer.window: sides must be multiples"),
        ("stride = [43, 43]", "stride = [65, 43]", "small.toml:16: infer.stride: must not be larger"),
        (", stride = [43, 43]", "", "small.toml:16: infer: mode \"slide\" needs"),
        ("\"slide\"", "\"whole\"", "small.toml:16: infer.window: mode \"whole\" has no windows"),
        ("batch = 2", "batch = 1", "small.toml:7: train.batch: must be at least 2"),
        ("iterations = 10", "iterations = 0", "small.toml:7: train.iterations: must be at least 1"),
        ("batch = 2", "lr = -0.1", "small.toml:7: train.lr: must be a number above 0"),
        ("batch = 2", "lr = nan", "small.toml:7: train.lr: must be a number above 0"),
        ("batch = 2", "lr = 1e-5", "small.toml:7: train.lr_min: must be a number from 0 to lr"),
        ("batch = 2", "momentum = 1", "small.toml:7: train.momentum: "),
        ("batch = 2", "dropout = 1.0", "small.toml:7: train.dropout: "),
        ("batch = 2", "ratio = [2.0, 0.5]", "small.toml:7: train.ratio: "),
        ("batch = 2", "ratio = [0, 0.5]", "small.toml:7: train.ratio: "),
        ("batch = 2", "precision = \"half\"", "small.toml:7: train.precision: unknown value `half`"),
        ("batch = 2", "dice_weight = -1.0", "small.toml:7: train.dice_weight: must be a number of at least 0"),
        ("stride = [43, 43] }", "stride = [43, 43], ratios = [] }", "small.toml:16: infer.ratios: must be numbers"),
        ("\"two\"", "\"one\"", "small.toml:10: name: one is the name of an earlier experiment"),
        ("\"two\"", "\"Two\"", "small.toml:10: name: "),
        ("\"two\"", "\"synthetic\"", "small.toml:10: name: "),
        ("size = [64, 96]", "size = [8, 96]", "small.toml:17: data.synthetic: "),
        (
            "size = [64, 96]",
            "size = [64, 96], drawing = \"local\"",
            "small.toml:17: data.synthetic: synthetic drawing: only",
        ),
        ("seeds    = [3]", "seeds    = [3]\nexpect = { best = [1, 3] }", "small.toml:16: expect.best: must be one of"),
        ("seeds    = [3]", "seeds    = [3]\nexpect = { best = [1, 2] }", "small.toml:16: expect: needs two or more"),
        ("seeds    = [3]", "seeds    = [3]\nexpect = \"nothing\"", "small.toml:16: expect: unknown value `nothing`"),
    ];
    for (old, new, expected) in cases {
        let error = refused(old, new);
        assert!(error.starts_with(expected), "{new}: {error}");
    }
    let error = refused("dataset  = \"isaid\"", "dataset  = \"control\"");
    assert!(error.starts_with("small.toml:17: data.synthetic: synthetic drawing: control images need one"), "{error}");
    let error = refused("dataset  = \"isaid\"", "dataset  = \"isaid\"\nmodel = { base_channels = 0 }");
    assert!(error.starts_with("small.toml:12: model.base_channels: must be in 1"), "{error}");
}

#[test]
fn networks_and_their_widths() {
    let model = |toml: &str| {
        let text = SMALL.replacen("crop     = [64, 96]", &format!("crop = [65, 97]\nmodel = {toml}"), 1);
        let text = text.replacen("window = [64, 64]", "window = [65, 65]", 1);
        parse(&text).map(|spec| spec.experiments[1].model.clone()).map_err(|error| error.to_string())
    };
    let r50 = model("{ kind = \"deeplabv3-r50-d8\" }").unwrap();
    assert_eq!(r50, ModelSpec::published(ModelKind::DeeplabV3R50D8));
    assert_eq!((r50.aspp_channels, r50.auxiliary_channels), (512, 256));
    let narrow = model("{ kind = \"deeplabv3-r101-d16\", base_channels = 8, stem = \"plain\" }").unwrap();
    assert_eq!((narrow.auxiliary_channels, narrow.stem), (32, Stem::Plain));
    let error = model("{ kind = \"deeplabv3-r50-d8\", base_channels = 7 }").unwrap_err();
    assert!(error.contains("model.base_channels: must be even"), "{error}");
    let error = model("{ kind = \"unet-s5-d16\" }").unwrap_err();
    assert!(error.contains("crop: sides must be multiples of 16"), "{error}");
    let error = with(&["model={stem=\"plain\"}"]).unwrap_err().to_string();
    assert!(error.contains("unet-s5-d16 has no stem"), "{error}");
    let small = model("{ kind = \"deeplabv3-r18-d8\", base_channels = 16 }").unwrap();
    assert_eq!((small.base_channels, small.aspp_channels, small.auxiliary_channels), (16, 128, 16));
    let error = model("{ kind = \"deeplabv3-r34-d8\" }").unwrap_err();
    assert!(error.contains("deeplabv3-r34-d8") && error.contains("deeplabv3-r50-d8"), "{error}");
}

#[test]
fn initial_weights_are_known_by_their_checksum() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.pth");
    let set = format!("two.init={{ weights = {path:?}, part = \"backbone\" }}");
    let error = with(&[&set]).unwrap_err().to_string();
    assert!(error.contains("init.weights") && error.contains("cannot read"), "{error}");
    std::fs::write(&path, "abc").unwrap();
    let spec = with(&[&set]).unwrap();
    let init = spec.experiments[1].init.clone().unwrap();
    assert_eq!(init.part, Part::Backbone);
    assert_eq!(init.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert!(spec.experiments[0].init.is_none());
}

#[test]
fn error_spec_unknown_name() {
    let error = Spec::load("quik", &Overrides::default()).unwrap_err().to_string();
    assert!(error.contains("quik") && error.contains("quick, controls, retina-small, camvid, paper, ci"), "{error}");
    let error = parse("").unwrap_err().to_string();
    assert!(error.contains("experiment"), "{error}");
    let error = parse("experiment = []").unwrap_err().to_string();
    assert!(error.contains("[[experiment]]"), "{error}");
}

#[test]
fn an_expectation_goes_with_every_run() {
    let answer = |spec: Spec| spec.plan()[0].expectation.clone();
    assert_eq!(answer(parse(SMALL).unwrap()), None);
    let expected =
        |answer| Some(Expectation { answer, rates: vec![vec![1, 6, 12, 18], vec![1, 12, 24, 36]], seeds: vec![0, 1] });
    let best = with(&["one.expect={ best = [1, 6, 12, 18] }"]).unwrap();
    assert_eq!(answer(best), expected(Answer::Best(vec![1, 6, 12, 18])));
    assert_eq!(answer(with(&["one.expect=no-winner"]).unwrap()), expected(Answer::NoWinner));
    let error = with(&["one.expect={ best = [1, 6] }"]).unwrap_err().to_string();
    assert!(error.starts_with("--set one.expect={ best = [1, 6] }: expect.best: must be one of"), "{error}");
}

#[test]
fn controls_expect_an_answer_of_every_experiment() {
    let spec = Spec::load("controls", &Overrides::default()).unwrap();
    let sizes: HashSet<_> = spec.experiments.iter().map(|e| e.crop).collect();
    assert!(sizes.len() >= 3, "{sizes:?}");
    let mut best = HashSet::new();
    for experiment in &spec.experiments {
        let DataSource::Synthetic(drawn) = &experiment.data else { panic!("{}", experiment.name) };
        // A crop of a part of the image would cut marks off, another size would move them.
        assert_eq!((experiment.crop, experiment.resize), (drawn.size, drawn.size), "{}", experiment.name);
        assert_eq!(experiment.train.ratio, [1.0, 1.0]);
        match (drawn.drawing, &experiment.expect) {
            (Some(Drawing::Mark { distance }), Some(Answer::Best(rates))) => {
                // Reach of backbone and bottleneck: three pixels on each side of a tap.
                let reaches = |rates: &Vec<usize>| rates.iter().any(|rate| rate.abs_diff(distance) <= 3);
                let reaching: Vec<_> = experiment.rates.iter().filter(|rates| reaches(rates)).collect();
                assert_eq!(reaching, [rates], "{}", experiment.name);
                best.insert(rates.clone());
            }
            (Some(Drawing::Local), Some(Answer::NoWinner)) => {}
            other => panic!("{}: {other:?}", experiment.name),
        }
    }
    assert!(best.len() >= 3 && spec.experiments.iter().any(|e| e.expect == Some(Answer::NoWinner)));
}

#[test]
fn overrides_reach_all_experiments_or_one() {
    let spec = with(&["train.iterations=3", "model.base_channels = 8", "two.train.iterations=5"]).unwrap();
    let iterations: Vec<_> = spec.experiments.iter().map(|e| e.train.iterations).collect();
    assert_eq!(iterations, [3, 5]);
    assert!(spec.experiments.iter().all(|e| e.model.base_channels == 8));
    let spec = with(&["infer={mode=\"whole\"}", "two.data=files", "rates=[[1,2],[1,3]]", "baseline=[1,2]"]).unwrap();
    assert!(spec.experiments.iter().all(|e| e.infer.window.is_none() && e.rates.len() == 2));
    assert_eq!(spec.experiments[1].data, DataSource::Files);
}

#[test]
fn overrides_may_need_each_other() {
    assert!(with(&["crop=[32,32]", "infer.mode=slide", "infer.window=[32,32]", "infer.stride=[21,21]"]).is_ok());
}

#[test]
fn error_override() {
    let cases = [
        (&["train.itrations=3"][..], "--set train.itrations=3: unknown key `itrations`"),
        (&["foo=3"], "--set foo=3: foo is neither a key"),
        (&["foo.crop=3"], "--set foo.crop=3: foo is neither a key"),
        (&["one=3"], "--set one=3: one is neither a key"),
        (&["train.lr=fast"], "--set train.lr=fast: invalid type"),
        (&["train.lr=0.1 0.2"], "--set train.lr=0.1 0.2: `0.1 0.2` is not a TOML value"),
        (&["train.lr"], "--set train.lr: expected key=value"),
        (&["train..lr=1"], "--set train..lr=1: expected key=value"),
        (&["name=x"], "--set name=x: names cannot be changed"),
        (&["train.batch=4", "train.lr=-1"], "--set train.batch=4 --set train.lr=-1: train.lr: must be"),
        (&["crop=[100,100]", "train.batch=4"], "--set crop=[100,100]: crop: sides must be multiples"),
        (&["rates=[[1,2]]"], "--set rates=[[1,2]]: baseline: must be one of"),
        (&["crop.x=1"], "--set crop.x=1: "),
    ];
    for (set, expected) in cases {
        let error = with(set).unwrap_err().to_string();
        assert!(error.starts_with(expected) && error.lines().count() == 1, "{set:?}: {error}");
    }
}

#[test]
fn seeds_and_only() {
    let seeds = |text: &str| {
        let overrides = Overrides { seeds: Some(text.into()), ..Overrides::default() };
        Spec::parse("small", "small.toml", SMALL, &overrides).map(|spec| spec.experiments[1].seeds.clone())
    };
    assert_eq!(seeds("3").unwrap(), [0, 1, 2]);
    assert_eq!(seeds("7,2").unwrap(), [7, 2]);
    assert_eq!(seeds("7,").unwrap(), [7]);
    for wrong in ["0", "x", "1,1", "-1,2", ""] {
        let error = seeds(wrong).unwrap_err().to_string();
        assert!(error.starts_with(&format!("--seeds {wrong}: ")), "{error}");
    }
    let only = |name: &str| {
        let overrides = Overrides { only: vec![name.into()], ..Overrides::default() };
        Spec::parse("small", "small.toml", SMALL, &overrides)
    };
    assert_eq!(only("two").unwrap().experiments.len(), 1);
    let error = only("three").unwrap_err().to_string();
    assert!(error.contains("--only three") && error.contains("one, two"), "{error}");
}

const SHARED: &str = r#"[defaults]
dataset  = "stare"
rates    = [[1, 6], [1, 12]]
baseline = [1, 12]
seeds    = [0, 1]
train    = { iterations = 10, batch = 2 }
infer    = { mode = "slide", window = [64, 64], stride = [43, 43] }
data     = { synthetic = { seed = 1, train = 2, val = 2 } }

[[experiment]]
name = "one"
data = { synthetic = { size = [64, 96] } }

[[experiment]]
name    = "two"
dataset = "isaid"
seeds   = [7]
train   = { batch = 4 }
infer   = { mode = "whole" }
data    = "files"
"#;

#[test]
fn defaults_lie_under_every_experiment() {
    let spec = parse(SHARED).unwrap();
    let [one, two] = &spec.experiments[..] else { panic!() };
    assert_eq!((&one.rates, &one.seeds, two.seeds[0]), (&two.rates, &vec![0, 1], 7));
    assert_eq!((one.train.iterations, two.train.iterations), (10, 10));
    assert_eq!((one.train.batch, two.train.batch), (2, 4));
    assert_eq!((one.dataset, two.dataset), (DatasetKind::STARE, DatasetKind::ISAID));
    // What neither says is the protocol of the experiment's own data set.
    assert_eq!((one.crop, two.crop), ([128, 128], [896, 896]));
    assert_eq!((one.infer.window, two.infer.window), (Some([64, 64]), None));
    assert_eq!((one.resize, &two.data), ([64, 96], &DataSource::Files));
}

#[test]
fn overrides_lie_over_defaults() {
    let set = |set: &[&str]| {
        let overrides = Overrides { set: set.iter().map(|s| s.to_string()).collect(), ..Overrides::default() };
        Spec::parse("small", "small.toml", SHARED, &overrides)
    };
    let spec = set(&["train.batch=8", "two.infer.flip=true", "one.infer.window=[80, 80]"]).unwrap();
    let [one, two] = &spec.experiments[..] else { panic!() };
    assert_eq!((one.train.batch, two.train.batch), (8, 8));
    assert_eq!((one.infer.window, one.infer.stride), (Some([80, 80]), Some([43, 43])));
    assert!(two.infer.flip && !one.infer.flip && two.infer.window.is_none());
    let error = set(&["defaults.train.batch=8"]).unwrap_err().to_string();
    assert!(error.starts_with("--set defaults.train.batch=8: defaults is neither a key"), "{error}");
}

#[test]
fn error_in_defaults_names_its_line() {
    let refused = |old: &str, new: &str| {
        assert!(SHARED.contains(old), "{old}");
        parse(&SHARED.replacen(old, new, 1)).unwrap_err().to_string()
    };
    let cases = [
        ("batch = 2", "bacth = 2", "small.toml:6: train.bacth: unknown key"),
        ("batch = 2", "lr = \"fast\"", "small.toml:6: train.lr: invalid type"),
        ("batch = 2", "lr = -1.0", "small.toml:6: train.lr: must be a number above 0"),
        ("batch = 4", "lr = -1.0", "small.toml:18: train.lr: must be a number above 0"),
        ("[[1, 6], [1, 12]]", "[[1, 6], [12, 1], [1, 12]]", "small.toml:3: rates[1]: rates must be ascending"),
        ("val = 2", "vall = 2", "small.toml:8: data.synthetic.vall: unknown key"),
        ("[defaults]", "[defaults]\nname = \"one\"", "small.toml:2: defaults.name: names cannot be shared"),
        (
            "[defaults]",
            "[defaults]\ncorp = [32, 32]",
            "small.toml:2: corp: unknown key `corp`, did you mean `crop`? Expected one of `name`",
        ),
        (
            "[defaults]",
            "[default]",
            "small.toml:1: default: unknown key `default`, did you mean `defaults`? Expected `defaults`",
        ),
        ("\"isaid\"", "\"pascal\"", "small.toml:16: dataset: unknown value `pascal`"),
    ];
    for (old, new, expected) in cases {
        let error = refused(old, new);
        assert!(error.starts_with(expected) && error.lines().count() == 1, "{new}: {error}");
    }
    assert!(parse("defaults = 3\nexperiment = []").unwrap_err().to_string().starts_with("small.toml:1: defaults: "));
}

#[test]
fn misspelt_keys_are_named_whatever_follows_from_them() {
    let error = refused("dataset  = \"isaid\"", "datset   = \"isaid\"\nmodel    = { kind = \"shallow\" }");
    assert!(error.starts_with("small.toml:11: datset: unknown key `datset`"), "{error}");
    let error = refused("dataset  = \"isaid\"", "dataset  = \"isaid\"\nmodel = { kind = \"shallow\", width = 3 }");
    assert!(error.starts_with("small.toml:12: model.width: unknown key"), "{error}");
}

#[test]
fn error_checksum_of_initial_weights() {
    let error = with(&["one.init={ weights = \"w.pth\", sha256 = \"00\" }"]).unwrap_err().to_string();
    assert!(error.contains("init.sha256: is taken from the file"), "{error}");
}

#[test]
fn the_keys_of_an_experiment_are_its_fields() {
    let error = refused("seeds    = [3]", "seeds    = [3]\nother = 1");
    let keys = Experiment::KEYS.map(|key| format!("`{key}`")).join(", ");
    assert!(error.ends_with(&format!("expected one of {keys}")), "{error}");
}
