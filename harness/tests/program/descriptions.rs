//! Weights of other programs: those that say what they are, wrapped ones, broken ones, and those
//! of other networks.

use crate::place::{Place, file_with};
use atrous_models::{State, Values};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The recorded U-Net (rates 1, 12, 24, 36), changed, as `NAME.safetensors`.
fn write(place: &Place, name: &str, change: impl FnOnce(&mut State)) {
    let mut state = State::from_bytes(&fs::read("../models/tests/golden/unet_aspp.pth").unwrap()).unwrap();
    change(&mut state);
    fs::write(place.path(&format!("{name}.safetensors")), state.to_bytes()).unwrap();
}

/// A configuration as mmengine keeps it.
fn configuration(backbone: &str, head: &str) -> String {
    format!(
        "dataset_type = 'STAREDataset'\nmodel = dict(\n    type='EncoderDecoder',\n    data_preprocessor=None,\n    \
         backbone=dict(type='UNet', {backbone}),\n    decode_head=dict(type='ASPPHead', in_index=4, num_classes=2, \
         {head}),\n    auxiliary_head=dict(type='FCNHead'))\n"
    )
}

fn say(place: &Place, name: &str, backbone: &str, head: &str) {
    let cfg = configuration(backbone, head);
    write(place, name, |state| drop(state.metadata.insert("cfg".into(), cfg)));
}

#[test]
fn golden_weights_say_their_rates_and_their_data_set() {
    let place = Place::new();
    let root = place.drawn_stare().to_str().unwrap().to_owned();
    let score = |weights: &str, more: &[&str]| -> Value {
        let mut arguments = vec!["eval", "--weights", weights, "--data-root", &root, "--device", "flex"];
        arguments.extend(["--window", "32", "--stride", "21", "--limit", "1", "--json", "scores.json"]);
        arguments.extend(more);
        place.succeed(&arguments);
        let json: Value = serde_json::from_str(&fs::read_to_string(place.path("scores.json")).unwrap()).unwrap();
        json["confusion"].clone()
    };
    write(&place, "silent", |_| ());
    let [default, other] =
        ["1,12,24,36", "1,2,4,8"].map(|rates| score("silent.safetensors", &["--dataset", "stare", "--rates", rates]));
    assert_ne!(default, other);
    say(&place, "said", "base_channels=8", "dilations=(1, 2, 4, 8)");
    assert_eq!(score("said.safetensors", &[]), other);
    assert_eq!(score("said.safetensors", &["--rates", "1,2,4,8"]), other);
    // The head's own default.
    say(&place, "default", "base_channels=8", "channels=16");
    let six = score("silent.safetensors", &["--dataset", "stare", "--rates", "1,6,12,18"]);
    assert_eq!(score("default.safetensors", &[]), six);

    let refuse = |weights: &str, more: &[&str]| {
        place.refuse_untouched(&[&["eval", "--weights", weights, "--device", "flex"], more].concat())
    };
    let error = refuse("said.safetensors", &["--rates", "1,12,24,36"]);
    assert!(error.contains("it says [1, 2, 4, 8], --rates says [1, 12, 24, 36]"), "{error}");
    let error = refuse("said.safetensors", &["--align-corners"]);
    assert!(error.contains("it says false, --align-corners says true"), "{error}");
    for (backbone, head, wanted) in [
        ("enc_dilations=(1, 1, 1, 1, 2)", "channels=16", "model.backbone.enc_dilations = (1, 1, 1, 1, 2)"),
        ("upsample_cfg=dict(type='DeconvModule')", "channels=16", "upsample_cfg.type = 'DeconvModule'"),
        ("base_channels=8", "act_cfg=dict(type='GELU')", "model.decode_head.act_cfg.type = 'GELU'"),
    ] {
        say(&place, "strange", backbone, head);
        let error = refuse("strange.safetensors", &[]);
        assert!(error.contains("strange.safetensors cannot be used") && error.contains(wanted), "{error}");
    }
}

#[test]
fn golden_weights_in_wrappers_are_the_same() {
    let place = Place::new();
    let root = place.drawn_stare();
    let image = file_with(&root, "im0001.ppm").to_str().unwrap().to_owned();
    let predict = |weights: &str| {
        let out = format!("of-{weights}");
        place.succeed(&[
            "predict",
            "--weights",
            weights,
            "--dataset",
            "stare",
            "--device",
            "flex",
            "--whole",
            "--resize",
            "32,48",
            "--out",
            &out,
            &image,
        ]);
        fs::read(place.path(&out).join("im0001-mask.png")).unwrap()
    };
    write(&place, "plain", |_| ());
    let wanted = predict("plain.safetensors");
    for wrapper in ["_orig_mod.", "module._orig_mod.", "model.", "ema.module."] {
        write(&place, "wrapped", |state| {
            let tensors = std::mem::take(&mut state.tensors);
            state.tensors = tensors.into_iter().map(|(key, values)| (format!("{wrapper}{key}"), values)).collect();
        });
        assert_eq!(predict("wrapped.safetensors"), wanted, "{wrapper}");
        fs::remove_dir_all(place.path("of-wrapped.safetensors")).unwrap();
    }
}

/// `eval`, `predict`, `erf` and the key `init` name the file and the key.
#[test]
fn weights_that_are_not_numbers_are_refused() {
    let place = Place::new();
    place.drawn_stare();
    let key = "decode_head.bottleneck.bn.running_var";
    for value in [f32::NAN, f32::NEG_INFINITY] {
        write(&place, "broken", |state| state.tensors.get_mut(key).unwrap().data[1] = value);
        fs::write(place.path("eye.png"), []).unwrap();
        let weights = ["--weights", "broken.safetensors", "--dataset", "stare", "--device", "flex"];
        let commands: [&[&str]; 3] = [&["eval"], &["predict", "eye.png"], &["erf", "--out", "field", "eye.png"]];
        for command in commands {
            let error = place.refuse_untouched(&[command, &weights].concat());
            let wanted = format!("broken.safetensors: {key} holds values that are not numbers");
            assert!(error.contains(&wanted), "{command:?}: {error}");
        }
        let init = ["--set", "stare-ci.init={ weights = \"broken.safetensors\" }"];
        let output = place
            .run(&[&["sweep", "ci", "--only", "stare-ci", "--limit", "1", "--device", "flex"], &init[..]].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("broken.safetensors") && stderr.contains(key), "{stderr}");
    }
}

/// Weights of other networks are refused as what they are.
#[test]
fn other_networks_are_named() {
    let place = Place::new();
    let refuse = |name: &str, keys: &[&str]| {
        let values = Values { shape: vec![1, 1, 1, 1], data: vec![1.0] };
        let tensors = keys.iter().map(|key| ((*key).to_owned(), values.clone())).collect();
        let path = place.path(name);
        fs::write(&path, State { tensors, ..State::default() }.to_bytes()).unwrap();
        let error = place.refuse_untouched(&["eval", "--weights", name, "--dataset", "stare", "--device", "flex"]);
        assert!(error.contains(Path::new(name).to_str().unwrap()), "{error}");
        error
    };
    let attention = "backbone.layers.0.1.0.attn.attn.in_proj_weight";
    let error = refuse("mit.safetensors", &[attention, "decode_head.convs.0.conv.weight"]);
    assert!(error.contains("it is of SegFormer"), "{error}");
    let error = refuse(
        "hrnet.safetensors",
        &["backbone.stage4.0.branches.0.0.conv1.weight", "decode_head.convs.0.conv.weight"],
    );
    assert!(error.contains("it is of FCN on HRNet"), "{error}");
    let keys = [
        "module.backbone.layer4.0.conv1.weight",
        "module.classifier.0.convs.0.0.weight",
        "module.classifier.0.project.0.weight",
    ];
    let error = refuse("tv.safetensors", &keys);
    assert!(error.contains("it is of DeepLabV3 of torchvision"), "{error}");
}
