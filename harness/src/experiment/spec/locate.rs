//! From a key to the line that it is written on, and back.

use super::error::{SpecError, plain};
use crate::experiment::settings::Impossible;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The error of a value of an experiment that parses but cannot be.
pub(super) fn error(file: &str, text: &str, experiment: &Spanned<DeTable>, impossible: Impossible) -> SpecError {
    let start = deepest(experiment.get_ref(), &impossible.key).unwrap_or(experiment.span().start);
    SpecError::Key { file: file.into(), line: line(text, start), key: impossible.key, message: impossible.message }
}

/// The error of a key of the whole spec.
pub(super) fn key_error(file: &str, text: &str, spec: &DeTable, key: &str, message: &str) -> SpecError {
    let start = deepest(spec, key).unwrap_or(0);
    SpecError::Key { file: file.into(), line: line(text, start), key: key.into(), message: message.into() }
}

/// The error of text that is not TOML, or holds a key or type that no spec has.
pub(super) fn toml_error(file: &str, text: &str, error: &toml::de::Error) -> SpecError {
    let start = error.span().map_or(0, |span| span.start);
    let (file, line, message) = (file.into(), line(text, start), plain(error.message()));
    match DeTable::parse(text).ok().and_then(|table| key_at(table.get_ref(), start)) {
        Some(key) => SpecError::Key { file, line, key, message },
        None => SpecError::Syntax { file, line, message },
    }
}

/// Line, from 1, of a byte.
fn line(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|&b| b == b'\n').count()
}

/// The byte at which the deepest part of `path` that is written down begins. Keys with defaults may
/// be absent.
fn deepest(table: &DeTable<'_>, path: &str) -> Option<usize> {
    let path = path.replace('[', ".").replace(']', "");
    let mut steps = path.split('.');
    let (key, mut value) = entry(table, steps.next()?)?;
    let mut start = key.start;
    for step in steps {
        let next = match value.get_ref() {
            DeValue::Table(inner) => entry(inner, step).map(|(key, value)| (key.start, value)),
            DeValue::Array(items) => {
                step.parse().ok().and_then(|index: usize| items.get(index)).map(|item| (item.span().start, item))
            }
            _ => None,
        };
        let Some((begin, inner)) = next else { break };
        (start, value) = (begin, inner);
    }
    Some(start)
}

fn entry<'t, 'i>(table: &'t DeTable<'i>, name: &str) -> Option<(Range<usize>, &'t Spanned<DeValue<'i>>)> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(key, value)| (key.span(), value))
}

/// The path of the deepest key at a byte, without a leading `experiment[i]` or `defaults`.
fn key_at(table: &DeTable<'_>, byte: usize) -> Option<String> {
    for (key, value) in table.iter() {
        if key.span().contains(&byte) {
            return Some(key.get_ref().to_string());
        }
        if let Some(inner) = key_in(value, byte) {
            let name = key.get_ref();
            let joined = match inner.as_str() {
                "" => name.to_string(),
                inner if inner.starts_with('[') => format!("{name}{inner}"),
                inner => format!("{name}.{inner}"),
            };
            let of_experiment = joined.strip_prefix("experiment").and_then(|rest| rest.split_once("]."));
            let shown = of_experiment.map(|(_, key)| key).or(joined.strip_prefix("defaults."));
            return Some(shown.map_or(joined.clone(), str::to_owned));
        }
    }
    None
}

/// The path of the deepest key at a byte inside of a value: empty for the value itself.
fn key_in(value: &Spanned<DeValue<'_>>, byte: usize) -> Option<String> {
    let inside = match value.get_ref() {
        DeValue::Table(table) => key_at(table, byte),
        DeValue::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let inner = key_in(item, byte)?;
            let dot = if inner.is_empty() || inner.starts_with('[') { "" } else { "." };
            Some(format!("[{index}]{dot}{inner}"))
        }),
        _ => None,
    };
    inside.or_else(|| value.span().contains(&byte).then(String::new))
}
