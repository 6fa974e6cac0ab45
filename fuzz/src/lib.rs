//! What is fuzzed: one function per kind of file, which takes any bytes and must end.

#![forbid(unsafe_code)]

pub mod data;
#[cfg(feature = "files")]
pub mod files;
