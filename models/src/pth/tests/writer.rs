//! Writes checkpoints instruction by instruction, broken ones too.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::op;

/// Instructions that put one value on the stack.
pub type Code = Vec<u8>;

pub fn none() -> Code {
    vec![op::NONE]
}

pub fn int(value: i64) -> Code {
    [&[op::LONG1, 8][..], &value.to_le_bytes()].concat()
}

pub fn text(text: &str) -> Code {
    [&[op::BINUNICODE], &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

pub fn global(module: &str, name: &str) -> Code {
    [&[op::GLOBAL], module.as_bytes(), b"\n", name.as_bytes(), b"\n"].concat()
}

fn marked(values: &[Code], close: u8) -> Code {
    [&[op::MARK], values.concat().as_slice(), &[close]].concat()
}

pub fn tuple(values: &[Code]) -> Code {
    marked(values, op::TUPLE)
}

pub fn list(values: &[Code]) -> Code {
    [&[op::EMPTY_LIST], marked(values, op::APPENDS).as_slice()].concat()
}

pub fn ints(values: &[i64]) -> Code {
    tuple(&values.iter().map(|value| int(*value)).collect::<Vec<_>>())
}

/// `module.name(*arguments)`.
pub fn call(module: &str, name: &str, arguments: &[Code]) -> Code {
    [global(module, name), tuple(arguments), vec![op::REDUCE]].concat()
}

fn items(dict: Code, entries: &[(&str, Code)]) -> Code {
    let entries: Vec<Code> = entries.iter().flat_map(|(key, value)| [text(key), value.clone()]).collect();
    [dict, marked(&entries, op::SETITEMS)].concat()
}

pub fn dict(entries: &[(&str, Code)]) -> Code {
    items(vec![op::EMPTY_DICT], entries)
}

pub fn ordered_dict(entries: &[(&str, Code)]) -> Code {
    items(call("collections", "OrderedDict", &[]), entries)
}

/// A storage by class and key, as both containers have it.
pub fn storage(class: &str, key: &str) -> Code {
    let id = tuple(&[text("storage"), global("torch", class), text(key), text("cpu"), int(0), none()]);
    [id, vec![op::BINPERSID]].concat()
}

/// A view of a storage, from an offset on, in elements.
pub fn tensor(storage: Code, offset: i64, shape: &[i64], strides: &[i64]) -> Code {
    let arguments = [storage, int(offset), ints(shape), ints(strides), vec![op::NEWFALSE], ordered_dict(&[])];
    call("torch._utils", "_rebuild_tensor_v2", &arguments)
}

/// A complete pickle of a value.
pub fn pickle(value: &[u8]) -> Vec<u8> {
    [&[op::PROTO, 2], value, &[op::STOP]].concat()
}

/// The bytes of a storage of f32.
pub fn floats(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

/// A zip archive with these entries.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A checkpoint of torch 1.6 and later. Storages are keys and bytes.
pub fn archive(value: &[u8], storages: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let pickle = pickle(value);
    let names: Vec<String> = storages.iter().map(|(key, _)| format!("archive/data/{key}")).collect();
    let mut entries: Vec<(&str, &[u8])> = vec![("archive/data.pkl", &pickle), ("archive/byteorder", b"little")];
    entries.extend(names.iter().zip(storages).map(|(name, (_, bytes))| (name.as_str(), bytes.as_slice())));
    zip(&entries)
}

/// A checkpoint of an older torch. Storages are keys, sizes of an element in bytes, and bytes.
pub fn legacy(value: &[u8], storages: &[(&str, usize, Vec<u8>)]) -> Vec<u8> {
    let magic = [&[op::LONG1, 10][..], &[0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]].concat();
    let keys: Vec<Code> = storages.iter().map(|(key, ..)| text(key)).collect();
    let pickles = [pickle(&magic), pickle(&int(1001)), pickle(&dict(&[])), pickle(value), pickle(&list(&keys))];
    let storages = storages.iter().flat_map(|(_, size, bytes)| {
        let elements = (bytes.len() / size) as i64;
        [elements.to_le_bytes().as_slice(), bytes].concat()
    });
    pickles.concat().into_iter().chain(storages).collect()
}
