//! Element types of storages.

use burn::tensor::{bf16, f16};

/// What a storage holds, little endian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ElementType {
    F16,
    Bf16,
    F32,
    F64,
    /// Integers and booleans, by their size in bytes: counters, which no network computes with.
    Integer(usize),
    /// Complex and quantised numbers, by their size in bytes.
    Other(usize),
}

impl ElementType {
    /// Finds the type by the class of a storage (`FloatStorage`) or the name of a type (`float32`),
    /// both of the module `torch`.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "HalfStorage" | "float16" => Self::F16,
            "BFloat16Storage" | "bfloat16" => Self::Bf16,
            "FloatStorage" | "float32" => Self::F32,
            "DoubleStorage" | "float64" => Self::F64,
            "LongStorage" | "int64" | "uint64" => Self::Integer(8),
            "IntStorage" | "int32" | "uint32" => Self::Integer(4),
            "ShortStorage" | "int16" | "uint16" => Self::Integer(2),
            "CharStorage" | "ByteStorage" | "BoolStorage" | "UntypedStorage" | "int8" | "uint8" | "bool" => {
                Self::Integer(1)
            }
            "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage" | "QUInt2x4Storage" => Self::Other(1),
            "QInt32Storage" => Self::Other(4),
            "ComplexFloatStorage" => Self::Other(8),
            "ComplexDoubleStorage" => Self::Other(16),
            _ => return None,
        })
    }

    /// Bytes of an element.
    pub fn size(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Integer(size) | Self::Other(size) => size,
        }
    }

    /// Reads the elements at these places of a storage, rounded to f32; none of what is no
    /// floating-point number.
    ///
    /// # Panics
    /// If the storage has no such place.
    pub fn gather(self, storage: &[u8], places: impl Iterator<Item = usize>) -> Vec<f32> {
        match self {
            Self::F16 => gather(storage, places, |bytes| f16::from_le_bytes(bytes).to_f32()),
            Self::Bf16 => gather(storage, places, |bytes| bf16::from_le_bytes(bytes).to_f32()),
            Self::F32 => gather(storage, places, f32::from_le_bytes),
            Self::F64 => gather(storage, places, |bytes| f64::from_le_bytes(bytes) as f32),
            Self::Integer(_) | Self::Other(_) => Vec::new(),
        }
    }
}

fn gather<const N: usize>(
    storage: &[u8],
    places: impl Iterator<Item = usize>,
    decode: impl Fn([u8; N]) -> f32,
) -> Vec<f32> {
    let elements = storage.as_chunks::<N>().0;
    places.map(|place| decode(elements[place])).collect()
}
