//! What a checkpoint says of its network beside the tensors: mmengine's and mmcv's `meta`.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::value::{Heap, Value};

/// The keys of a configuration in `meta`, as mmengine and as mmcv name it.
const CONFIGURATION: [&str; 2] = ["cfg", "config"];

/// Bytes that a configuration may have. mmsegmentation's have less than 20,000.
const MOST_BYTES: usize = 1 << 20;

/// Objects that may stand in each other.
const MOST_NESTED: usize = 64;

/// Reads what is known of `meta`: under `cfg` the text of the configuration, or what it would be
/// of an object, and under `classes` the names of the classes as a list in Python's notation.
pub(super) fn read<'a>(heap: &Heap<'a>, top: Value<'a>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(meta) = entry(heap, top, "meta") else { return found };
    let configuration = CONFIGURATION.iter().find_map(|key| entry(heap, meta, key));
    if let Some(text) = configuration.and_then(|value| configuration_text(heap, value)) {
        found.insert("cfg".to_owned(), text);
    }
    let named = entry(heap, meta, "dataset_meta").and_then(|data| entry(heap, data, "classes"));
    if let Some(classes) = named.or_else(|| entry(heap, meta, "CLASSES")) {
        let mut text = String::new();
        if heap.sequence(classes).is_some() && write(heap, classes, &mut text, 0).is_some() {
            found.insert("classes".to_owned(), text);
        }
    }
    found
}

fn entry<'a>(heap: &Heap<'a>, dict: Value<'a>, wanted: &str) -> Option<Value<'a>> {
    let entries = heap.entries(heap.unwrapped(dict))?;
    entries.filter(|(key, _)| *key == Value::Text(wanted)).last().map(|(_, value)| value)
}

fn configuration_text<'a>(heap: &Heap<'a>, value: Value<'a>) -> Option<String> {
    if let Value::Text(text) = value {
        return (text.len() <= MOST_BYTES).then(|| text.to_owned());
    }
    let mut text = String::new();
    for (key, value) in heap.entries(heap.unwrapped(value))? {
        let Value::Text(key) = key else { continue };
        if matches!(key, "model" | "dataset_type") {
            write!(text, "{key} = ").ok()?;
            write(heap, value, &mut text, 0)?;
            text.push('\n');
        }
    }
    Some(text)
}

/// Writes a value as Python would; `None` where it is too large.
fn write<'a>(heap: &Heap<'a>, value: Value<'a>, out: &mut String, nested: usize) -> Option<()> {
    if nested > MOST_NESTED || out.len() > MOST_BYTES {
        return None;
    }
    let value = heap.unwrapped(value);
    match value {
        Value::None => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(number) => write!(out, "{number}").ok()?,
        Value::Float(number) => write!(out, "{number:e}").ok()?,
        Value::Text(text) => quoted(text, out),
        Value::Long(_) | Value::Opaque => out.push_str("unknown"),
        Value::Object(_) => {
            if let Some(elements) = heap.sequence(value) {
                out.push('[');
                for element in elements {
                    write(heap, *element, out, nested + 1)?;
                    out.push_str(", ");
                }
                out.push(']');
            } else if let Some(entries) = heap.entries(value) {
                out.push('{');
                for (key, value) in entries {
                    write(heap, key, out, nested + 1)?;
                    out.push_str(": ");
                    write(heap, value, out, nested + 1)?;
                    out.push_str(", ");
                }
                out.push('}');
            } else if let Some((_, name)) = heap.global(value) {
                // A class in place of its name, as newer configurations have it.
                quoted(name, out);
            } else {
                out.push_str("unknown");
            }
        }
    }
    Some(())
}

fn quoted(text: &str, out: &mut String) {
    out.push('\'');
    for character in text.chars() {
        if matches!(character, '\'' | '\\') {
            out.push('\\');
        }
        out.push(if character == '\n' { ' ' } else { character });
    }
    out.push('\'');
}
