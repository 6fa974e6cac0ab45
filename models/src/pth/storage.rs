//! Storages: the numbers that tensors are views of, outside the pickle.

use std::collections::BTreeMap;

use super::PthError;
use super::error::TensorFault;
use super::value::{Heap, Value};

/// The storages of a file.
pub(super) trait Storages<'a> {
    /// The bytes of a storage; `None` where the file has none of that key.
    ///
    /// # Errors
    /// That the file is broken where they should be.
    fn bytes(&mut self, key: &str) -> Result<Option<&'a [u8]>, PthError>;
}

impl<'a> Storages<'a> for BTreeMap<&'a str, &'a [u8]> {
    fn bytes(&mut self, key: &str) -> Result<Option<&'a [u8]>, PthError> {
        Ok(self.get(key).copied())
    }
}

/// How a pickle refers to a storage.
#[derive(Clone, Copy, Debug)]
pub(super) struct StorageId<'a> {
    /// Such as `FloatStorage`.
    pub class: &'a str,
    pub key: &'a str,
    /// First element and number of elements of the part that is meant, where it is not all of the
    /// storage.
    part: Option<(i64, i64)>,
}

impl<'a> StorageId<'a> {
    /// The storage that a value stands for; `None` where it is something else.
    pub fn of(heap: &Heap<'a>, value: Value<'a>) -> Option<Self> {
        // The tag, the class, the key, a device, the number of elements, and in the older container
        // a part or None.
        let id = heap.sequence(heap.persistent_id(value)?)?;
        let [Value::Text("storage"), class, Value::Text(key), _device, _elements, part @ ..] = id else { return None };
        let (module, class) = heap.global(*class)?;
        if !matches!(module, "torch" | "torch.cuda" | "torch.storage") {
            return None;
        }
        let part = match part.first() {
            None | Some(Value::None) => None,
            Some(part) => match heap.sequence(*part)? {
                &[_key, Value::Int(first), Value::Int(elements)] => Some((first, elements)),
                _ => return None,
            },
        };
        Some(Self { class, key, part })
    }

    /// The bytes that are meant, of those of the storage.
    ///
    /// # Errors
    /// [`TensorFault::StorageTooShort`] and [`TensorFault::Description`].
    pub fn viewed<'s>(&self, storage: &'s [u8], element_size: usize) -> Result<&'s [u8], TensorFault> {
        let Some((first, elements)) = self.part else { return Ok(storage) };
        let first = usize::try_from(first).map_err(|_| TensorFault::Description)?;
        let elements = usize::try_from(elements).map_err(|_| TensorFault::Description)?;
        let range = first.checked_mul(element_size).zip(elements.checked_mul(element_size));
        let range = range.and_then(|(start, length)| Some(start..start.checked_add(length)?));
        range.and_then(|range| storage.get(range)).ok_or(TensorFault::StorageTooShort {
            needed: first as u128 + elements as u128,
            found: storage.len() / element_size,
        })
    }
}
