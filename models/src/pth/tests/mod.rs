//! Checkpoints that are written by hand, and two by torch.

mod broken;
mod machine;
mod meta;
mod recorded;
mod selection;
mod views;
mod writer;

use std::collections::BTreeMap;

use super::{PthError, TorchFile, opcode as op};
use crate::values::Values;
use writer::*;

/// The tensors of a file.
fn read(bytes: &[u8]) -> Result<BTreeMap<String, Values>, PthError> {
    super::read(bytes).map(|file: TorchFile| file.tensors)
}

/// What a file of these holds, as the reader gives it.
fn tensors<const N: usize>(tensors: [(&str, &[usize], &[f32]); N]) -> BTreeMap<String, Values> {
    let owned = |(key, shape, data): (&str, &[usize], &[f32])| {
        (key.to_owned(), Values { shape: shape.to_vec(), data: data.to_vec() })
    };
    tensors.into_iter().map(owned).collect()
}

/// The message that a file is refused with, of one line.
fn refusal(bytes: &[u8]) -> String {
    let message = read(bytes).unwrap_err().to_string();
    assert!(!message.contains('\n') && message.len() < 400, "{message}");
    message
}

/// A tensor of two elements, 1 and 2, and the storage that it is in.
fn pair() -> (Code, (&'static str, Vec<u8>)) {
    (tensor(storage("FloatStorage", "0"), 0, &[2], &[1]), ("0", floats([1.0, 2.0])))
}

#[test]
fn files_of_torch_are_read() {
    let expected = tensors([
        ("weight", &[1, 2], &[1.5, -2.25]),
        ("bias", &[1], &[0.125]),
        ("t", &[3, 2], &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0]),
    ]);
    assert_eq!(read(recorded::LEGACY).unwrap(), expected);
    let expected = tensors([("t", &[3, 2], &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0])]);
    assert_eq!(read(recorded::ARCHIVE).unwrap(), expected);
}

#[test]
fn both_containers_hold_the_same() {
    let (pair, (key, bytes)) = pair();
    let value = ordered_dict(&[("a.weight", pair)]);
    let expected = tensors([("a.weight", &[2], &[1.0, 2.0])]);
    assert_eq!(read(&archive(&value, &[(key, bytes.clone())])).unwrap(), expected);
    assert_eq!(read(&legacy(&value, &[(key, 4, bytes)])).unwrap(), expected);
}

/// As `resnet50-19c8e357.pth` is written: texts are byte strings, an `OrderedDict` is made from
/// pairs, parameters have their state set, and a storage may be a part of another.
#[test]
fn files_of_python_2_are_read() {
    let text = |text: &str| [&[op::SHORT_BINSTRING, text.len() as u8], text.as_bytes()].concat();
    let storage = |part: Code| {
        let id =
            tuple(&[text("storage"), global("torch.cuda", "FloatStorage"), text("7"), text("cuda:0"), int(6), part]);
        [id, vec![op::BINPERSID]].concat()
    };
    let tensor = |part, offset, shape: &[i64], strides: &[i64]| {
        call("torch._utils", "_rebuild_tensor", &[storage(part), int(offset), ints(shape), ints(strides)])
    };
    let whole = tensor(none(), 0, &[2, 3], &[3, 1]);
    let parameter = [global("torch.nn.parameter", "Parameter"), tuple(&[whole]), vec![op::NEWOBJ]].concat();
    let parameter = [parameter, tuple(&[vec![op::NEWTRUE], none()]), vec![op::BUILD]].concat();
    let part = tensor(tuple(&[text("8"), int(2), int(3)]), 1, &[2], &[1]);
    let pairs = list(&[list(&[text("weight"), parameter]), list(&[text("part"), part])]);
    let file = legacy(&call("collections", "OrderedDict", &[pairs]), &[("7", 4, floats((0..6).map(|i| i as f32)))]);
    let expected = tensors([("weight", &[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), ("part", &[2], &[3.0, 4.0])]);
    assert_eq!(read(&file).unwrap(), expected);
}

#[test]
fn what_is_no_checkpoint_is_named() {
    let not = |bytes: &[u8]| refusal(bytes).strip_prefix("not a PyTorch checkpoint: ").unwrap().to_owned();
    assert_eq!(not(b""), "neither a zip archive nor a pickle");
    assert_eq!(not(b"\x89PNG\r\n\x1a\n"), "neither a zip archive nor a pickle");
    assert_eq!(not(&pickle(&int(3))), "a pickle without torch's magic number");
    assert_eq!(not(&zip(&[("picture/0.png", b"")])), "a zip archive without data.pkl");
    let mut tar = vec![0; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    assert_eq!(not(&tar), "a tar archive, as torch wrote before version 0.1.10");
    for entry in ["model/constants.pkl", "model/code/__torch__.py"] {
        let script = zip(&[("model/data.pkl", &pickle(&none())), (entry, b"")]);
        assert!(matches!(read(&script), Err(PthError::TorchScript)));
    }
}
