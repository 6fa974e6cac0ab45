//! The choice of the state dict among what a checkpoint holds.

use std::collections::BTreeMap;

use crate::values::Values;

use super::PthError;
use super::element::ElementType;
use super::error::{TensorFault, shown};
use super::storage::Storages;
use super::tensor::TensorView;
use super::value::{Heap, Value};

/// Keys of the top level that a state dict may be under, the first of them before the second.
const NESTED_UNDER: [&str; 2] = ["state_dict", "model"];

/// Top-level keys that a message names.
const SHOWN_KEYS: usize = 8;

/// Bytes that a tensor costs apart from its elements and key, about.
const TENSOR_OVERHEAD: usize = 128;

/// Reads the floating-point tensors of the state dict, which may take about `limit` bytes together.
///
/// # Errors
/// [`PthError::NoTensors`], [`PthError::Tensor`], [`PthError::TooLarge`], and those of the
/// storages.
pub(super) fn read<'a>(
    heap: &Heap<'a>,
    top: Value<'a>,
    storages: &mut dyn Storages<'a>,
    limit: usize,
) -> Result<BTreeMap<String, Values>, PthError> {
    let (mut tensors, mut left) = (BTreeMap::new(), limit);
    for (key, value) in by_key(heap, state_dict(heap, top)) {
        let fault = |fault| PthError::Tensor { key: shown(key), fault };
        let Some(view) = TensorView::of(heap, value).map_err(fault)? else { continue };
        if matches!(view.element, ElementType::Integer(_)) {
            continue;
        }
        let storage = storages.bytes(view.storage.key)?;
        let storage = storage.ok_or_else(|| fault(TensorFault::NoStorage(shown(view.storage.key))))?;
        let data = view.read(storage).map_err(fault)?;
        let size = size_of_val(data.as_slice()) + size_of_val(view.shape.as_slice()) + key.len() + TENSOR_OVERHEAD;
        left = left.checked_sub(size).ok_or_else(|| PthError::TooLarge { key: shown(key), limit })?;
        tensors.insert(key.to_owned(), Values { shape: view.shape, data });
    }
    if tensors.is_empty() {
        return Err(PthError::NoTensors { found: described(heap, top) });
    }
    Ok(tensors)
}

/// Finds the dict that holds the tensors: one of the top level, or the top level itself.
fn state_dict<'a>(heap: &Heap<'a>, top: Value<'a>) -> Value<'a> {
    let entries = by_key(heap, top);
    let mut nested = NESTED_UNDER.iter().filter_map(|key| entries.get(key).copied());
    nested.find(|value| heap.entries(*value).is_some()).unwrap_or(top)
}

/// Gives the entries of a dict whose keys are text; none of another value.
fn by_key<'a>(heap: &Heap<'a>, dict: Value<'a>) -> BTreeMap<&'a str, Value<'a>> {
    let entries = heap.entries(dict).into_iter().flatten();
    let text = |(key, value)| if let Value::Text(key) = key { Some((key, value)) } else { None };
    entries.filter_map(text).collect()
}

/// Says what there is at the top level, for a message.
fn described<'a>(heap: &Heap<'a>, top: Value<'a>) -> String {
    if heap.entries(top).is_none() {
        return "no dict (a whole model rather than its state_dict()?)".into();
    }
    let entries = by_key(heap, top);
    if entries.is_empty() {
        return "an empty dict".into();
    }
    let keys = entries.keys().take(SHOWN_KEYS).map(|key| shown(key)).collect::<Vec<_>>().join(", ");
    let more = entries.len().saturating_sub(SHOWN_KEYS);
    if more > 0 { format!("{keys} and {more} more") } else { keys }
}
