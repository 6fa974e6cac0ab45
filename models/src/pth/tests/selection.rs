//! Which tensors are the state dict, and what is passed over beside them.

use std::slice::from_ref;

use super::*;

/// What is read of a file with this top level, in which tensors are those of [`pair`].
fn keys(value: &[u8]) -> Vec<String> {
    let (_, (key, bytes)) = pair();
    read(&archive(value, &[(key, bytes)])).unwrap().into_keys().collect()
}

#[test]
fn the_state_dict_may_be_nested() {
    let of = |key| dict(&[(key, pair().0)]);
    assert_eq!(keys(&dict(&[("model", of("b")), ("meta", of("c")), ("state_dict", of("a"))])), ["a"]);
    assert_eq!(keys(&dict(&[("model", of("b")), ("ema", of("c"))])), ["b"]);
    assert_eq!(keys(&of("a")), ["a"]);
    assert_eq!(keys(&of("model")), ["model"]);
    assert_eq!(keys(&dict(&[("a", pair().0), ("state_dict", none())])), ["a"]);
}

#[test]
fn a_later_entry_replaces_an_earlier_one() {
    let view = |offset| tensor(storage("FloatStorage", "0"), offset, &[1], &[1]);
    let file = archive(&dict(&[("a", view(0)), ("a", view(1))]), &[("0", floats([1.0, 2.0]))]);
    assert_eq!(read(&file).unwrap(), tensors([("a", &[1], &[2.0])]));
}

#[test]
fn what_is_no_tensor_is_passed_over() {
    let array = call("numpy._core.multiarray", "_reconstruct", &[global("numpy", "ndarray"), ints(&[0]), none()]);
    let array = [array, tuple(&[int(1), ints(&[3])]), vec![op::BUILD]].concat();
    let class = global("mmengine.logging.message_hub", "MessageHub");
    let hub = [class, tuple(&[]), vec![op::NEWOBJ], dict(&[("log", array.clone())]), vec![op::BUILD]].concat();
    let history = [hub.clone(), list(&[int(1)]), vec![op::APPEND]].concat();
    let settings = [call("Config", "Dict", &[]), text("a"), int(1), vec![op::SETITEM]].concat();
    let float = [&[op::BINFLOAT], 1.0_f64.to_be_bytes().as_slice()].concat();
    let sparse = call("torch._utils", "_rebuild_sparse_tensor", &[]);
    let state = ordered_dict(&[("a", pair().0), ("_extra_state", hub.clone()), ("step", int(3)), ("n", array)]);
    let state = [state, dict(&[("_metadata", dict(&[]))]), vec![op::BUILD]].concat();
    let top = dict(&[
        ("meta", dict(&[("settings", settings), ("time", float)])),
        ("message_hub", hub),
        ("history", history),
        ("optimizer", dict(&[("momentum", sparse)])),
        ("state_dict", state),
    ]);
    assert_eq!(keys(&top), ["a"]);
}

#[test]
fn a_malicious_pickle_has_no_effect() {
    let trace = std::env::temp_dir().join(format!("atrous-pth-{}", std::process::id()));
    let command = text(&format!("touch {}", trace.display()));
    let system = |module| call(module, "system", from_ref(&command));
    let instance = [&[op::MARK], command.as_slice(), b"iposix\nsystem\n"].concat();
    let by_stack = [text("os"), text("system"), vec![op::STACK_GLOBAL], tuple(from_ref(&command)), vec![op::REDUCE]];
    let eval = call("builtins", "eval", &[text("__import__('os')")]);
    let state = ordered_dict(&[("a", pair().0), ("b", system("os")), ("c", eval.clone()), ("d", instance)]);
    let state = [state, dict(&[("__setstate__", system("nt"))]), vec![op::BUILD]].concat();
    let top = dict(&[("first", system("posix")), ("state_dict", state), ("last", by_stack.concat()), ("e", eval)]);
    assert_eq!(keys(&top), ["a"]);
    let (_, (key, bytes)) = pair();
    assert_eq!(read(&legacy(&top, &[(key, 4, bytes)])).unwrap().len(), 1);
    assert!(!trace.exists());
}

#[test]
fn a_file_without_tensors_says_what_it_has() {
    let message = |value: Code| {
        let message = refusal(&archive(&value, &[("0", vec![0; 8])]));
        let start = "no floating-point tensor in the state dict; at the top level there is ";
        message.strip_prefix(start).unwrap().to_owned()
    };
    assert_eq!(message(dict(&[("epoch", int(1)), ("state_dict", dict(&[]))])), "epoch, state_dict");
    let counter = tensor(storage("LongStorage", "0"), 0, &[1], &[1]);
    assert_eq!(message(dict(&[("line\nbreak", counter)])), "line\\nbreak");
    assert_eq!(message(dict(&[])), "an empty dict");
    assert_eq!(message(list(&[pair().0])), "no dict (a whole model rather than its state_dict()?)");
    let names: Vec<String> = (0..12).map(|i| format!("{i:02}")).collect();
    let many: Vec<(&str, Code)> = names.iter().map(|name| (name.as_str(), none())).collect();
    assert_eq!(message(dict(&many)), "00, 01, 02, 03, 04, 05, 06, 07 and 4 more");
}
