//! Element types, strides and offsets.

use super::*;

/// A file with one tensor `x`, of a storage of this class and these bytes.
fn one(class: &str, bytes: &[u8], offset: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    archive(&dict(&[("x", tensor(storage(class, "0"), offset, shape, strides))]), &[("0", bytes.to_vec())])
}

fn values(file: &[u8]) -> Vec<f32> {
    read(file).unwrap().remove("x").unwrap().data
}

#[test]
fn element_types_become_f32() {
    let f16: Vec<u8> = [0x3c00_u16, 0xc000, 0x7c00, 0x0001].into_iter().flat_map(u16::to_le_bytes).collect();
    assert_eq!(values(&one("HalfStorage", &f16, 0, &[4], &[1])), [1.0, -2.0, f32::INFINITY, 2.0_f32.powi(-24)]);
    let bf16: Vec<u8> = [0x3f80_u16, 0xc040].into_iter().flat_map(u16::to_le_bytes).collect();
    assert_eq!(values(&one("BFloat16Storage", &bf16, 0, &[2], &[1])), [1.0, -3.0]);
    let f64: Vec<u8> = [0.1_f64, -1e300].into_iter().flat_map(f64::to_le_bytes).collect();
    assert_eq!(values(&one("DoubleStorage", &f64, 0, &[2], &[1])), [0.1, f32::NEG_INFINITY]);
}

#[test]
fn integers_and_booleans_are_left_out() {
    let (pair, (_, bytes)) = pair();
    for class in ["LongStorage", "IntStorage", "ShortStorage", "CharStorage", "ByteStorage", "BoolStorage"] {
        let counter = tensor(storage(class, "1"), 0, &[], &[]);
        let value = dict(&[("counter", counter), ("x", pair.clone())]);
        let file = archive(&value, &[("0", bytes.clone()), ("1", vec![0; 8])]);
        assert_eq!(read(&file).unwrap(), tensors([("x", &[2], &[1.0, 2.0])]), "{class}");
    }
}

#[test]
fn strides_and_offsets_are_honoured() {
    let bytes = floats((0..24).map(|i| i as f32));
    // Indexes of a tensor of 24 elements are its values.
    let check = |offset: i64, shape: &[i64], strides: &[i64]| {
        let mut places = vec![offset];
        for (&size, &stride) in shape.iter().zip(strides) {
            places = places.into_iter().flat_map(|place| (0..size).map(move |i| place + i * stride)).collect();
        }
        let expected: Vec<f32> = places.into_iter().map(|place| place as f32).collect();
        assert_eq!(values(&one("FloatStorage", &bytes, offset, shape, strides)), expected, "{shape:?} {strides:?}");
    };
    check(0, &[2, 3, 4], &[12, 4, 1]);
    check(0, &[4, 3, 2], &[1, 4, 12]);
    check(5, &[3, 2], &[2, 7]);
    check(23, &[], &[]);
    check(2, &[1, 4, 1], &[i64::MAX, 3, i64::MAX]);
    check(4, &[3, 2], &[0, 1]);
    check(24, &[0, 3], &[3, 1]);
}

#[test]
fn one_storage_may_have_several_views() {
    let view = |offset| tensor(storage("FloatStorage", "0"), offset, &[2], &[1]);
    let file = archive(&dict(&[("a", view(0)), ("b", view(1)), ("c", view(0))]), &[("0", floats([1.0, 2.0, 3.0]))]);
    let expected = tensors([("a", &[2], &[1.0, 2.0]), ("b", &[2], &[2.0, 3.0]), ("c", &[2], &[1.0, 2.0])]);
    assert_eq!(read(&file).unwrap(), expected);
}

#[test]
fn a_view_past_its_storage_is_an_error() {
    let bytes = floats([1.0, 2.0, 3.0]);
    let message = |offset: i64, shape: &[i64], strides: &[i64]| {
        refusal(&one("FloatStorage", &bytes, offset, shape, strides)).strip_prefix("tensor x: ").unwrap().to_owned()
    };
    assert_eq!(message(2, &[2], &[1]), "storage too short: 4 elements are needed, 3 are there");
    assert_eq!(message(0, &[2, 2], &[2, 1]), "storage too short: 4 elements are needed, 3 are there");
    assert!(message(i64::MAX, &[1], &[1]).starts_with("storage too short"));
    assert!(message(i64::MAX, &[i64::MAX; 9], &[i64::MAX; 9]).starts_with("storage too short"));
    assert!(message(0, &[i64::MAX; 9], &[0; 9]).ends_with("elements are made from a storage of 3"));
    assert_eq!(message(0, &[65_537], &[0]), "65537 elements are made from a storage of 3");
    assert_eq!(values(&one("FloatStorage", &bytes, 0, &[65_536], &[0])).len(), 65_536);
    for (offset, shape, strides) in [(-1, [2], [1]), (0, [-2], [1]), (0, [2], [-1])] {
        assert_eq!(message(offset, &shape, &strides), "it is not described as torch does");
    }
    assert_eq!(message(0, &[2], &[]), "it is not described as torch does");
    assert_eq!(message(0, &[1; 65], &[1; 65]), "it is not described as torch does");
}

#[test]
fn wrapped_tensors_are_found() {
    let (pair, (key, bytes)) = pair();
    let parameter = call("torch._utils", "_rebuild_parameter", &[pair, vec![op::NEWTRUE], ordered_dict(&[])]);
    let arguments = [storage("FloatStorage", "0"), int(1), ints(&[1]), ints(&[1]), vec![op::NEWFALSE], none()];
    let rebuild = global("torch._utils", "_rebuild_tensor_v2");
    let class = global("torch", "Tensor");
    let subclass = call("torch._tensor", "_rebuild_from_type_v2", &[rebuild, class, tuple(&arguments), dict(&[])]);
    let file = archive(&dict(&[("a", parameter), ("b", subclass)]), &[(key, bytes)]);
    assert_eq!(read(&file).unwrap(), tensors([("a", &[2], &[1.0, 2.0]), ("b", &[1], &[2.0])]));
}

#[test]
fn other_tensors_are_errors_that_name_them() {
    let message = |x: Code| refusal(&archive(&dict(&[("x", x)]), &[("0", vec![0; 64])]));
    let view = |class| tensor(storage(class, "0"), 0, &[1], &[1]);
    assert_eq!(message(view("ComplexFloatStorage")), "tensor x: element type ComplexFloatStorage is not supported");
    assert_eq!(message(view("QUInt8Storage")), "tensor x: element type QUInt8Storage is not supported");
    for name in ["_rebuild_sparse_tensor", "_rebuild_qtensor", "_rebuild_meta_tensor_no_storage"] {
        let expected = format!("tensor x: a tensor made by {name} is not supported");
        assert_eq!(message(call("torch._utils", name, &[])), expected);
    }
    let storage = storage("FloatStorage", "0");
    let negated = dict(&[("neg", vec![op::NEWTRUE])]);
    let arguments = [storage, int(0), ints(&[1]), ints(&[1]), vec![op::NEWFALSE], none(), negated];
    let expected = "tensor x: a negated or conjugated view is not supported";
    assert_eq!(message(call("torch._utils", "_rebuild_tensor_v2", &arguments)), expected);
    // The bytes of a storage within the pickle.
    let loaded = call("torch.storage", "_load_from_bytes", &[none()]);
    assert_eq!(message(tensor(loaded, 0, &[1], &[1])), "tensor x: it is not described as torch does");
    let missing = archive(&dict(&[("x", view("FloatStorage"))]), &[]);
    assert_eq!(refusal(&missing), "tensor x: no storage 0");
}
