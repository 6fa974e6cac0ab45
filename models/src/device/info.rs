//! Descriptions of devices, and reasons why there is none.

/// What a device is, for listings and for the provenance of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The name that [`ComputeDevice::select`](super::ComputeDevice::select) takes: `flex`,
    /// `wgpu:0`, `wgpu:cpu` ...
    pub name: String,
    /// The hardware, as its driver calls it.
    pub adapter: String,
    /// Discrete GPU, integrated GPU, software ...
    pub kind: String,
    /// Graphics API and shader language; for the CPU backend its vector instructions.
    pub api: String,
    /// Whether it has floats of 16 bits and takes the workgroups of kernels for them, or computes
    /// as if it did: [`Precision::Mixed`](crate::precision::Precision::Mixed) needs them.
    pub half: bool,
}

/// Whether a device of this name is the CPU backend, whose results are the same bit for bit on the
/// same vector instructions.
pub fn is_cpu(name: &str) -> bool {
    name == CPU
}

/// The name of the CPU backend.
pub const CPU: &str = "flex";

impl DeviceInfo {
    /// Whether this is the CPU backend.
    pub fn is_cpu(&self) -> bool {
        is_cpu(&self.name)
    }
}

/// Why a device cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    #[error(
        "unknown device \"{0}\": use auto, flex, wgpu[:INDEX], vulkan[:INDEX] or vulkan:cpu; `atrous devices` lists them"
    )]
    Unknown(String),
    #[error("device \"{name}\" is not here: {reason}; `atrous devices` lists those that are")]
    Absent { name: String, reason: String },
    #[error("device \"{name}\" does not open: {reason}")]
    Broken { name: String, reason: String },
    #[error(
        "train.precision = \"mixed\": device \"{name}\" has no 16-bit floats; use --device flex, or train.precision = \"single\""
    )]
    Bits { name: String },
    #[error("device \"{name}\" does not answer any more: {reason}")]
    Lost { name: String, reason: String },
}

/// Returns what the CPU backend is on this machine.
pub fn flex_info() -> DeviceInfo {
    let threads = rayon::current_num_threads();
    DeviceInfo {
        name: CPU.to_owned(),
        adapter: format!("{} ({threads} threads)", cpu_name()),
        kind: "CPU".to_owned(),
        api: vector_instructions().to_owned(),
        half: true,
    }
}

/// Returns the widest vectors of this processor that the CPU backend makes use of. Sums are added
/// in an order that depends on them: results are the same bit for bit only where they are.
fn vector_instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        return "AVX-512";
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        return "AVX2";
    }
    std::env::consts::ARCH
}

/// Returns the processor's name where the system tells it.
#[expect(clippy::disallowed_methods, reason = "proc(5) is no plain file, and has an end")]
fn cpu_name() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
