//! Graphics adapters through wgpu.
//!
//! Kernels are WGSL unless the feature `vulkan` is on: with it the runtime compiles SPIR-V for
//! every Vulkan adapter, and SPIR-V kernels crash the compiler of the software adapter of Mesa
//! before version 26.

use std::sync::{Mutex, PoisonError};

use burn::tensor::wgpu::{WgpuBackend, WgpuSetup, wgpu};
use burn::tensor::{Device, DeviceKind};

use super::info::{DeviceError, DeviceInfo};
use super::request::{Api, DeviceRequest};
use crate::ops::atrous_conv2d::gpu::check_environment;

/// An adapter and the position that the runtime knows it by.
struct FoundAdapter {
    instance: wgpu::Instance,
    adapter: wgpu::Adapter,
    info: wgpu::AdapterInfo,
    /// Among the adapters of its API and kind.
    position: usize,
}

impl FoundAdapter {
    fn is_software(&self) -> bool {
        self.info.device_type == wgpu::DeviceType::Cpu
    }

    fn describe(&self, name: String) -> DeviceInfo {
        let kind = match self.info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete GPU",
            wgpu::DeviceType::IntegratedGpu => "integrated GPU",
            wgpu::DeviceType::VirtualGpu => "virtual GPU",
            wgpu::DeviceType::Cpu => "software",
            wgpu::DeviceType::Other => "GPU of unknown kind",
        };
        let spirv = cfg!(feature = "vulkan") && self.info.backend == wgpu::Backend::Vulkan;
        let language = if spirv { "SPIR-V" } else { "WGSL" };
        DeviceInfo {
            name,
            adapter: self.info.name.clone(),
            kind: kind.to_owned(),
            api: format!("{:?}, {language}", self.info.backend),
            half: self.adapter.features().contains(wgpu::Features::SHADER_F16)
                && self.adapter.limits().max_compute_invocations_per_workgroup >= 256,
        }
    }

    fn open(&self, name: &str) -> Result<Device, DeviceError> {
        let broken = |reason: String| DeviceError::Broken { name: name.to_owned(), reason };
        if cfg!(feature = "vulkan") && self.is_software() && !takes_spirv(&self.info.driver_info) {
            let reason = "with the feature vulkan, software adapters must be those of Mesa 26 or newer";
            return Err(broken(format!("{reason}, this one is {}", self.info.driver_info)));
        }
        let kind = match self.info.device_type {
            wgpu::DeviceType::DiscreteGpu => DeviceKind::DiscreteGpu(self.position),
            wgpu::DeviceType::IntegratedGpu => DeviceKind::IntegratedGpu(self.position),
            wgpu::DeviceType::VirtualGpu => DeviceKind::VirtualGpu(self.position),
            wgpu::DeviceType::Cpu => DeviceKind::Cpu,
            wgpu::DeviceType::Other => return Err(broken("adapters of unknown kind cannot be told apart".to_owned())),
        };
        let api = match self.info.backend {
            wgpu::Backend::Vulkan => WgpuBackend::Vulkan,
            wgpu::Backend::Metal => WgpuBackend::Metal,
            wgpu::Backend::Dx12 => WgpuBackend::Dx12,
            other => return Err(broken(format!("graphics API {other:?} is not used"))),
        };
        // The runtime opens an adapter once in a process.
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, device)) = opened.iter().find(|(known, _)| *known == self.id()) {
            return Ok(device.clone());
        }
        let options = Device::wgpu_options().device_kind(kind).graphics_api(api);
        let device = options.init().map_err(|error| broken(error.to_string()))?;
        opened.push((self.id(), device.clone()));
        Ok(device)
    }

    /// Opens it beside the device that the runtime keeps for it and that is lost, and from now on
    /// in its place: with all that the runtime asks of an adapter, but for experimental features,
    /// which kernels in WGSL have no use for.
    fn open_anew(&self, name: &str) -> Result<Device, DeviceError> {
        let broken = |reason: String| DeviceError::Broken { name: name.to_owned(), reason };
        if cfg!(feature = "vulkan") {
            return Err(broken("a program built with the feature vulkan opens it once".to_owned()));
        }
        let left_out = wgpu::Features::all_experimental_mask().union(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS);
        let (device, queue) = pollster::block_on(self.adapter.request_device(&wgpu::DeviceDescriptor {
            required_features: self.adapter.features().difference(left_out),
            required_limits: self.adapter.limits(),
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..Default::default()
        }))
        .map_err(|error| broken(error.to_string()))?;
        let (instance, adapter, backend) = (self.instance.clone(), self.adapter.clone(), self.info.backend);
        let setup = WgpuSetup { instance, adapter, device, queue, backend };
        let device = Device::wgpu_options().setup(setup).init().map_err(|error| broken(error.to_string()))?;
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|(known, _)| *known != self.id());
        opened.push((self.id(), device.clone()));
        Ok(device)
    }

    fn id(&self) -> Id {
        (self.info.backend, self.info.device_type, self.position)
    }
}

/// Returns whether a software adapter of this driver compiles the runtime's SPIR-V. Mesa 22.3 and
/// 25.0 crash on it.
fn takes_spirv(driver: &str) -> bool {
    let major = driver.strip_prefix("Mesa ").and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major >= 26)
}

/// An adapter of a process: its API, its kind, and its position among those of the same.
type Id = (wgpu::Backend, wgpu::DeviceType, usize);

/// The adapters that are open.
static OPENED: Mutex<Vec<(Id, Device)>> = Mutex::new(Vec::new());

const APIS: wgpu::Backends = wgpu::Backends::VULKAN.union(wgpu::Backends::METAL).union(wgpu::Backends::DX12);

fn instance() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: APIS,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    })
}

/// Returns all adapters: discrete GPUs, other GPUs, software ones, each in the order in which the
/// drivers name them.
fn adapters() -> Vec<FoundAdapter> {
    let mut found: Vec<FoundAdapter> = Vec::new();
    let instance = instance();
    for adapter in pollster::block_on(instance.enumerate_adapters(APIS)) {
        let info = adapter.get_info();
        let same =
            |other: &&FoundAdapter| other.info.device_type == info.device_type && other.info.backend == info.backend;
        let position = found.iter().filter(same).count();
        found.push(FoundAdapter { instance: instance.clone(), adapter, info, position });
    }
    found.sort_by_key(|found| (found.is_software(), found.info.device_type != wgpu::DeviceType::DiscreteGpu));
    found
}

pub(super) fn list() -> Vec<DeviceInfo> {
    let (soft, real): (Vec<FoundAdapter>, Vec<FoundAdapter>) =
        adapters().into_iter().partition(FoundAdapter::is_software);
    let real = real.iter().enumerate().map(|(index, found)| found.describe(format!("wgpu:{index}")));
    // Only the first software adapter can be named.
    real.chain(soft.first().map(|found| found.describe("wgpu:cpu".to_owned()))).collect()
}

/// A device that was opened, and what it is.
type Opened = (Device, DeviceInfo);

/// Opens an adapter by name. Returns `None` where `auto` finds no GPU.
///
/// # Errors
/// An adapter that is not there, or that does not open.
pub(super) fn select(name: &str, request: DeviceRequest) -> Result<Option<Opened>, DeviceError> {
    open(name, request, FoundAdapter::open)
}

/// Opens an adapter anew where the device that [`select`] gave is lost.
///
/// # Errors
/// Those of [`select`].
pub(super) fn open_anew(name: &str, request: DeviceRequest) -> Result<Option<Opened>, DeviceError> {
    open(name, request, FoundAdapter::open_anew)
}

fn open(
    name: &str,
    request: DeviceRequest,
    open: fn(&FoundAdapter, &str) -> Result<Device, DeviceError>,
) -> Result<Option<Opened>, DeviceError> {
    let (api, software, index) = match request {
        DeviceRequest::Flex | DeviceRequest::Auto => (Api::Any, false, 0),
        DeviceRequest::Gpu { api, index } => (api, false, index.unwrap_or(0)),
        DeviceRequest::Software(api) => (api, true, 0),
    };
    let adapters = adapters();
    let fits = |found: &&FoundAdapter| api == Api::Any || found.info.backend == wgpu::Backend::Vulkan;
    let (soft, real): (Vec<&FoundAdapter>, Vec<&FoundAdapter>) =
        adapters.iter().filter(fits).partition(|found| found.is_software());
    let candidates = if software { &soft } else { &real };
    let Some(found) = candidates.get(index) else {
        if request == DeviceRequest::Auto {
            return Ok(None);
        }
        let what = if software { "no software adapter".to_owned() } else { format!("{} GPU(s) found", real.len()) };
        let hint = if !software && !soft.is_empty() { "; the software adapter is called vulkan:cpu" } else { "" };
        return Err(DeviceError::Absent { name: name.to_owned(), reason: what + hint });
    };
    // The name in the list, which counts the adapters of all APIs.
    let listed = adapters.iter().position(|other| std::ptr::eq(other, *found)).unwrap_or(index);
    let label = match (software, api) {
        (true, Api::Vulkan) => "vulkan:cpu".to_owned(),
        (true, Api::Any) => "wgpu:cpu".to_owned(),
        (false, _) => format!("wgpu:{listed}"),
    };
    check_environment().map_err(|reason| DeviceError::Broken { name: name.to_owned(), reason })?;
    Ok(Some((open(found, name)?, found.describe(label))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_software_adapters_are_not_given_spirv() {
        for (driver, takes) in [
            ("Mesa 22.3.6 (LLVM 15.0.6)", false),
            ("Mesa 25.0.7-2 (LLVM 19.1.7)", false),
            ("Mesa 26.2.6-1 (LLVM 22.1.8)", true),
            ("Mesa 100.0.0", true),
            ("SwiftShader driver", false),
            ("", false),
        ] {
            assert_eq!(takes_spirv(driver), takes, "{driver}");
        }
    }
}
