//! Event files for TensorBoard.

use crate::place::{Place, files};
use atrous_models::protobuf::{ProtoValue, read_fields};
use std::fs;
use std::path::Path;

/// Step and name of every value in an event file.
fn values(path: &Path) -> Vec<(u64, String)> {
    let bytes = fs::read(path).unwrap();
    let (mut rest, mut values) = (&bytes[..], Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<8>() {
        let length = u64::from_le_bytes(*length) as usize;
        let fields = read_fields(&after[4..4 + length]).unwrap();
        rest = &after[4 + length + 4..];
        let step = fields.iter().find_map(|(field, value)| match value {
            ProtoValue::Varint(step) if *field == 2 => Some(*step),
            _ => None,
        });
        let summaries = fields.iter().filter_map(|(field, value)| match value {
            ProtoValue::Bytes(bytes) if *field == 5 => Some(bytes),
            _ => None,
        });
        for (_, value) in summaries.flat_map(|summary| read_fields(summary).unwrap()) {
            let ProtoValue::Bytes(value) = value else { panic!("{value:?}") };
            let Some((1, ProtoValue::Bytes(tag))) = read_fields(&value).unwrap().into_iter().next() else { panic!() };
            values.push((step.unwrap(), String::from_utf8(tag).unwrap()));
        }
    }
    values
}

fn steps(values: &[(u64, String)], tag: &str) -> Vec<u64> {
    values.iter().filter(|(_, found)| found == tag).map(|(step, _)| *step).collect()
}

#[test]
fn each_run_has_its_event_file() {
    let place = Place::new();
    let sweep = ["sweep", "ci", "--device", "flex", "--only", "stare-ci", "--set", "train.eval_every=2"];
    place.succeed(&[&sweep[..], &["--tensorboard", "board"]].concat());
    let event_files = || files(&place.path("board")).into_iter().filter(|path| path.is_file()).collect::<Vec<_>>();
    let found = event_files();
    assert_eq!(found.len(), 2, "{found:?}");
    for path in &found {
        let run = path.parent().unwrap().strip_prefix(place.path("board")).unwrap();
        assert!(place.path("runs/ci").join(run).join("result.json").is_file(), "{run:?}");
        let values = values(path);
        for tag in ["loss/total", "loss/decode", "loss/auxiliary", "lr"] {
            assert_eq!(steps(&values, tag), [0, 1, 2, 3], "{tag}");
        }
        for tag in ["val/mIoU", "val/mDice", "val/aAcc"] {
            assert_eq!(steps(&values, tag), [2, 4], "{tag}");
        }
    }
    // Finished runs are not written again, and nobody gets files who has not asked for them.
    place.succeed(&sweep);
    assert_eq!(event_files(), found);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let place = Place::new();
    fs::write(place.path("file"), "").unwrap();
    let arguments = ["sweep", "ci", "--device", "flex", "--limit", "1", "--tensorboard", "file/board"];
    let error = place.refuse(&arguments);
    assert!(error.contains("--tensorboard") && error.contains("file/board"), "{error}");
}
