//! Weights in and out: mmsegmentation's files, initial weights, exported ones, batches for other
//! programs.

use crate::place::{Place, file_with};
use atrous_models::State;
use safetensors::tensor::{Dtype, SafeTensors};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A U-Net of two classes with the rates 1, 12, 24, 36, 8 base and 16 ASPP channels, as
/// mmsegmentation wrote it.
fn recorded_unet(place: &Place) {
    fs::copy("../models/tests/golden/unet_aspp.pth", place.path("unet.pth")).unwrap();
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn golden_weights_are_scored() {
    let place = Place::new();
    recorded_unet(&place);
    let root = place.drawn_stare().to_str().unwrap().to_owned();
    let eval = |more: &[&str]| {
        let mut arguments = vec!["eval", "--weights", "unet.pth", "--dataset", "stare", "--data-root", &root];
        arguments.extend(["--device", "flex", "--window", "32", "--stride", "21", "--json", "scores.json"]);
        arguments.extend(more);
        let text = place.succeed(&arguments);
        (text, json(&place.path("scores.json"))["confusion"].clone())
    };
    let (text, plain) = eval(&[]);
    assert!(text.starts_with("STARE val, 2 images") && text.contains("vessel"), "{text}");
    let (_, with_rates) = eval(&["--rates", "1,12,24,36"]);
    assert_eq!(plain, with_rates);
    let (_, other_rates) = eval(&["--rates", "1,2,4,8"]);
    assert_ne!(plain, other_rates);
    let (_, augmented) = eval(&["--ratios", "0.75,1,1.25", "--flip"]);
    assert_ne!(plain, augmented);
    let (text, one) = eval(&["--limit", "1"]);
    assert!(text.starts_with("STARE val, 1 image\n"), "{text}");
    let sum =
        |confusion: &Value| -> u64 { confusion["counts"].as_array().unwrap().iter().flat_map(Value::as_u64).sum() };
    assert_eq!(2 * sum(&one), sum(&plain));
    let image = file_with(Path::new(&root), "im0001.ppm").to_str().unwrap().to_owned();
    let predict = ["predict", "--weights", "unet.pth", "--dataset", "stare", "--device", "flex", "--whole", &image];
    assert!(place.succeed(&predict).starts_with("1 mask, each"));
}

#[test]
fn golden_weights_that_do_not_fit_are_refused() {
    let place = Place::new();
    recorded_unet(&place);
    let refuse = |more: &[&str]| {
        let mut arguments = vec!["eval", "--weights", "unet.pth", "--device", "flex"];
        arguments.extend(more);
        place.refuse_untouched(&arguments)
    };
    let error = refuse(&[]);
    assert!(
        error.contains("unet.pth cannot be used: it does not say what it was trained on: give --dataset"),
        "{error}"
    );
    let error = refuse(&["--dataset", "cityscapes"]);
    assert!(error.contains("--dataset cityscapes has 19 classes, the network has 2"), "{error}");
    let error = refuse(&["--dataset", "stare", "--rates", "1,12,24"]);
    assert!(error.contains("its ASPP has 4 branches, not one for each of the 3 rates"), "{error}");
    let error = refuse(&["--dataset", "stare", "--rates", "2,12,24,36"]);
    assert!(error.contains("branch 0 is a 1x1 convolution"), "{error}");
    let error = refuse(&["--dataset", "stare", "--output-stride", "8"]);
    assert!(error.contains("--output-stride is for a ResNet"), "{error}");
    let error = refuse(&["--dataset", "stare", "--window", "30", "--stride", "20"]);
    assert!(error.contains("--window sides must be multiples of 16"), "{error}");
    let error = refuse(&["--dataset", "stare", "--ratios", "0"]);
    assert!(error.contains("--ratios must be numbers from 0.1 to 10"), "{error}");
    let cut = fs::read(place.path("unet.pth")).unwrap();
    fs::write(place.path("unet.pth"), &cut[..cut.len() / 2]).unwrap();
    assert!(refuse(&["--dataset", "stare"]).contains("unet.pth holds no weights"));
}

/// The recorded network without the keys that begin like this, as `less.safetensors`.
fn without(place: &Place, part: &str) {
    let mut state = State::from_bytes(&fs::read(place.path("unet.pth")).unwrap()).unwrap();
    state.tensors.retain(|key, _| !key.starts_with(part));
    fs::write(place.path("less.safetensors"), state.to_bytes()).unwrap();
}

#[test]
fn golden_weights_may_lack_the_auxiliary_head() {
    let place = Place::new();
    recorded_unet(&place);
    let root = place.drawn_stare().to_str().unwrap().to_owned();
    let eval = |weights: &'static str, more: &[&'static str]| {
        let mut arguments =
            vec!["eval", "--weights", weights, "--dataset", "stare", "--device", "flex", "--limit", "1"];
        arguments.extend(["--window", "32", "--stride", "21", "--json", "scores.json"]);
        arguments.extend(more);
        arguments
    };
    let with_root = |arguments: Vec<&str>| {
        [arguments, vec!["--data-root", &root]].concat().into_iter().map(String::from).collect::<Vec<_>>()
    };
    let score = |arguments: Vec<&str>| {
        let arguments = with_root(arguments);
        place.succeed(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        json(&place.path("scores.json"))["confusion"].clone()
    };
    let whole = score(eval("unet.pth", &[]));
    without(&place, "auxiliary_head");
    let error = place.refuse_untouched(&eval("less.safetensors", &[]));
    assert!(error.contains("7 missing: auxiliary_head.conv_seg.bias, auxiliary_head.conv_seg.weight"), "{error}");
    assert_eq!(score(eval("less.safetensors", &["--allow-missing", "auxiliary_head"])), whole);
    // What fits is used, whatever is allowed.
    assert_eq!(score(eval("unet.pth", &["--allow-superfluous", "decode_head,backbone"])), whole);
    without(&place, "decode_head.bottleneck");
    let error = place.refuse_untouched(&eval("less.safetensors", &["--allow-missing", "decode_head"]));
    assert!(error.contains("decode_head.bottleneck.bn.bias would be random"), "{error}");
}

/// A spec that starts from the recorded network.
fn spec(place: &Place, init: &str) {
    let spec = format!(
        r#"
[[experiment]]
name     = "stare"
dataset  = "stare"
model    = {{ base_channels = 8, aspp_channels = 16 }}
init     = {{ {init} }}
crop     = [32, 32]
rates    = [[1, 12, 24, 36]]
baseline = [1, 12, 24, 36]
seeds    = [0]
train    = {{ iterations = 2, batch = 2, dropout = 0.0, lr = 0.001 }}
infer    = {{ mode = "slide", window = [32, 32], stride = [21, 21] }}
data     = {{ synthetic = {{ seed = 1, train = 3, val = 1, size = [48, 64] }} }}
"#
    );
    fs::write(place.path("init.toml"), spec).unwrap();
}

#[test]
fn golden_weights_are_trained_on_and_exported() {
    let place = Place::new();
    recorded_unet(&place);
    let train = ["train", "init.toml", "--experiment", "stare", "--device", "flex", "--out", "out"];
    spec(&place, r#"weights = "absent.pth""#);
    let error = place.refuse_untouched(&train);
    assert!(error.contains("init.toml") && error.contains("init.weights: cannot read absent.pth"), "{error}");

    spec(&place, r#"weights = "unet.pth""#);
    place.succeed(&train);
    let row = fs::read_to_string(place.path("out/results.csv")).unwrap();
    let checksum = json(&file_with(&place.path("out"), "result.json"))["settings"]["init"]["sha256"].clone();
    assert!(row.contains(checksum.as_str().unwrap()), "{row}");

    // Two steps at a small rate move the weights a little, from where the file had them.
    let checkpoint = file_with(&place.path("out"), "checkpoint.safetensors").to_str().unwrap().to_owned();
    place.succeed(&["export", &checkpoint, "--out", "weights.safetensors"]);
    let bytes = fs::read(place.path("weights.safetensors")).unwrap();
    let exported = SafeTensors::deserialize(&bytes).unwrap();
    let keys: Value = serde_json::from_slice(&fs::read("../models/tests/golden/keys.json").unwrap()).unwrap();
    let mut wanted: Vec<&String> = keys["unet_s5_d16_deeplabv3_2cls"].as_object().unwrap().keys().collect();
    let mut names = exported.names();
    wanted.sort();
    names.sort();
    assert!(names.iter().eq(wanted.iter()), "{names:?}");
    let counter = exported.tensor("decode_head.bottleneck.bn.num_batches_tracked").unwrap();
    assert_eq!((counter.dtype(), counter.data()), (Dtype::I64, &2i64.to_le_bytes()[..]));
    let source = State::from_bytes(&fs::read(place.path("unet.pth")).unwrap()).unwrap();
    let state = State::from_bytes(&bytes).unwrap();
    let key = "decode_head.aspp_modules.1.conv.weight";
    let moves = source.tensors[key].data.iter().zip(&state.tensors[key].data).map(|(a, b)| (a - b).abs());
    let (least, most) = moves.fold((f32::INFINITY, 0.0f32), |(l, m), v| (l.min(v), m.max(v)));
    assert!(most > 0.0 && most < 0.05 && least < most, "{least} {most}");
    let error = place.refuse_untouched(&["export", &checkpoint, "--out", "weights.safetensors"]);
    assert!(error.contains("weights.safetensors exists"), "{error}");
    loads_in_the_reference(&place);
}

/// mmsegmentation itself loads the exported file, key by key, where the environment of
/// `scripts/parity` is there.
fn loads_in_the_reference(place: &Place) {
    let root = Path::new("..").canonicalize().unwrap();
    let python = std::env::var_os("ATROUS_PYTHON")
        .map_or_else(|| root.join("target/parity/venv/bin/python"), std::path::PathBuf::from);
    if !python.is_file() {
        println!("skipped: no {} (scripts/parity/run.sh makes it)", python.display());
        return;
    }
    let script = root.join("scripts/parity/load.py");
    let output = Command::new(python).arg(script).arg(place.path("weights.safetensors")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("all keys match"), "{text}");
}

/// After one step at a rate that moves nothing, the weights are those that it started from.
fn started_from(place: &Place, init: &str) -> State {
    spec(place, init);
    let still = ["--set", "train.lr=1e-30", "--set", "train.lr_min=0", "--set", "train.iterations=1"];
    place.succeed(
        &[&["train", "init.toml", "--experiment", "stare", "--device", "flex", "--out", "out"], &still[..]].concat(),
    );
    let checkpoint = file_with(&place.path("out"), "checkpoint.safetensors");
    State::from_bytes(&fs::read(checkpoint).unwrap()).unwrap()
}

#[test]
fn a_backbone_alone_is_trained_on() {
    let place = Place::new();
    recorded_unet(&place);
    let source = State::from_bytes(&fs::read(place.path("unet.pth")).unwrap()).unwrap();
    let network = started_from(&place, r#"weights = "unet.pth""#);
    fs::remove_dir_all(place.path("out")).unwrap();
    let backbone = started_from(&place, r#"weights = "unet.pth", part = "backbone""#);
    fs::remove_dir_all(place.path("out")).unwrap();
    let inits = r#"weights = "less.safetensors", allow_missing = ["decode_head.conv_seg"]"#;
    without(&place, "decode_head.conv_seg");
    let headless = started_from(&place, inits);
    for (key, values) in source.tensors.iter().filter(|(key, _)| !key.contains("running_")) {
        assert_eq!(&network.tensors[key], values, "{key}");
        let random = |key: &str| key.contains("conv.weight") || key.ends_with("conv_seg.weight");
        if key.starts_with("backbone.") {
            assert_eq!(&backbone.tensors[key], values, "{key}");
        } else if random(key) {
            assert_ne!(&backbone.tensors[key], values, "{key}");
        }
        let kept = !key.starts_with("decode_head.conv_seg");
        assert!(!random(key) || (headless.tensors[key] == *values) == kept, "{key}");
    }
}

/// A narrow DeepLabV3 of each kind: what is exported is scored like the checkpoint, and says itself
/// what it is.
#[test]
fn deeplabv3_is_trained_exported_and_scored() {
    for model in [
        r#"kind = "deeplabv3-r18-d8""#,
        r#"kind = "deeplabv3-r50-d8""#,
        r#"kind = "deeplabv3-r50-d16", align_corners = true"#,
        r#"kind = "deeplabv3-r101-d8", stem = "plain""#,
    ] {
        let place = Place::new();
        let spec = format!(
            r#"
[[experiment]]
name     = "isaid"
dataset  = "isaid"
model    = {{ {model}, base_channels = 4, aspp_channels = 4 }}
crop     = [33, 65]
rates    = [[1, 2, 3]]
baseline = [1, 2, 3]
seeds    = [0]
train    = {{ iterations = 2, batch = 2, dice_weight = 3, precision = "mixed" }}
infer    = {{ mode = "slide", window = [33, 33], stride = [20, 20], ratios = [0.75, 1.0], flip = true }}
data     = {{ synthetic = {{ seed = 1, train = 3, val = 1, size = [48, 64] }} }}
"#
        );
        fs::write(place.path("narrow.toml"), spec).unwrap();
        place.succeed(&["sweep", "narrow.toml", "--device", "flex", "--out", "out"]);
        let confusion = json(&file_with(&place.path("out"), "result.json"))["confusion"].clone();
        let checkpoint = file_with(&place.path("out"), "checkpoint.safetensors").to_str().unwrap().to_owned();
        place.succeed(&["export", &checkpoint, "--out", "weights.safetensors"]);
        let drawn = fs::read_dir(place.path("out/synthetic")).unwrap().next().unwrap().unwrap().path();
        let mut eval = vec!["eval", "--weights", "weights.safetensors", "--data-root", drawn.to_str().unwrap()];
        eval.extend(["--device", "flex", "--window", "33", "--stride", "20", "--ratios", "0.75,1", "--flip"]);
        eval.extend(["--resize", "48,64", "--json", "scores.json"]);
        place.succeed(&eval);
        assert_eq!(json(&place.path("scores.json"))["confusion"], confusion, "{model}");
        let table = fs::read_to_string(place.path("out/table.md")).unwrap();
        let protocol = "cross entropy + 3 Dice, trained in mixed precision, at sizes 0.75, 1, with mirror images";
        assert!(table.contains(protocol), "{table}");
        eval.extend(["--rates", "1,2,4"]);
        let error = place.refuse(&eval);
        assert!(error.contains("it says [1, 2, 3], --rates says [1, 2, 4]"), "{error}");
    }
}

/// What `batches` writes is what training sees: the first loss of a run follows from them.
#[test]
fn batches_are_those_of_the_run() {
    let place = Place::new();
    recorded_unet(&place);
    spec(&place, r#"weights = "unet.pth""#);
    let batches =
        ["batches", "init.toml", "--experiment", "stare", "--iterations", "2", "--out", "batches.safetensors"];
    place.succeed(&batches);
    place.succeed(&["train", "init.toml", "--experiment", "stare", "--device", "flex", "--out", "out"]);
    let log = fs::read_to_string(file_with(&place.path("out"), "log.csv")).unwrap();
    let first: f64 = log.lines().nth(1).unwrap().split(',').nth(2).unwrap().parse().unwrap();

    use atrous_models::burn::tensor::{Device, Int, Tensor, TensorData};
    use atrous_models::{DropoutNoise, LossConfig, SegmentorConfig};
    let device = Device::flex();
    let bytes = fs::read(place.path("batches.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.names().len(), 4);
    let images = file.tensor("images.0").unwrap();
    assert_eq!(images.shape(), [2, 3, 32, 32]);
    let values: Vec<f32> = images.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    let images = Tensor::<4>::from_data(TensorData::new(values, [2, 3, 32, 32]), &device);
    let labels: Vec<i32> = file.tensor("labels.0").unwrap().data().iter().map(|v| i32::from(*v)).collect();
    let labels = Tensor::<3, Int>::from_data(TensorData::new(labels, [2, 32, 32]), &device);
    let mut network = SegmentorConfig::unet_s5_d16(8, 16, vec![1, 12, 24, 36], 2).init(0, &device);
    let weights = State::from_bytes(&fs::read(place.path("unet.pth")).unwrap()).unwrap();
    weights.load_into(&mut network).unwrap();
    let loss = LossConfig { auxiliary_weight: 0.4, dice_weight: 0.0 };
    let losses = network.losses(images, labels, loss, &mut DropoutNoise::new(0, 0, 0.0));
    let total = losses.total().into_data().iter::<f64>().next().unwrap();
    assert!((total - first).abs() < 1e-6 * first, "{total} is not {first}");
}
