//! What can be wrong with a spec, in one line.

use thiserror::Error;

/// Every variant names the file or the option that has to be changed.
#[derive(Debug, Error)]
pub enum SpecError {
    #[error("{name}: no such spec; give a file, or one of {known}")]
    Unknown { name: String, known: String },
    #[error("cannot read {file}: {source}")]
    Read { file: String, source: std::io::Error },
    #[error("{file}:{line}: {message}")]
    Syntax { file: String, line: usize, message: String },
    #[error("{file}:{line}: {key}: {message}")]
    Key { file: String, line: usize, key: String, message: String },
    #[error("{text}: {message}")]
    Override { text: String, message: String },
    #[error("--only {name}: {file} has no such experiment; it has {known}")]
    Only { name: String, file: String, known: String },
}

/// The words of serde for an error, in ours and on one line.
pub(super) fn plain(message: &str) -> String {
    let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
    words
        .replace("unknown field", "unknown key")
        .replace("missing field", "missing key")
        .replace("unknown variant", "unknown value")
}
