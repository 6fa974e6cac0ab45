//! From the text of a description to its keys.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::check::check;
use super::description::Description;
use crate::error::{DataError, Result};
use crate::plain_file;

/// Bytes that a description may have: a few hundred for each of 255 classes.
const MOST_BYTES: u64 = 1 << 20;

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String> {
    let bytes = plain_file::read(path, MOST_BYTES)?;
    let wrong = |message: &str| at(&path.display().to_string(), None, "", message.to_owned());
    if bytes.len() as u64 > MOST_BYTES {
        return Err(wrong("it has more bytes than a description has"));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is no UTF-8 text"))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

/// Reads and checks a description; `file` is what errors call it, and no name of `taken` is its.
pub(super) fn parse(file: &str, text: &str, taken: &[&str]) -> Result<Description> {
    let description: Description = Deserializer::parse(text).and_then(Description::deserialize).map_err(|error| {
        let span = error.span();
        let start = span.as_ref().map_or(0, |span| span.start);
        // What is missing from the whole is no key of it.
        let within = |table: toml::Spanned<DeTable>| key_at(table.get_ref(), start).filter(|_| start > 0);
        let key = DeTable::parse(text).ok().and_then(within).unwrap_or_default();
        let words = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        let message = words.replace("unknown field", "unknown key").replace("missing field", "missing key");
        at(file, Some(line(text, start)), &key, message)
    })?;
    check(&description, taken).map_err(|(key, message)| {
        let table = DeTable::parse(text).ok();
        let start = table.and_then(|table| place(table.get_ref(), &key));
        at(file, start.map(|start| line(text, start)), &key, message)
    })?;
    Ok(description)
}

/// Checks a description that a result carries.
pub(super) fn check_stored(description: &Description, taken: &[&str]) -> std::result::Result<(), String> {
    check(description, taken).map_err(|(key, message)| format!("{key}: {message}"))
}

fn at(file: &str, line: Option<usize>, key: &str, message: String) -> DataError {
    DataError::Description { file: file.to_owned(), line, key: key.to_owned(), message }
}

/// Line, from 1, of a byte.
fn line(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|b| *b == b'\n').count()
}

/// The path of the deepest key at a byte.
fn key_at(table: &DeTable<'_>, byte: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref();
        if key.span().contains(&byte) {
            return Some(name.to_string());
        }
        let inner = match value.get_ref() {
            DeValue::Table(inner) => key_at(inner, byte).map(|inner| format!(".{inner}")),
            DeValue::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
                let inside = match item.get_ref() {
                    DeValue::Table(inner) => key_at(inner, byte).map(|inner| format!(".{inner}")),
                    _ => None,
                };
                let here = || item.span().contains(&byte).then(String::new);
                inside.or_else(here).map(|inner| format!("[{index}]{inner}"))
            }),
            _ => None,
        };
        inner.or_else(|| value.span().contains(&byte).then(String::new)).map(|inner| format!("{name}{inner}"))
    })
}

/// The byte at which the deepest part of a key that is written down begins.
fn place(table: &DeTable<'_>, path: &str) -> Option<usize> {
    let path = path.replace('[', ".").replace(']', "");
    let mut steps = path.split('.');
    let (mut start, mut value) = entry(table, steps.next()?)?;
    for step in steps {
        let next = match value.get_ref() {
            DeValue::Table(inner) => entry(inner, step),
            DeValue::Array(items) => {
                let item = step.parse().ok().and_then(|index: usize| items.get(index));
                item.map(|item| (item.span().start, item))
            }
            _ => None,
        };
        let Some(found) = next else { break };
        (start, value) = found;
    }
    Some(start)
}

fn entry<'t, 'i>(table: &'t DeTable<'i>, name: &str) -> Option<(usize, &'t Spanned<DeValue<'i>>)> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(key, value)| (key.span().start, value))
}
