//! The container of torch since 1.6: a zip archive with a pickle, and an entry for each storage.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::ops::Range;

use zip::{CompressionMethod, ZipArchive};

use super::PthError;
use super::cursor::Cursor;
use super::error::shown;
use super::machine;
use super::storage::Storages;
use super::value::{Heap, Value};

/// A file in the container. Entries are not unpacked: they are parts of it.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    zip: ZipArchive<io::Cursor<&'a [u8]>>,
    /// Name of the folder that all entries are in, with its slash.
    folder: Vec<u8>,
    /// Entries that have been checked.
    read: BTreeMap<String, Range<usize>>,
    /// Bytes that the entries not yet read can have, if none overlaps another.
    left: usize,
}

impl<'a> Archive<'a> {
    /// Opens a file in the container.
    ///
    /// # Errors
    /// [`PthError::Archive`], [`PthError::NotCheckpoint`], [`PthError::TorchScript`],
    /// [`PthError::ByteOrder`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, PthError> {
        let zip = ZipArchive::new(io::Cursor::new(bytes)).map_err(|error| PthError::Archive(error.to_string()))?;
        let first = zip.file_names_raw().next().unwrap_or_default();
        let slash = first.iter().position(|&byte| byte == b'/');
        let folder = slash.map(|slash| first[..=slash].to_vec()).unwrap_or_default();
        let mut archive = Self { bytes, zip, folder, read: BTreeMap::new(), left: bytes.len() };
        let code = [archive.folder.as_slice(), b"code/"].concat();
        if archive.index("constants.pkl").is_some() || archive.zip.file_names_raw().any(|name| name.starts_with(&code))
        {
            return Err(PthError::TorchScript);
        }
        match archive.entry("byteorder")?.map(|range| &bytes[range]) {
            None | Some(b"little") => Ok(archive),
            Some(order) => Err(PthError::ByteOrder(shown(&String::from_utf8_lossy(order)))),
        }
    }

    /// Reads the archive's pickle.
    ///
    /// # Errors
    /// [`PthError::NotCheckpoint`] without `data.pkl`, those of an entry, and those of the pickle
    /// machine.
    pub fn pickle(&mut self) -> Result<(Heap<'a>, Value<'a>), PthError> {
        let range = self.entry("data.pkl")?.ok_or(PthError::NotCheckpoint("a zip archive without data.pkl"))?;
        machine::load(&mut Cursor::new(&self.bytes[..range.end], range.start))
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.zip.index_for_name_raw(&[self.folder.as_slice(), name.as_bytes()].concat())
    }

    /// Finds where an entry of the folder is in the file, checked against its sum.
    fn entry(&mut self, name: &str) -> Result<Option<Range<usize>>, PthError> {
        if let Some(range) = self.read.get(name) {
            return Ok(Some(range.clone()));
        }
        let Some(index) = self.index(name) else { return Ok(None) };
        let fault = |what: &dyn Display| PthError::Archive(format!("entry {}: {what}", shown(name)));

        let entry = self.zip.by_index_data(index).map_err(|error| fault(&error))?;
        if entry.encrypted() {
            return Err(fault(&"encrypted"));
        }
        if entry.compression() != CompressionMethod::Stored || entry.size() != entry.compressed_size() {
            return Err(fault(&"compressed, as torch.save never does"));
        }
        let length = usize::try_from(entry.size()).ok().filter(|length| *length <= self.left);
        let length = length.ok_or_else(|| fault(&"larger than the file, or shared with another entry"))?;
        let mut file = self.zip.by_index(index).map_err(|error| fault(&error))?;
        let start = file.data_start().and_then(|start| usize::try_from(start).ok());
        let range = start.and_then(|start| Some(start..start.checked_add(length)?));
        let range = range.filter(|range| range.end <= self.bytes.len()).ok_or_else(|| fault(&"cut off"))?;
        // A sum of 0 is that of torch.serialization.set_crc32_options(False): none.
        if file.crc32() != 0 {
            io::copy(&mut file, &mut io::sink()).map_err(|error| fault(&error))?;
        }
        self.left -= length;
        self.read.insert(name.to_owned(), range.clone());
        Ok(Some(range))
    }
}

impl<'a> Storages<'a> for Archive<'a> {
    fn bytes(&mut self, key: &str) -> Result<Option<&'a [u8]>, PthError> {
        let range = self.entry(&format!("data/{key}"))?;
        Ok(range.map(|range| &self.bytes[range]))
    }
}
