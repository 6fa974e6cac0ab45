//! Underfoot: what every room stands on, and what knows nothing of networks, data or runs.

pub mod atomic_file;
pub mod checksum;
pub mod clock;
pub mod count;
pub mod event_file;
pub mod exit;
pub mod file_mutex;
#[cfg(test)]
pub(crate) mod golden;
pub mod input_file;
pub mod lookup;
#[allow(unsafe_code)]
pub mod memory;
pub mod npy;
pub mod plot;
pub mod printable;
pub mod progress;
pub mod split_mix;
pub mod stop;
pub mod system_file;
pub mod terminal;
pub mod threads;
