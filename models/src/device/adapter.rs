//! Graphics adapters through wgpu.

use std::sync::{Mutex, PoisonError};

use burn::tensor::Device;
use burn::tensor::wgpu::{WgpuSetup, wgpu};
use burn_cubecl::cubecl::wgpu::vulkan::try_request_vulkan_device;

use super::info::{DeviceError, DeviceInfo};
use super::language::{AdapterTraits, Language};
use super::request::{Api, DeviceRequest};
use super::wgsl_server;
use crate::ops::atrous_conv2d::gpu::check_environment;

/// An adapter and the position that the runtime knows it by.
struct FoundAdapter {
    instance: wgpu::Instance,
    adapter: wgpu::Adapter,
    info: wgpu::AdapterInfo,
    /// Among the adapters of its API and kind.
    position: usize,
    /// The language of its kernels, or why there is none.
    language: Result<Language, String>,
}

impl FoundAdapter {
    fn new(instance: wgpu::Instance, adapter: wgpu::Adapter, position: usize) -> Self {
        let info = adapter.get_info();
        let language = Language::of(AdapterTraits {
            takes_spirv: wgsl_server::takes_spirv(&adapter),
            is_software: info.device_type == wgpu::DeviceType::Cpu,
            driver: &info.driver_info,
        });
        FoundAdapter { instance, adapter, info, position, language }
    }

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
        let language = self.language.as_ref().map_or_else(Clone::clone, Language::to_string);
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
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = opened.iter().find(|known| known.id == self.id()) {
            return Ok(known.device.clone());
        }
        let device = self.register().map_err(|reason| DeviceError::Broken { name: name.to_owned(), reason })?;
        opened.push(device.clone());
        Ok(device.device)
    }

    /// Opens it beside the device that the runtime keeps for it and that is lost, and from now on
    /// in its place.
    fn open_anew(&self, name: &str) -> Result<Device, DeviceError> {
        let device = self.register().map_err(|reason| DeviceError::Broken { name: name.to_owned(), reason })?;
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|known| known.id != self.id());
        opened.push(device.clone());
        Ok(device.device)
    }

    /// Asks the driver for a device of its own, and registers it with the runtime.
    fn register(&self) -> Result<OpenDevice, String> {
        let language = self.language.clone()?;
        let (device, queue) = self.request(language)?;
        let setup = WgpuSetup {
            instance: self.instance.clone(),
            adapter: self.adapter.clone(),
            device: device.clone(),
            queue,
            backend: self.info.backend,
        };
        let registered = if language == Language::Wgsl && self.info.backend == wgpu::Backend::Vulkan {
            wgsl_server::register(setup)?
        } else {
            Device::wgpu_options().setup(setup).init().map_err(|error| error.to_string())?
        };
        Ok(OpenDevice { id: self.id(), device: registered, handle: device })
    }

    /// Returns a device with all that the runtime asks of an adapter. For kernels in WGSL,
    /// experimental features are left out, which they have no use for.
    fn request(&self, language: Language) -> Result<(wgpu::Device, wgpu::Queue), String> {
        if language == Language::SpirV {
            let requested = pollster::block_on(try_request_vulkan_device(&self.adapter));
            return requested
                .map_err(|error| error.to_string())?
                .ok_or_else(|| "it does not take the runtime's SPIR-V".to_owned());
        }
        let left_out = wgpu::Features::all_experimental_mask().union(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS);
        pollster::block_on(self.adapter.request_device(&wgpu::DeviceDescriptor {
            required_features: self.adapter.features().difference(left_out),
            required_limits: self.adapter.limits(),
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..Default::default()
        }))
        .map_err(|error| error.to_string())
    }

    fn id(&self) -> Id {
        (self.info.backend, self.info.device_type, self.position)
    }
}

/// An adapter of a process: its API, its kind, and its position among those of the same.
type Id = (wgpu::Backend, wgpu::DeviceType, usize);

/// An adapter that is open.
#[derive(Clone)]
struct OpenDevice {
    id: Id,
    device: Device,
    /// The driver's device behind it.
    handle: wgpu::Device,
}

/// The adapters that are open: each once in a process.
static OPENED: Mutex<Vec<OpenDevice>> = Mutex::new(Vec::new());

/// Destroys the driver's device behind an open one, as if it had been taken away.
pub(super) fn destroy(device: &Device) {
    let opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    for known in opened.iter().filter(|known| known.device == *device) {
        known.handle.destroy();
    }
}

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
        found.push(FoundAdapter::new(instance.clone(), adapter, position));
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
