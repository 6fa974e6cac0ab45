//! PyTorch checkpoints, read without executing anything in them.
//!
//! A checkpoint is a pickle and raw numbers beside it. Python's pickle is a program that may call
//! any function; the machine here knows the few that a state dict is made of, and passes over the
//! rest. What is read, and what is not:
//!
//! - Both containers: the zip archive of torch 1.6 and later, its entries uncompressed, and the
//!   older row of pickles, which the ImageNet weights of open-mmlab and torchvision are in. Not
//!   TorchScript, nor the tar of torch before 0.1.10.
//! - The dict under `state_dict` (as mmengine nests it), else that under `model`, else the top
//!   level.
//! - Tensors and parameters of f16, bf16, f32 and f64, as views of their storages. Integers and
//!   booleans, such as `num_batches_tracked`, are left out. Complex, quantised and sparse tensors
//!   of the state dict are errors.
//! - What `meta` says of the network: mmengine's and mmcv's configuration, as text or as an object,
//!   and the names of the classes.
//! - Everything else in the file (other settings, optimisers, message hubs, numpy arrays) is
//!   passed over.
//!
//! No file makes the reader panic, and what it takes is bounded: for the tensors by 4 times the
//! file's size (and 1 MB), for the pickle by some 100 bytes an instruction, of which there may be a
//! million, and for the directory of a zip archive by some 200 bytes an entry.

mod archive;
mod cursor;
mod element;
mod error;
mod legacy;
mod literal;
mod machine;
mod meta;
mod opcode;
mod state_dict;
mod storage;
mod tensor;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

use crate::values::Values;

pub use error::{PthError, TensorFault};

/// What a zip archive with an entry begins with.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// Bytes that the tensors of the smallest file may take, and that they may take for each byte of a
/// file. Values double from f16 to f32, and one storage may have two names.
const TENSOR_BYTES: (usize, usize) = (1 << 20, 4);

/// Tells whether these may be the first bytes of a checkpoint. Torch writes pickles from protocol 2
/// on, whose first instruction names it.
pub fn begins(head: &[u8]) -> bool {
    head.starts_with(ZIP_MAGIC) || head.first() == Some(&opcode::PROTO)
}

/// What a checkpoint holds of a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TorchFile {
    /// All floating-point tensors of the state dict, by key; values are rounded to f32, in
    /// row-major order.
    pub tensors: BTreeMap<String, Values>,
    /// `cfg`: the configuration in Python's notation. `classes`: the list of their names.
    pub metadata: BTreeMap<String, String>,
}

/// Reads a checkpoint.
///
/// # Errors
/// [`PthError`] where the file is none that torch writes, is cut off or broken, or has no such
/// tensors.
pub fn read(bytes: &[u8]) -> Result<TorchFile, PthError> {
    let (least, factor) = TENSOR_BYTES;
    let limit = bytes.len().saturating_mul(factor).saturating_add(least);
    if bytes.starts_with(ZIP_MAGIC) {
        let mut archive = archive::Archive::open(bytes)?;
        let (heap, top) = archive.pickle()?;
        let tensors = state_dict::read(&heap, top, &mut archive, limit)?;
        Ok(TorchFile { tensors, metadata: meta::read(&heap, top) })
    } else {
        let (heap, top, mut storages) = legacy::open(bytes)?;
        let tensors = state_dict::read(&heap, top, &mut storages, limit)?;
        Ok(TorchFile { tensors, metadata: meta::read(&heap, top) })
    }
}
