//! Reading files that may be anything: no more of them than a file of their kind has.

use atrous_models::State;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// A spec. The largest that the program carries has 3 KiB.
pub const SPEC_BYTES: u64 = 1 << 20;
/// `run.toml`, with as many rates and seeds as a spec may have.
pub const RUN_FILE_BYTES: u64 = 1 << 20;
/// `result.json` and `error.json`. The numbers of 19 classes have 10 KiB.
pub const RESULT_BYTES: u64 = 16 << 20;
/// A reference of `atrous record`: 500 bytes a run.
pub const REFERENCE_BYTES: u64 = 64 << 20;
/// `results.csv`: 700 bytes a run.
pub const RESULTS_BYTES: u64 = 64 << 20;
/// `log.csv` and `evaluations.csv`: 80 bytes an iteration.
pub const LOG_BYTES: u64 = 256 << 20;
/// `images.csv`: of iSAID, 11,644 tiles with at most 256 pairs of classes each, 40 bytes a pair.
pub const IMAGE_COUNTS_BYTES: u64 = 256 << 20;
/// Checkpoints and weights. DeepLabV3 on ResNet-101, the largest published network here, takes 0.7
/// GB with its velocities.
pub const WEIGHTS_BYTES: u64 = 8 << 30;

/// The bytes of a file.
///
/// # Errors
/// Those of the file system, and a file of more than `most` bytes, of which no more are read.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path, most)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The bytes of a file; `None` where there is none.
///
/// # Errors
/// Those of [`read`], but for a file that is not there.
pub fn read_if_present(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    match read(path, most) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// The text of a file.
///
/// # Errors
/// Those of [`read`], and text that is not UTF-8; says on which line.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        io::Error::new(ErrorKind::InvalidData, format!("line {line} is no UTF-8 text"))
    })
}

/// The bytes of a checkpoint or of weights: those that say that it is neither, where they do.
///
/// # Errors
/// Those of [`read`].
pub fn read_weights(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open(path, WEIGHTS_BYTES)?;
    let mut bytes = Vec::new();
    file.by_ref().take(512).read_to_end(&mut bytes)?;
    if State::begins(&bytes) {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// A file to read on the way, whose reader fails after `most` bytes.
///
/// # Errors
/// Those of the file system.
#[expect(clippy::disallowed_methods, reason = "the one place where files of results are opened")]
pub fn open(path: &Path, most: u64) -> io::Result<Bounded<File>> {
    // Before it is opened: a pipe that nobody writes to would be waited for.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is no plain file: copy what it gives into one"));
    }
    let file = File::open(path)?;
    if file.metadata()?.len() > most {
        return Err(too_large(most));
    }
    Ok(Bounded { inner: file, most, left: most })
}

/// A reader that fails where more than so many bytes come: what is not a plain file has no length
/// that could be asked for.
#[derive(Debug)]
pub struct Bounded<R> {
    inner: R,
    most: u64,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| too_large(self.most))?;
        Ok(count)
    }
}

fn too_large(most: u64) -> io::Error {
    io::Error::new(ErrorKind::FileTooLarge, format!("it has more than the {most} bytes that such a file may have"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_just_so_many_bytes_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(read(&path, 3).unwrap(), b"abc");
        assert_eq!(read(&path, 2).unwrap_err().kind(), ErrorKind::FileTooLarge);
        std::fs::write(&path, b"a\nb\n\xffc").unwrap();
        assert_eq!(read_text(&path, 9).unwrap_err().to_string(), "line 3 is no UTF-8 text");
    }

    #[test]
    fn a_source_without_end_is_not_read_for_ever() {
        let mut endless = Bounded { inner: io::repeat(7), most: 100_000, left: 100_000 };
        let mut bytes = Vec::new();
        assert_eq!(endless.read_to_end(&mut bytes).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert!(bytes.len() <= 200_000);
    }
}
