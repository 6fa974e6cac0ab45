//! States in files.

use std::collections::HashMap;

use burn::tensor::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::prefix::unwrapped;
use super::{State, StateError, VELOCITY, Values};
use crate::pth::{self, TorchFile};

/// Bytes that the header of a safetensors file may have, which takes about ten times as many in
/// memory. The networks here have some 700 tensors, of less than 200 bytes each.
const HEADER_BYTES: u64 = 8 << 20;
/// A batch norm's counter in PyTorch's states. Nothing here depends on it.
const BATCHES: &str = "num_batches_tracked";
/// The statistic that stands beside a counter.
const MEAN: &str = "running_mean";

impl State {
    /// Writes a safetensors file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.serialise(&[])
    }

    /// Writes the network as a safetensors file that mmsegmentation's network of the same shape
    /// loads strictly: without velocities, and with the counters of the batch norms, which have
    /// seen `batches` batches.
    pub fn to_reference_bytes(&self, batches: i64) -> Vec<u8> {
        let counters: Vec<String> = self
            .tensors
            .keys()
            .filter(|key| !key.starts_with(VELOCITY))
            .filter_map(|key| Some(format!("{}{BATCHES}", key.strip_suffix(MEAN)?)))
            .collect();
        let tensors = self.tensors.iter().filter(|(key, _)| !key.starts_with(VELOCITY));
        let own =
            State { tensors: tensors.map(|(k, v)| (k.clone(), v.clone())).collect(), metadata: self.metadata.clone() };
        own.serialise(&counters.into_iter().map(|key| (key, batches)).collect::<Vec<_>>())
    }

    fn serialise(&self, counters: &[(String, i64)]) -> Vec<u8> {
        let floats = self.tensors.iter().map(|(key, Values { shape, data })| {
            (key, Dtype::F32, shape.clone(), data.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
        });
        let counters = counters.iter().map(|(key, count)| (key, Dtype::I64, vec![], count.to_le_bytes().to_vec()));
        let tensors: Vec<_> = floats.chain(counters).collect();
        let views = tensors.iter().map(|(key, dtype, shape, bytes)| {
            let view = TensorView::new(*dtype, shape.clone(), bytes);
            (key.as_str(), view.expect("as many bytes as the shape says"))
        });
        let metadata: HashMap<String, String> = self.metadata.clone().into_iter().collect();
        // Of no tensors and an empty table, safetensors 0.8 makes a header that it cannot read.
        let metadata = (!metadata.is_empty()).then_some(metadata);
        safetensors::serialize(views, metadata).expect("tensors that were just viewed serialise")
    }

    /// Tells whether these may be the first bytes, 512 or all, of a file that [`State::from_bytes`]
    /// reads: what is neither a safetensors file nor a zip archive nor a pickle need not be read
    /// any further.
    pub fn begins(head: &[u8]) -> bool {
        is_safetensors(head) || pth::begins(head)
    }

    /// Reads a safetensors file or a PyTorch checkpoint (`.pth`), which is recognised by its first
    /// bytes. Nothing in it is executed. Integers, such as the counters of batch norms, are passed
    /// over. What wrappers put before all keys (`module.`, `_orig_mod.`, `model.`, `ema.`) is taken
    /// off.
    ///
    /// # Errors
    /// [`StateError::Format`], [`StateError::Pth`], [`StateError::ElementType`] and
    /// [`StateError::NotNumbers`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let State { tensors, metadata } = if is_safetensors(bytes) {
            Self::from_safetensors(bytes)?
        } else {
            let TorchFile { tensors, metadata } = pth::read(bytes)?;
            State { tensors, metadata }
        };
        let state = State { tensors: unwrapped(tensors), metadata };
        let broken = state.tensors.iter().find(|(_, values)| values.data.iter().any(|value| !value.is_finite()));
        match broken {
            Some((key, _)) => Err(StateError::NotNumbers { key: key.clone() }),
            None => Ok(state),
        }
    }

    fn from_safetensors(bytes: &[u8]) -> Result<Self, StateError> {
        let format = |error: safetensors::SafeTensorError| StateError::Format(error.to_string());
        let length = u64::from_le_bytes(*bytes.first_chunk().unwrap_or(&[0; 8]));
        if length > HEADER_BYTES {
            return Err(StateError::Format(format!("its header has {length} bytes; at most {HEADER_BYTES} are read")));
        }
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(format)?;
        let file = SafeTensors::deserialize(bytes).map_err(format)?;
        let mut state = State::default();
        state.metadata.extend(header.metadata().clone().unwrap_or_default());
        for (key, view) in file.iter().filter(|(_, view)| !is_integer(view.dtype())) {
            let Some(data) = floats(&view) else {
                return Err(StateError::ElementType { key: key.to_owned(), dtype: format!("{:?}", view.dtype()) });
            };
            state.tensors.insert(key.to_owned(), Values { shape: view.shape().to_vec(), data });
        }
        Ok(state)
    }
}

/// Whether a file has a safetensors header: its length in eight bytes, and an opening brace.
fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{') && bytes.get(6..8) == Some(&[0, 0])
}

fn is_integer(dtype: Dtype) -> bool {
    use Dtype::{BOOL, I8, I16, I32, I64, U8, U16, U32, U64};
    matches!(dtype, BOOL | I8 | I16 | I32 | I64 | U8 | U16 | U32 | U64)
}

/// The values of a tensor of floating-point numbers.
fn floats(view: &TensorView<'_>) -> Option<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes.as_chunks::<N>().0.iter().map(|bytes| read(*bytes)).collect()
    }
    let bytes = view.data();
    match view.dtype() {
        Dtype::F32 => Some(each(bytes, f32::from_le_bytes)),
        Dtype::F16 => Some(each(bytes, |b| f16::from_le_bytes(b).to_f32())),
        Dtype::BF16 => Some(each(bytes, |b| bf16::from_le_bytes(b).to_f32())),
        Dtype::F64 => Some(each(bytes, |b| f64::from_le_bytes(b) as f32)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_and_doubles_are_read_and_counters_passed_over() {
        let half = f16::from_f32(1.5).to_le_bytes();
        let brain = bf16::from_f32(-3.0).to_le_bytes();
        let double = 0.25f64.to_le_bytes();
        let count = 7i64.to_le_bytes();
        let view = |dtype, bytes| TensorView::new(dtype, vec![1], bytes).unwrap();
        let mut tensors = vec![
            ("a", view(Dtype::F16, &half[..])),
            ("b", view(Dtype::BF16, &brain[..])),
            ("c", view(Dtype::F64, &double[..])),
            ("d.num_batches_tracked", view(Dtype::I64, &count[..])),
        ];
        let state = State::from_bytes(&safetensors::serialize(tensors.clone(), None).unwrap()).unwrap();
        let values: Vec<(&str, f32)> = state.tensors.iter().map(|(key, v)| (key.as_str(), v.data[0])).collect();
        assert_eq!(values, [("a", 1.5), ("b", -3.0), ("c", 0.25)]);
        let complex = [0; 8];
        tensors.push(("e", view(Dtype::C64, &complex[..])));
        let error = State::from_bytes(&safetensors::serialize(tensors, None).unwrap()).unwrap_err();
        assert!(error.to_string().starts_with("tensor e has element type C64"), "{error}");
        for (bytes, word) in [(&b"nonsense"[..], "not a PyTorch checkpoint"), (&[0x80, 2, 0x2e], "")] {
            let error = State::from_bytes(bytes).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_by_its_key() {
        for value in [f32::NAN, f32::INFINITY] {
            let mut state = State::default();
            for (key, data) in [("module.a", 1.0), ("module.velocity.b", value)] {
                state.tensors.insert(key.to_owned(), Values { shape: vec![2], data: vec![0.0, data] });
            }
            let error = State::from_bytes(&state.to_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("velocity.b holds values that are not numbers"), "{error}");
        }
    }

    #[test]
    fn a_header_out_of_proportion_is_refused() {
        assert_eq!(State::from_bytes(&State::default().to_bytes()).unwrap(), State::default());
        let bytes = [&(9u64 << 20).to_le_bytes()[..], b"{}", &[b' '; 9 << 20]].concat();
        let message = State::from_bytes(&bytes).unwrap_err().to_string();
        assert!(message.contains("its header has 9437184 bytes; at most 8388608 are read"), "{message}");
        assert!(State::begins(&bytes[..512]) && !State::begins(&[0; 512]) && !State::begins(b""));
    }

    #[test]
    fn the_reference_file_has_counters_and_no_velocities() {
        let mut state = State::default();
        let values = Values { shape: vec![2], data: vec![0.0, 1.0] };
        for key in ["bn.running_mean", "velocity.bn.weight", "bn.weight"] {
            state.tensors.insert(key.to_owned(), values.clone());
        }
        let bytes = state.to_reference_bytes(40);
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let mut names = file.names();
        names.sort();
        assert_eq!(names, ["bn.num_batches_tracked", "bn.running_mean", "bn.weight"]);
        let counter = file.tensor("bn.num_batches_tracked").unwrap();
        assert_eq!((counter.dtype(), counter.shape(), counter.data()), (Dtype::I64, &[][..], &40i64.to_le_bytes()[..]));
    }
}
