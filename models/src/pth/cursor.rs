//! Reads from a position in a file that cannot go past its end.

use super::PthError;

/// A position in a file. The end is that of the part that may be read, and positions count from the
/// start of the file.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    pub fn position(&self) -> usize {
        self.position
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`PthError::Truncated`] where fewer are left.
    pub fn take(&mut self, count: u64) -> Result<&'a [u8], PthError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let taken = usize::try_from(count).ok().and_then(|count| rest.get(..count)).ok_or_else(|| self.truncated())?;
        self.position += taken.len();
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], PthError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let array = *rest.first_chunk().ok_or_else(|| self.truncated())?;
        self.position += N;
        Ok(array)
    }

    pub fn byte(&mut self) -> Result<u8, PthError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    /// What is left of a line of text, without its line feed.
    pub fn line(&mut self) -> Result<&'a [u8], PthError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let length = rest.iter().position(|&byte| byte == b'\n').ok_or_else(|| self.truncated())?;
        self.position += length + 1;
        Ok(&rest[..length])
    }

    fn truncated(&self) -> PthError {
        PthError::Truncated { at: self.bytes.len() }
    }
}
