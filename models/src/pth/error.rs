//! Why a checkpoint cannot be read.

/// Why a checkpoint cannot be read. Byte positions count from the start of the file.
#[derive(Debug, thiserror::Error)]
pub enum PthError {
    #[error("not a PyTorch checkpoint: {0}")]
    NotCheckpoint(&'static str),
    #[error("a TorchScript archive; save the state_dict() of the model with torch.save instead")]
    TorchScript,
    #[error("truncated at byte {at}")]
    Truncated { at: usize },
    #[error("unsupported opcode 0x{opcode:02x} at byte {at}")]
    Opcode { opcode: u8, at: usize },
    #[error("malformed pickle at byte {at}: {what}")]
    Pickle { at: usize, what: &'static str },
    #[error("zip archive: {0}")]
    Archive(String),
    #[error("numbers in byte order \"{0}\"; only little is read")]
    ByteOrder(String),
    /// The older container's list of storages, without which none of them can be told apart.
    #[error("list of storages: {0}")]
    StorageList(String),
    #[error("no floating-point tensor in the state dict; at the top level there is {found}")]
    NoTensors { found: String },
    #[error("tensor {key}: {fault}")]
    Tensor { key: String, fault: TensorFault },
    /// A tensor may be there under several names, but not under any number.
    #[error("tensor {key}: the tensors together take more than {limit} bytes, out of proportion to the file")]
    TooLarge { key: String, limit: usize },
}

/// What is wrong with one tensor.
#[derive(Debug, thiserror::Error)]
pub enum TensorFault {
    #[error("it is not described as torch does")]
    Description,
    #[error("{0} is not supported")]
    Unsupported(String),
    #[error("no storage {0}")]
    NoStorage(String),
    #[error("storage too short: {needed} elements are needed, {found} are there")]
    StorageTooShort { needed: u128, found: usize },
    #[error("{elements} elements are made from a storage of {found}")]
    Expanded { elements: u128, found: usize },
}

/// Makes a name from a file fit into a message of one line.
pub(super) fn shown(name: &str) -> String {
    const SHOWN_CHARACTERS: usize = 100;
    let mut shown: String = name.chars().take(SHOWN_CHARACTERS).flat_map(char::escape_debug).collect();
    if name.chars().nth(SHOWN_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}
