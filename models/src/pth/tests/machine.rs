//! Single pickles.

use super::super::cursor::Cursor;
use super::super::machine::load;
use super::super::value::{Heap, Value};

fn run(pickle: &[u8]) -> Result<(Heap<'_>, Value<'_>), String> {
    load(&mut Cursor::new(pickle, 0)).map_err(|error| error.to_string())
}

fn value(pickle: &[u8]) -> Value<'_> {
    run(pickle).unwrap().1
}

#[test]
fn integers_of_every_width_are_read() {
    for (pickle, expected) in [
        (&b"K\xff."[..], 255),
        (b"M\xff\xff.", 65_535),
        (b"J\xfe\xff\xff\xff.", -2),
        (b"I-12\n.", -12),
        (b"L123L\n.", 123),
        (b"\x8a\x00.", 0),
        (b"\x8a\x01\xff.", -1),
        (b"\x8a\x02\xff\x00.", 255),
        (b"\x8b\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80.", i64::MIN),
    ] {
        assert_eq!(value(pickle), Value::Int(expected));
    }
    assert_eq!(value(b"\x8a\x09\0\0\0\0\0\0\0\0\x01."), Value::Long(b"\0\0\0\0\0\0\0\0\x01"));
    assert_eq!(value(b"I01\n."), Value::Bool(true));
    assert_eq!(value(b"I00\n."), Value::Bool(false));
}

#[test]
fn texts_of_every_protocol_are_read() {
    for pickle in [
        &b"S'a b'\n."[..],
        b"S\"a b\"\n.",
        b"Va b\n.",
        b"T\x03\0\0\0a b.",
        b"U\x03a b.",
        b"X\x03\0\0\0a b.",
        b"\x80\x04\x95\0\0\0\0\0\0\0\0\x8c\x03a b\x94.",
        b"\x8d\x03\0\0\0\0\0\0\0a b.",
    ] {
        assert_eq!(value(pickle), Value::Text("a b"));
    }
    for passed_over in [&b"S'a\\n'\n."[..], b"Va\\u1234\n.", b"U\x01\xff.", b"F1.5\n.", b"C\x01a.", b"\x8f(K\x01\x90."]
    {
        assert_eq!(value(passed_over), Value::Opaque);
    }
}

#[test]
fn containers_are_built_in_place() {
    for pickle in [
        &b"(K\x01K\x02t."[..],
        b"(K\x01K\x02l.",
        b"K\x01K\x02\x86.",
        b"](K\x01K\x02e.",
        b"]K\x01aK\x02a.",
        b"]q\x00K\x01ah\x00K\x02a.",
        b"]p3\nr\x04\0\0\0\x940g3\n0j\x04\0\0\0(K\x01K\x02e.",
        b"](K\x09NN1(0N0(K\x01K\x02e.",
    ] {
        let (heap, top) = run(pickle).unwrap();
        assert_eq!(heap.sequence(top).unwrap(), [Value::Int(1), Value::Int(2)], "{pickle:?}");
    }
    for pickle in [&b"(U\x01aK\x01d."[..], b"}U\x01aK\x01s.", b"}(U\x01aK\x01u.", b"}2U\x01aK\x01s0."] {
        let (heap, top) = run(pickle).unwrap();
        assert!(heap.entries(top).unwrap().eq([(Value::Text("a"), Value::Int(1))]));
    }
}

#[test]
fn calls_of_unknown_names_are_passed_over() {
    for pickle in [
        &b"cos\nsystem\n(U\x02lstR."[..],
        b"(U\x02lsios\nsystem\n.",
        b"(cos\nsystem\nU\x02lso.",
        b"cos\nsystem\nU\x02ls\x85\x81.",
        b"cos\nsystem\nU\x02ls\x85}\x92.",
        b"U\x02osU\x06system\x93U\x02ls\x85R.",
        b"\x82\x01)R.",
        b"K\x01)R.",
        b"cos\nsystem\n)RU\x01a)R.",
    ] {
        assert_eq!(value(pickle), Value::Opaque);
    }
}

#[test]
fn faults_are_named_with_their_place() {
    let message = |pickle| run(pickle).unwrap_err();
    assert_eq!(message(b"N\x97."), "unsupported opcode 0x97 at byte 1");
    assert_eq!(message(b"X\x05\0\0\0abc"), "truncated at byte 8");
    assert_eq!(message(b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc"), "truncated at byte 12");
    assert_eq!(message(b"cos\nsystem"), "truncated at byte 10");
    assert_eq!(message(b"."), "malformed pickle at byte 0: the stack is empty");
    assert_eq!(message(b"N(0(."), "malformed pickle at byte 4: the stack is empty");
    assert_eq!(message(b"Nt."), "malformed pickle at byte 1: no mark on the stack");
    assert_eq!(message(b"}(Nu."), "malformed pickle at byte 3: a key without a value");
    assert_eq!(message(b"h\x07."), "malformed pickle at byte 0: nothing under the memo index");
    assert_eq!(message(b"Npx\n."), "malformed pickle at byte 1: a memo index that is no number");
    assert_eq!(message(b"NNa."), "malformed pickle at byte 2: elements for what is no list");
    assert_eq!(message(b"]NNs."), "malformed pickle at byte 3: items for what is no dict");
    assert_eq!(message(b"(o."), "malformed pickle at byte 1: an object without a class");
    assert_eq!(message(b"\x80\x06N."), "malformed pickle at byte 0: a protocol after 5");
    assert!(message(&b"N0".repeat(1 << 20)).ends_with("too many instructions"));
}

#[test]
fn a_value_may_contain_itself() {
    let (heap, top) = run(b"]q\x00h\x00a.").unwrap();
    assert_eq!(heap.sequence(top).unwrap(), [top]);
}
