//! A request of the whole program to end, which the reading of files answers: a large image takes
//! seconds.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{DataError, Result};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// The bytes that a decoder is given at once.
const PART: usize = 4096;

/// Ends whatever file is being read, or will be from now on, with [`DataError::Interrupted`]: for
/// handlers of signals. There is no way back.
pub fn interrupt() {
    REQUESTED.store(true, Ordering::Relaxed);
}

/// An error once the program is to end; `path` is what was being read.
pub(crate) fn check(path: &Path) -> Result<()> {
    match REQUESTED.load(Ordering::Relaxed) {
        true => Err(DataError::Interrupted { path: path.to_owned() }),
        false => Ok(()),
    }
}

/// Bytes in memory that a decoder reads until the program is to end.
pub(crate) struct InterruptibleBytes<'a> {
    bytes: Cursor<&'a [u8]>,
    /// Places of bytes that are read as others.
    changes: Vec<(u64, u8)>,
}

impl<'a> InterruptibleBytes<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::changed(bytes, Vec::new())
    }

    /// Bytes of which some are read as others: no copy of all of them is made for that.
    pub fn changed(bytes: &'a [u8], changes: Vec<(u64, u8)>) -> Self {
        Self { bytes: Cursor::new(bytes), changes }
    }
}

fn check_reader() -> io::Result<()> {
    match REQUESTED.load(Ordering::Relaxed) {
        true => Err(io::Error::other("the program is to end")),
        false => Ok(()),
    }
}

impl Read for InterruptibleBytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        check_reader()?;
        let from = self.bytes.position();
        let count = self.bytes.read(buffer)?;
        for (place, value) in &self.changes {
            if (from..from + count as u64).contains(place) {
                buffer[(place - from) as usize] = *value;
            }
        }
        Ok(count)
    }
}

/// Only for bytes without changes: they are lent as they are.
impl BufRead for InterruptibleBytes<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        check_reader()?;
        debug_assert!(self.changes.is_empty(), "changed bytes are not lent");
        let rest = self.bytes.fill_buf()?;
        Ok(&rest[..rest.len().min(PART)])
    }

    fn consume(&mut self, count: usize) {
        self.bytes.consume(count);
    }
}

impl Seek for InterruptibleBytes<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoders_are_given_all_bytes_in_parts() {
        let bytes: Vec<u8> = (0..10_000u32).map(|value| value as u8).collect();
        let mut reader = InterruptibleBytes::new(&bytes);
        assert_eq!(reader.fill_buf().unwrap().len(), PART);
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(read, bytes);
        assert!(check(Path::new("a")).is_ok());
        let mut reader = InterruptibleBytes::changed(&bytes, vec![(1, 77), (9999, 88)]);
        reader.seek(SeekFrom::Start(1)).unwrap();
        read.clear();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!((read[0], &read[1..9998], read[9998]), (77, &bytes[2..9999], 88));
    }
}
