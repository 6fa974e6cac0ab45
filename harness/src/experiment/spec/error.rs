//! What can be wrong with a spec, in one line.

use atrous_data::did_you_mean;
use thiserror::Error;

/// Every variant names the file or the option that has to be changed.
#[derive(Debug, Error)]
pub enum SpecError {
    #[error("{name}: no such spec{meant}; give a file, or one of {known}")]
    Unknown { name: String, meant: String, known: String },
    #[error("cannot read {file}: {source}")]
    Read { file: String, source: std::io::Error },
    #[error("{file}:{line}: {message}")]
    Syntax { file: String, line: usize, message: String },
    #[error("{file}:{line}: {key}: {message}")]
    Key { file: String, line: usize, key: String, message: String },
    #[error("{text}: {message}")]
    Override { text: String, message: String },
    #[error("--only {name}: {file} has no such experiment{meant}; it has {known}")]
    Only { name: String, file: String, meant: String, known: String },
}

/// The words of serde for an error, in ours and on one line, with the name that was meant.
pub(super) fn plain(message: &str) -> String {
    let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words
        .replace("unknown field", "unknown key")
        .replace("missing field", "missing key")
        .replace("unknown variant", "unknown value");
    with_name_that_was_meant(&words).unwrap_or(words)
}

/// Takes what serde says of an unknown key or value, "unknown key `bacth`, expected one of `batch`,
/// `lr`", and puts the nearest behind the first; `None` where none is near, or another thing is
/// wrong.
fn with_name_that_was_meant(words: &str) -> Option<String> {
    let (unknown, expected) = words.split_once(", expected ")?;
    let given = ["unknown key `", "unknown value `"].iter().find_map(|start| unknown.strip_prefix(start))?;
    let known = expected.split('`').skip(1).step_by(2);
    let meant = did_you_mean(given.strip_suffix('`')?, known);
    (!meant.is_empty()).then(|| format!("{unknown}{meant} Expected {expected}"))
}
