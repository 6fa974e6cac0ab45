//! What `meta` says of the network.

use super::*;

/// `cfg` and `classes` of a file with this `meta`.
fn said(meta: Code) -> [Option<String>; 2] {
    let (pair, (key, bytes)) = pair();
    let top = dict(&[("meta", meta), ("state_dict", ordered_dict(&[("a", pair)]))]);
    let file = super::super::read(&archive(&top, &[(key, bytes)])).unwrap();
    assert_eq!(file.tensors.len(), 1);
    ["cfg", "classes"].map(|key| file.metadata.get(key).cloned())
}

fn float(value: f64) -> Code {
    [&[op::BINFLOAT], value.to_be_bytes().as_slice()].concat()
}

/// An object that is made with `__reduce_ex__` and given a state.
fn object(module: &str, name: &str, arguments: &[Code], state: Code) -> Code {
    [global(module, name), tuple(arguments), vec![op::NEWOBJ], state, vec![op::BUILD]].concat()
}

#[test]
fn a_configuration_is_text() {
    let cfg = "model = dict(\n    type='EncoderDecoder')\n";
    let classes = || tuple(&[text("road"), text("it's")]);
    let meta = dict(&[("cfg", text(cfg)), ("dataset_meta", dict(&[("classes", classes())]))]);
    assert_eq!(said(meta), [Some(cfg.to_owned()), Some("['road', 'it\\'s', ]".to_owned())]);
    // As mmcv names them.
    let meta = dict(&[("config", text(cfg)), ("CLASSES", classes())]);
    assert_eq!(said(meta), [Some(cfg.to_owned()), Some("['road', 'it\\'s', ]".to_owned())]);
    assert_eq!(said(dict(&[("epoch", int(3))])), [None, None]);
    assert_eq!(said(none()), [None, None]);
}

#[test]
fn a_configuration_is_an_object() {
    let wanted = "model = {'decode_head': {'dilations': [1, 2, ], 'dropout_ratio': 1e-1, 'type': 'ASPPHead', 'x': unknown, }, }\n";
    let head = || {
        let class = global("mmseg.models", "ASPPHead");
        dict(&[
            ("dilations", ints(&[1, 2])),
            ("dropout_ratio", float(0.1)),
            ("type", class),
            ("x", vec![op::EMPTY_SET]),
        ])
    };
    let model = || dict(&[("decode_head", head())]);
    let all = || dict(&[("model", model()), ("log_level", text("INFO"))]);
    assert_eq!(said(dict(&[("cfg", all())]))[0].as_deref(), Some(wanted));
    // mmengine's and mmcv's classes: made of a dict, or empty and filled.
    let inner = call("mmengine.config.config", "ConfigDict", &[head()]);
    let inner = call("mmengine.config.config", "ConfigDict", &[dict(&[("decode_head", inner)])]);
    let inner = dict(&[("model", inner)]);
    let state = tuple(&[inner, none(), text("# a file"), dict(&[])]);
    let config = object("mmengine.config.config", "Config", &[], state);
    assert_eq!(said(dict(&[("cfg", config)]))[0].as_deref(), Some(wanted));
    let filled = [call("mmcv.utils.config", "ConfigDict", &[]), text("model"), model(), vec![op::SETITEM]].concat();
    let config = object("mmcv.utils.config", "Config", &[], dict(&[("_cfg_dict", filled)]));
    assert_eq!(said(dict(&[("config", config)]))[0].as_deref(), Some(wanted));
    // A class of another module is not looked into.
    let other = call("evil.config", "ConfigDict", &[all()]);
    assert_eq!(said(dict(&[("cfg", other)]))[0], None);
}

#[test]
fn a_configuration_without_end_is_left_out() {
    // A list that holds itself, and one that holds another twice, and so on.
    let own = [vec![op::EMPTY_LIST, op::BINPUT, 1, op::BINGET, 1, op::APPEND]].concat();
    assert_eq!(said(dict(&[("cfg", dict(&[("model", own)]))]))[0], None);
    let mut doubled = list(&[text(&"x".repeat(50))]);
    for memo in 2..40 {
        let first = [doubled, vec![op::BINPUT, memo]].concat();
        doubled = list(&[first, vec![op::BINGET, memo]]);
    }
    assert_eq!(said(dict(&[("cfg", dict(&[("model", doubled)]))]))[0], None);
}
