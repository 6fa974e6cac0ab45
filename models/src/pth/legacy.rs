//! The container of torch before 1.6, and of its later versions if asked: pickles, then the
//! storages.

use std::collections::BTreeMap;

use super::PthError;
use super::cursor::Cursor;
use super::element::ElementType;
use super::error::shown;
use super::machine;
use super::storage::StorageId;
use super::value::{Heap, Value};

/// What such a file begins with, pickled: 0x1950a86a20f9469cfc6c in little endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// The version of the container, pickled after it.
const PROTOCOL: i64 = 1001;

/// A file: its pickle, and its storages by key. They are little endian whatever machine wrote them.
pub(super) type Contents<'a> = (Heap<'a>, Value<'a>, BTreeMap<&'a str, &'a [u8]>);

/// Takes a file apart.
///
/// # Errors
/// [`PthError::NotCheckpoint`], [`PthError::StorageList`], and those of the pickle machine.
pub(super) fn open(bytes: &[u8]) -> Result<Contents<'_>, PthError> {
    let mut cursor = Cursor::new(bytes, 0);
    if bytes.get(257..262) == Some(b"ustar") {
        return Err(PthError::NotCheckpoint("a tar archive, as torch wrote before version 0.1.10"));
    }
    match machine::load(&mut cursor) {
        Ok((_, Value::Long(digits))) if digits == MAGIC => {}
        Ok(_) => return Err(PthError::NotCheckpoint("a pickle without torch's magic number")),
        Err(_) => return Err(PthError::NotCheckpoint("neither a zip archive nor a pickle")),
    }
    if machine::load(&mut cursor)?.1 != Value::Int(PROTOCOL) {
        return Err(PthError::NotCheckpoint("its version is not 1001"));
    }
    let _machine_that_wrote_it = machine::load(&mut cursor)?;
    let (heap, top) = machine::load(&mut cursor)?;
    let storages = storages(&heap, &mut cursor)?;
    Ok((heap, top, storages))
}

/// Reads the list of keys, and for each of them a number of elements and the elements.
fn storages<'a>(heap: &Heap<'a>, cursor: &mut Cursor<'a>) -> Result<BTreeMap<&'a str, &'a [u8]>, PthError> {
    // Where several ids share a storage, its size is counted in elements of the first.
    let mut classes = BTreeMap::new();
    for id in heap.persistent().filter_map(|value| StorageId::of(heap, value)) {
        classes.entry(id.key).or_insert(id.class);
    }
    let (list, keys) = machine::load(cursor)?;
    let keys = list.sequence(keys).ok_or_else(|| PthError::StorageList("it is no list".into()))?;
    let mut storages = BTreeMap::new();
    for key in keys {
        let Value::Text(key) = key else { return Err(PthError::StorageList("a key is no text".into())) };
        let class = classes.get(key).ok_or_else(|| {
            let message = format!("{} belongs to nothing in the pickle", shown(key));
            PthError::StorageList(message)
        })?;
        let element = ElementType::of(class).ok_or_else(|| {
            let message = format!("{} has the unknown type {}", shown(key), shown(class));
            PthError::StorageList(message)
        })?;
        let elements = i64::from_le_bytes(cursor.array()?);
        let length = u64::try_from(elements).ok().and_then(|elements| elements.checked_mul(element.size() as u64));
        let length = length.ok_or_else(|| {
            let message = format!("{} has {elements} elements", shown(key));
            PthError::StorageList(message)
        })?;
        storages.insert(*key, cursor.take(length)?);
    }
    Ok(storages)
}
