//! Checksums that files carry, so that a flipped bit or an edited line is found when they are read.

use anyhow::{Result, bail, ensure};
use atrous_data::hex;
use sha2::{Digest, Sha256};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// The key that a file's checksum of itself stands under.
pub const KEY: &str = "checksum";
/// Hex digits of a SHA-256.
const DIGITS: usize = 64;
/// What stands in the place of a checksum until the rest of the file is known.
pub const UNSET: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// How the key is written in JSON, in JSON without spaces and in TOML, up to the first digit.
const FORMS: [&[u8]; 3] = [b"\"checksum\": \"", b"\"checksum\":\"", b"\nchecksum = \""];

/// The SHA-256 of bytes in hex digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Fills in the checksum of a file whose text has [`UNSET`] in its place: the SHA-256 of the whole
/// file as it is before.
///
/// # Panics
/// Where the text has no place for it.
pub fn seal(bytes: &mut [u8]) {
    let place = place(bytes).expect("a text with a place for its checksum");
    debug_assert_eq!(&bytes[place.clone()], UNSET.as_bytes());
    let checksum = sha256(bytes);
    bytes[place].copy_from_slice(checksum.as_bytes());
}

/// Whether a file carries a checksum of itself, which fits then.
///
/// # Errors
/// A checksum that is not that of the file: something was changed after it was written.
pub fn check(bytes: &[u8]) -> Result<bool> {
    let Some(place) = place(bytes) else { return Ok(false) };
    let mut digest = Sha256::new();
    digest.update(&bytes[..place.start]);
    digest.update(UNSET);
    digest.update(&bytes[place.end..]);
    ensure!(
        hex(&digest.finalize()).as_bytes() == &bytes[place],
        "its content is not what was written: its checksum does not fit"
    );
    Ok(true)
}

/// Finds the digits of the checksum. In JSON and the metadata of safetensors files other texts have
/// their quotes escaped.
fn place(bytes: &[u8]) -> Option<Range<usize>> {
    let header = header(bytes);
    let starts = FORMS.iter().filter_map(|form| Some(find(header, form)? + form.len()));
    let start = starts.min()?;
    (start + DIGITS <= header.len()).then_some(start..start + DIGITS)
}

/// The part of a file that may hold the checksum: the header of a safetensors file, which is not to
/// be searched to its end, and all of any other.
fn header(bytes: &[u8]) -> &[u8] {
    let length = bytes.first_chunk().map(|length| u64::from_le_bytes(*length));
    match length.and_then(|length| usize::try_from(length).ok()) {
        Some(length) if bytes.get(8) == Some(&b'{') && length <= bytes.len() - 8 => &bytes[..8 + length],
        _ => bytes,
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The checksum of the first bytes of a file that only grows, as `120:9f0a…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadChecksum {
    bytes: usize,
    sha256: String,
}

impl HeadChecksum {
    /// Takes the checksum of a file as it is now.
    pub fn of(bytes: &[u8]) -> Self {
        HeadChecksum { bytes: bytes.len(), sha256: sha256(bytes) }
    }

    /// The checksum of the bytes alone.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Checks that a file begins as it did then.
    ///
    /// # Errors
    /// One that is shorter or was changed.
    pub fn check(&self, bytes: &[u8]) -> Result<()> {
        match bytes.get(..self.bytes) {
            None => bail!("it is shorter than it was"),
            Some(head) if sha256(head) != self.sha256 => bail!("its content is not what was written"),
            Some(_) => Ok(()),
        }
    }
}

impl fmt::Display for HeadChecksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.bytes, self.sha256)
    }
}

impl FromStr for HeadChecksum {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(':').and_then(|(bytes, sha256)| Some((bytes.parse().ok()?, sha256.to_owned())));
        parts.map(|(bytes, sha256)| HeadChecksum { bytes, sha256 }).ok_or("is no length with a checksum")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(text: &str) -> Vec<u8> {
        let mut bytes = text.replace('#', UNSET).into_bytes();
        seal(&mut bytes);
        bytes
    }

    #[test]
    fn every_changed_bit_of_a_sealed_file_is_found() {
        for text in ["{\"a\": 1,\n  \"checksum\": \"#\"\n}\n", "a = 1\nchecksum = \"#\"\n[b]\n"] {
            let bytes = sealed(text);
            assert!(check(&bytes).unwrap());
            let place = place(&bytes).unwrap();
            for bit in 0..8 * bytes.len() {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                // Without its key a file may be one of before: its reader knows by the other keys.
                let in_key = (place.start - 13..place.start).contains(&(bit / 8));
                assert!(check(&changed).is_err() || in_key && !check(&changed).unwrap(), "{text}: bit {bit}");
            }
        }
    }

    #[test]
    fn a_file_without_a_checksum_has_none() {
        for text in ["", "{}", "{\"note\": \"\\\"checksum\\\": \\\"\"}", "checksum = 3"] {
            assert!(!check(text.as_bytes()).unwrap(), "{text}");
        }
        assert!(check(b"{\"checksum\": \"12\"}").is_ok_and(|there| !there));
    }

    #[test]
    fn the_head_of_a_file_that_grew_fits() {
        let head = HeadChecksum::of(b"a\nb\n");
        let head: HeadChecksum = head.to_string().parse().unwrap();
        assert!(head.check(b"a\nb\nc\n").is_ok() && head.check(b"a\nb\n").is_ok());
        assert!(head.check(b"a\nc\nc\n").is_err() && head.check(b"a\n").is_err());
        assert!("x".parse::<HeadChecksum>().is_err());
    }
}
