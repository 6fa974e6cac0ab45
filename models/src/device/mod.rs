//! Devices of this machine, chosen by name.

#[cfg(feature = "wgpu")]
mod adapter;
mod info;
#[cfg(feature = "wgpu")]
mod language;
mod request;
#[cfg(feature = "wgpu")]
mod wgsl_server;

pub use info::{CPU, DeviceError, DeviceInfo, is_cpu};

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{Device, Tensor};

#[cfg(feature = "wgpu")]
use crate::ops::atrous_conv2d::gpu;
use crate::precision::Precision;
use info::flex_info;
use request::{DeviceRequest, parse};

/// A device that was chosen and opened.
#[derive(Clone, Debug)]
pub struct ComputeDevice {
    /// The device without autodiff.
    pub device: Device,
    pub info: DeviceInfo,
}

impl ComputeDevice {
    /// Returns burn's CPU backend, with this project's kernels.
    pub fn flex() -> Self {
        Self { device: Device::flex(), info: flex_info() }
    }

    #[cfg(feature = "wgpu")]
    fn of((device, info): (Device, DeviceInfo)) -> Self {
        Self { device, info }
    }

    /// Opens the device called `name`: `auto` (a real GPU where there is one, else `flex`), `flex`,
    /// `wgpu[:index]`, `vulkan[:index]`, or a software adapter by `wgpu:cpu` and `vulkan:cpu`.
    ///
    /// # Errors
    /// A name of another form, a device that is not there, or one that does not open.
    pub fn select(name: &str) -> Result<Self, DeviceError> {
        match parse(name)? {
            DeviceRequest::Flex => Ok(Self::flex()),
            #[cfg(feature = "wgpu")]
            request => Ok(adapter::select(name, request)?.map_or_else(Self::flex, Self::of)),
            #[cfg(not(feature = "wgpu"))]
            DeviceRequest::Auto => Ok(Self::flex()),
            #[cfg(not(feature = "wgpu"))]
            DeviceRequest::Gpu { .. } | DeviceRequest::Software(_) => Err(DeviceError::Absent {
                name: name.to_owned(),
                reason: "this program was built without the feature wgpu".to_owned(),
            }),
        }
    }

    /// Returns the name that selects it.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Checks whether networks can be trained in this precision on it.
    ///
    /// # Errors
    /// [`DeviceError::Bits`].
    pub fn takes(&self, precision: Precision) -> Result<(), DeviceError> {
        match precision {
            Precision::Mixed if !self.info.half => Err(DeviceError::Bits { name: self.info.name.clone() }),
            _ => Ok(()),
        }
    }

    /// Returns the hardware, as its driver calls it.
    pub fn adapter(&self) -> &str {
        &self.info.adapter
    }

    /// Returns how this process computed convolutions on it, and what that was chosen by, on one
    /// line; empty on the CPU, and where it has computed none.
    pub fn convolutions(&self) -> String {
        #[cfg(feature = "wgpu")]
        if !self.info.is_cpu() {
            return gpu::choices();
        }
        String::new()
    }

    /// Computes something small, to see whether the device still does. One that is lost (a driver
    /// that was reset, a GPU that went away) fails every call from then on;
    /// [`ComputeDevice::reopen`] may give another.
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

    /// Opens the same device anew where this one is lost, by its name. Tensors of the lost one stay
    /// lost.
    ///
    /// # Errors
    /// A device that is not there any more, whose place another one has, or that does not open or
    /// compute.
    pub fn reopen(&self) -> Result<Self, DeviceError> {
        let name = &self.info.name;
        let again = match parse(name)? {
            DeviceRequest::Flex => Self::flex(),
            #[cfg(feature = "wgpu")]
            request => adapter::open_anew(name, request)?.map_or_else(Self::flex, Self::of),
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

    /// Destroys the driver's device behind it, as if the GPU had been taken away: for tests of what
    /// comes after. Leaves the CPU alone.
    #[cfg(feature = "wgpu")]
    pub fn destroy(&self) {
        adapter::destroy(&self.device);
    }

    /// Returns the device with gradients, for training.
    pub fn autodiff(&self) -> Device {
        self.device.clone().autodiff()
    }
}

/// Returns the causes that an error of the runtime lists on lines of their own, each once, without
/// its backtrace.
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

/// Returns every device that [`ComputeDevice::select`] can open, those that `auto` prefers first.
pub fn list() -> Vec<DeviceInfo> {
    #[cfg(feature = "wgpu")]
    let mut devices = adapter::list();
    #[cfg(not(feature = "wgpu"))]
    let mut devices = Vec::new();
    let gpus = devices.iter().take_while(|device: &&DeviceInfo| !device.name.ends_with(":cpu")).count();
    devices.insert(gpus, flex_info());
    devices
}

#[cfg(test)]
mod tests {
    use super::*;

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
