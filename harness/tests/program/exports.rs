//! Networks for other programs: ONNX, and what a path to weights may be.

use crate::place::{Place, files};
use atrous_models::onnx_graph::TensorProto;
use atrous_models::protobuf::{ProtoValue, read_fields};
use std::fs;

/// The folder of the only run of a sweep of one iteration.
fn trained(place: &Place) -> String {
    let sweep = ["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--limit", "1", "--set"];
    place.succeed(&[&sweep[..], &["train.iterations=1"]].concat());
    let result = files(&place.path("runs")).into_iter().find(|path| path.ends_with("result.json")).unwrap();
    result.parent().unwrap().to_str().unwrap().to_owned()
}

/// The values of a field of a message.
fn bytes(message: &[u8], field: u32) -> Vec<Vec<u8>> {
    let value = |(number, value)| match value {
        ProtoValue::Bytes(bytes) if number == field => Some(bytes),
        _ => None,
    };
    read_fields(message).unwrap().into_iter().filter_map(value).collect()
}

fn texts(message: &[u8], field: u32) -> Vec<String> {
    bytes(message, field).iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
}

#[test]
fn a_network_is_exported_as_onnx_with_its_test_data() {
    let place = Place::new();
    let run = trained(&place);
    let text = place.succeed(&["export", &run, "--out", "net.onnx", "--test-data", "data"]);
    assert!(text.starts_with("net.onnx: unet-s5-d16, rates "), "{text}");
    let file = fs::read(place.path("net.onnx")).unwrap();
    let metadata: Vec<String> = texts(&file, 14);
    assert!(metadata.iter().any(|entry| entry.contains("background,vessel")), "{metadata:?}");
    let graph = bytes(&file, 7).remove(0);
    let names = |field: u32| bytes(&graph, field).iter().map(|value| texts(value, 1).remove(0)).collect::<Vec<_>>();
    assert_eq!((names(11), names(12)), (vec!["image".to_owned()], vec!["logits".to_owned()]));
    let mean = TensorProto::floats("mean", &[1, 3, 1, 1], &[123.675, 116.28, 103.53]);
    assert!(bytes(&graph, 5).contains(&mean.to_bytes()));
    for (set, [height, width]) in [[64, 96], [37, 53], [101, 67]].into_iter().enumerate() {
        for (file, channels) in [("input_0", 3), ("output_0", 2)] {
            let tensor = fs::read(place.path(&format!("data/test_data_set_{set}/{file}.pb"))).unwrap();
            let dims: Vec<_> = read_fields(&tensor).unwrap().into_iter().filter(|(field, _)| *field == 1).collect();
            assert_eq!(dims, [1, channels, height, width].map(|side| (1, ProtoValue::Varint(side))));
            assert_eq!(bytes(&tensor, 9)[0].len() as u64, 4 * channels * height * width);
        }
    }
    // The same from the checkpoint itself.
    let checkpoint = format!("{run}/checkpoint.safetensors");
    place.succeed(&["export", &checkpoint, "--out", "same.onnx"]);
    assert!(fs::read(place.path("same.onnx")).unwrap() == fs::read(place.path("net.onnx")).unwrap());
    for (arguments, part) in [
        (&["export", &checkpoint, "--out", "net.pth"][..], "--out net.pth: the name has to end in .safetensors"),
        (&["export", &checkpoint, "--out", "net"], "or .onnx"),
        (&["export", &checkpoint, "--out", "net.onnx"], "net.onnx exists"),
        (&["export", "runs", "--out", "b.onnx"], "runs is no run's directory: it has no run.toml"),
        (&["export", "none", "--out", "b.onnx"], "none: there is no such file"),
        (&["export", &run, "--out", "b.onnx", "--test-data", "data"], "--test-data data: is there already"),
        (&["export", &run, "--out", "b.safetensors", "--test-data", "d"], "--test-data is for --out in .onnx"),
    ] {
        let error = place.refuse_untouched(arguments);
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}

#[test]
fn a_runs_directory_stands_for_its_checkpoint() {
    let place = Place::new();
    let run = trained(&place);
    let checkpoint = format!("{run}/checkpoint.safetensors");
    let folder = fs::read_dir(place.path("runs/ci/synthetic")).unwrap().next().unwrap().unwrap().path();
    let scores = |weights: &str| {
        place.succeed(&["eval", "--weights", weights, "--data-root", folder.to_str().unwrap(), "--device", "flex"])
    };
    assert_eq!(scores(&run), scores(&checkpoint));
    let image =
        files(&folder).into_iter().find(|path| path.is_file() && path.to_string_lossy().contains("images")).unwrap();
    let predict = ["predict", "--weights", &run, "--device", "flex", image.to_str().unwrap()];
    assert!(place.succeed(&predict).starts_with("1 mask"));
}
