//! What can be computed on here, and how a device is chosen by name.

#[cfg(feature = "wgpu")]
mod adapter;

use crate::ops;
use crate::precision::Precision;
use burn::tensor::{Device, Tensor};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a device is, for listings and for the provenance of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The name that [`ComputeDevice::select`] takes: `flex`, `wgpu:0`, `wgpu:cpu` ...
    pub name: String,
    /// The hardware, as its driver calls it.
    pub adapter: String,
    /// Discrete GPU, integrated GPU, software ...
    pub kind: String,
    /// Graphics API and shader language; for the CPU backend its vector instructions.
    pub api: String,
    /// Whether it has floats of 16 bits and takes the workgroups of kernels for them, or computes as if it did:
    /// [`Precision::Mixed`] needs them.
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

/// A device that was chosen and opened.
#[derive(Clone, Debug)]
pub struct ComputeDevice {
    /// Without autodiff.
    pub device: Device,
    pub info: DeviceInfo,
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

/// Where a GPU index is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Api {
    /// Vulkan, Metal or DX12.
    Any,
    Vulkan,
}

/// What a name asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Auto,
    Flex,
    Gpu { api: Api, index: Option<usize> },
    Software(Api),
}

fn parse(name: &str) -> Result<Wish, DeviceError> {
    let unknown = || DeviceError::Unknown(name.to_owned());
    let (api, rest) = match name.split_once(':') {
        Some((api, rest)) => (api, Some(rest)),
        None => (name, None),
    };
    let api = match (api, rest) {
        ("auto", None) => return Ok(Wish::Auto),
        (CPU, None) => return Ok(Wish::Flex),
        ("wgpu", _) => Api::Any,
        ("vulkan", _) => Api::Vulkan,
        _ => return Err(unknown()),
    };
    match rest {
        None => Ok(Wish::Gpu { api, index: None }),
        Some("cpu") => Ok(Wish::Software(api)),
        Some(index) => Ok(Wish::Gpu { api, index: Some(index.parse().map_err(|_| unknown())?) }),
    }
}

impl ComputeDevice {
    /// burn's CPU backend, with this project's kernels.
    pub fn flex() -> Self {
        Self { device: Device::flex(), info: flex_info() }
    }

    /// Opens the device called `name`: `auto` (a real GPU where there is one, else `flex`), `flex`, `wgpu[:index]`,
    /// `vulkan[:index]`, or a software adapter by `wgpu:cpu` and `vulkan:cpu`.
    ///
    /// # Errors
    /// A name of another form, a device that is not there, or one that does not open.
    pub fn select(name: &str) -> Result<Self, DeviceError> {
        match parse(name)? {
            Wish::Flex => Ok(Self::flex()),
            #[cfg(feature = "wgpu")]
            wish => adapter::select(name, wish),
            #[cfg(not(feature = "wgpu"))]
            Wish::Auto => Ok(Self::flex()),
            #[cfg(not(feature = "wgpu"))]
            Wish::Gpu { .. } | Wish::Software(_) => Err(DeviceError::Absent {
                name: name.to_owned(),
                reason: "this program was built without the feature wgpu".to_owned(),
            }),
        }
    }

    /// The name that selects it.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Whether networks can be trained in this precision on it.
    ///
    /// # Errors
    /// [`DeviceError::Bits`].
    pub fn takes(&self, precision: Precision) -> Result<(), DeviceError> {
        match precision {
            Precision::Mixed if !self.info.half => Err(DeviceError::Bits { name: self.info.name.clone() }),
            _ => Ok(()),
        }
    }

    /// The hardware, as its driver calls it.
    pub fn adapter(&self) -> &str {
        &self.info.adapter
    }

    /// How this process computed convolutions on it, and what that was chosen by, on one line; empty on the CPU, and where it has
    /// computed none.
    pub fn convolutions(&self) -> String {
        if self.info.is_cpu() { String::new() } else { ops::convolution_choices() }
    }

    /// Computes something small, to see whether the device still does. One that is lost (a driver that was reset, a GPU that went
    /// away) fails every call from then on; [`ComputeDevice::reopen`] may give another.
    ///
    /// # Errors
    /// [`DeviceError::Lost`] with what the runtime says.
    pub fn check(&self) -> Result<(), DeviceError> {
        let lost = |reason: String| DeviceError::Lost { name: self.info.name.clone(), reason };
        let sum = || -> Result<Option<f64>, String> {
            self.device.sync().map_err(|error| error.to_string())?;
            let sum = Tensor::<1>::from_floats([1.0, 2.0], &self.device).sum();
            let sum = sum.try_into_data().map_err(|error| error.to_string())?;
            Ok(sum.iter::<f64>().next())
        };
        match catch_unwind(AssertUnwindSafe(sum)) {
            Ok(Ok(Some(3.0))) => Ok(()),
            Ok(Ok(sum)) => Err(lost(format!("it says that 1 + 2 is {sum:?}"))),
            Ok(Err(reason)) => Err(lost(causes(&reason))),
            Err(_) => Err(lost("it panics".to_owned())),
        }
    }

    /// Opens the same device anew where this one is lost, by its name. Tensors of the lost one stay lost.
    ///
    /// # Errors
    /// A device that is not there any more, whose place another one has, or that does not open or compute.
    pub fn reopen(&self) -> Result<Self, DeviceError> {
        let name = &self.info.name;
        let again = match parse(name)? {
            Wish::Flex => Self::flex(),
            #[cfg(feature = "wgpu")]
            wish => adapter::open_anew(name, wish)?,
            #[cfg(not(feature = "wgpu"))]
            _ => self.clone(),
        };
        if again.info != self.info {
            let reason = format!("{} has its place now", again.info.adapter);
            return Err(DeviceError::Absent { name: name.clone(), reason });
        }
        again.check()?;
        Ok(again)
    }

    /// The same device, for training.
    pub fn autodiff(&self) -> Device {
        self.device.clone().autodiff()
    }
}

/// The causes that an error of the runtime lists on lines of their own, each once, without its backtrace.
fn causes(text: &str) -> String {
    let lines = text.lines().map(str::trim).take_while(|line| *line != "Backtrace:");
    let mut causes: Vec<&str> = Vec::new();
    for line in lines.map(|line| line.trim_end_matches(':')) {
        if !["", "Caused by"].contains(&line) && !causes.contains(&line) {
            causes.push(line);
        }
    }
    causes.join(": ")
}

/// Every device that [`ComputeDevice::select`] can open, those that `auto` prefers first.
pub fn list() -> Vec<DeviceInfo> {
    #[cfg(feature = "wgpu")]
    let mut devices = adapter::list();
    #[cfg(not(feature = "wgpu"))]
    let mut devices = Vec::new();
    let gpus = devices.iter().take_while(|device: &&DeviceInfo| !device.name.ends_with(":cpu")).count();
    devices.insert(gpus, flex_info());
    devices
}

fn flex_info() -> DeviceInfo {
    let threads = rayon::current_num_threads();
    DeviceInfo {
        name: CPU.to_owned(),
        adapter: format!("{} ({threads} threads)", cpu_name()),
        kind: "CPU".to_owned(),
        api: vector_instructions().to_owned(),
        half: true,
    }
}

/// The widest vectors of this processor that the CPU backend makes use of. Sums are added in an order that depends on them: results
/// are the same bit for bit only where they are.
fn vector_instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        return "AVX-512";
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        return "AVX2";
    }
    std::env::consts::ARCH
}

/// The processor's name where the system tells it.
fn cpu_name() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed() {
        assert_eq!(parse("auto").unwrap(), Wish::Auto);
        assert_eq!(parse("flex").unwrap(), Wish::Flex);
        assert_eq!(parse("wgpu").unwrap(), Wish::Gpu { api: Api::Any, index: None });
        assert_eq!(parse("vulkan:1").unwrap(), Wish::Gpu { api: Api::Vulkan, index: Some(1) });
        assert_eq!(parse("vulkan:cpu").unwrap(), Wish::Software(Api::Vulkan));
        for wrong in ["", "cuda", "flex:0", "auto:1", "wgpu:", "wgpu:x", "vulkan:-1", "vulkan:0:1"] {
            let message = parse(wrong).unwrap_err().to_string();
            assert!(message.starts_with(&format!("unknown device \"{wrong}\"")), "{message}");
        }
    }

    #[test]
    fn the_cpu_backend_is_always_listed() {
        assert_eq!(list().iter().filter(|device| device.is_cpu()).count(), 1);
        let names = ["flex", "wgpu:0", "vulkan:cpu", "flex + wgpu:0", ""];
        assert_eq!(names.map(is_cpu), [true, false, false, false, false]);
        assert_eq!(ComputeDevice::select("flex").unwrap().info, flex_info());
    }

    #[test]
    fn mixed_precision_needs_16_bits() {
        let device = ComputeDevice::flex();
        device.takes(Precision::Mixed).unwrap();
        let without = ComputeDevice { info: DeviceInfo { half: false, ..flex_info() }, ..device };
        without.takes(Precision::Single).unwrap();
        let error = without.takes(Precision::Mixed).unwrap_err().to_string();
        assert!(error.starts_with("train.precision = \"mixed\": device \"flex\" has no 16-bit floats"), "{error}");
    }

    #[test]
    fn a_device_that_computes_is_not_lost() {
        ComputeDevice::flex().check().unwrap();
    }

    #[test]
    fn a_device_is_opened_again_and_another_in_its_place_is_not_taken_for_it() {
        let device = ComputeDevice::flex();
        assert_eq!(device.reopen().unwrap().info, device.info);
        let other = DeviceInfo { adapter: "another".to_owned(), ..flex_info() };
        let error = ComputeDevice { info: other, ..device }.reopen().unwrap_err().to_string();
        assert!(error.contains("device \"flex\" is not here: ") && error.contains("has its place now"), "{error}");
    }

    #[test]
    fn causes_are_on_one_line() {
        let text = "The device is poisoned\nCaused by:\n  The device is poisoned\nCaused by:\n  Destroyed: \nBacktrace:\n0: main";
        assert_eq!(causes(text), "The device is poisoned: Destroyed");
        assert_eq!(causes("out of memory"), "out of memory");
    }

    #[test]
    fn an_index_beyond_the_adapters_is_absent() {
        let error = ComputeDevice::select("vulkan:99").unwrap_err();
        assert!(matches!(error, DeviceError::Absent { .. }), "{error}");
    }
}
