//! The runtime's server for kernels in WGSL, on adapters where it would choose SPIR-V by itself.
//!
//! The runtime compiles SPIR-V for every Vulkan device, and has no option for another language. But
//! it takes a server that was made with other options of its compiler. What follows is what two
//! functions of cubecl-wgpu 0.11.3 do for WGSL: `try_create_server` (`runtime.rs`) and
//! `register_types` (`backend/wgsl.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use burn::tensor::Device;
use burn::tensor::wgpu::{WgpuSetup, wgpu};
use burn_cubecl::cubecl;
use cubecl::WgpuCompilationOptions;
use cubecl::client::Client;
use cubecl::ir::features::{AtomicUsage, Plane, TypeUsage};
use cubecl::ir::{
    AddressType, DeviceIdentity, DeviceProperties, ElemType, FloatKind, HardwareProperties, IntKind,
    MemoryDeviceProperties, Type, UIntKind,
};
use cubecl::server::ServerUtilities;
use cubecl::wgpu::{AutoCompiler, RuntimeOptions, WgpuDevice, WgpuDeviceKind, WgpuRuntime, WgpuServer, vulkan};
use cubecl_common::device::{Device as _, DeviceId, ServiceId};
use cubecl_common::profile::TimingMethod;
use cubecl_server::allocator::ContiguousMemoryLayoutPolicy;
use cubecl_server::logging::ServerLogger;
use cubecl_server::runtime::Runtime;
use wgpu::Features;

/// The number of the next device. The runtime numbers those that it registers itself from zero up.
static NEXT: AtomicU16 = AtomicU16::new(u16::MAX);

/// Registers a device whose kernels are in WGSL.
///
/// # Errors
/// What the runtime says against it.
pub fn register(setup: WgpuSetup) -> Result<Device, String> {
    let device = WgpuDevice::new(WgpuDeviceKind::Existing(u32::from(NEXT.fetch_sub(1, Ordering::Relaxed))));
    let server = server(setup, device.to_id())?;
    Client::try_init(device.to_id(), server).map_err(|error| format!("{error:?}"))?;
    Ok(Device::from(device))
}

/// Returns whether the runtime compiles SPIR-V for an adapter that is valid.
///
/// It does so for every Vulkan device. But where shared memory has no explicit layout
/// (`VK_KHR_workgroup_memory_explicit_layout`), cubecl-spirv 0.11.3 declares it as a pointer to a
/// pointer, which no driver has to accept.
pub fn takes_spirv(adapter: &wgpu::Adapter) -> bool {
    let mut options = WgpuCompilationOptions::default();
    adapter.get_info().backend == wgpu::Backend::Vulkan
        && vulkan::register_vulkan_features(adapter, &mut properties(adapter), &mut options)
        && options.vulkan.supports_explicit_smem
}

fn server(setup: WgpuSetup, id: DeviceId) -> Result<WgpuServer<AutoCompiler>, String> {
    let options = RuntimeOptions::try_default().map_err(|error| error.to_string())?;
    let properties = properties(&setup.adapter);
    let compilation = WgpuCompilationOptions {
        supports_u64: properties.supports_type(ElemType::UInt(UIntKind::U64)),
        ..WgpuCompilationOptions::default()
    };
    let (memory, timing) = (properties.memory.clone(), timing(&setup.adapter));
    let (utilities, captures) = ServerUtilities::init(
        ServiceId::of::<WgpuServer<AutoCompiler>>(id),
        "wgpu<wgsl>",
        properties,
        WgpuRuntime::<AutoCompiler>::target_properties(),
        Arc::new(ServerLogger::default()),
        ContiguousMemoryLayoutPolicy::new(memory.alignment as usize),
    );
    Ok(WgpuServer::new(
        memory,
        options.memory_config,
        compilation,
        setup.device,
        setup.queue,
        options.tasks_max,
        setup.backend,
        timing,
        utilities,
        captures,
    ))
}

fn timing(adapter: &wgpu::Adapter) -> TimingMethod {
    if adapter.features().contains(Features::TIMESTAMP_QUERY) { TimingMethod::Device } else { TimingMethod::System }
}

/// Returns what kernels in WGSL may use of an adapter, all of whose limits and features are asked
/// for.
fn properties(adapter: &wgpu::Adapter) -> DeviceProperties {
    let (limits, features, info) = (adapter.limits(), adapter.features(), adapter.get_info());
    let memory = MemoryDeviceProperties::new(
        limits.max_storage_buffer_binding_size.min(limits.max_buffer_size),
        u64::from(limits.min_uniform_buffer_offset_alignment.max(limits.min_storage_buffer_offset_alignment)),
    );
    let identity = DeviceIdentity {
        name: info.name.clone(),
        // What was measured in one language is not valid in the other.
        fingerprint: format!("wgsl_{}_{}", info.vendor, info.device),
        physical: None,
    };
    let mut properties =
        DeviceProperties::new(Default::default(), memory, hardware(&limits, &info), timing(adapter), identity);
    if features.contains(Features::SUBGROUP) && info.device_type != wgpu::DeviceType::Cpu {
        properties.features.plane.insert(Plane::Ops);
    }
    register_types(&mut properties, features);
    properties
}

fn hardware(limits: &wgpu::Limits, info: &wgpu::AdapterInfo) -> HardwareProperties {
    // Drivers that tell neither have subgroups of 8 to 128.
    let (plane_size_min, plane_size_max) = match (info.subgroup_min_size, info.subgroup_max_size) {
        (0, 0) => (8, 128),
        sizes => sizes,
    };
    let cubes = limits.max_compute_workgroups_per_dimension;
    HardwareProperties {
        load_width: 128,
        vector_register_count: None,
        plane_size_min,
        plane_size_max,
        // wgpu keeps one for the lengths of buffers.
        max_bindings: limits.max_storage_buffers_per_shader_stage.saturating_sub(1),
        max_shared_memory_size: limits.max_compute_workgroup_storage_size as usize,
        max_cube_count: (cubes, cubes, cubes),
        max_units_per_cube: limits.max_compute_invocations_per_workgroup,
        max_cube_dim: (
            limits.max_compute_workgroup_size_x,
            limits.max_compute_workgroup_size_y,
            limits.max_compute_workgroup_size_z,
        ),
        num_streaming_multiprocessors: None,
        num_tensor_cores: None,
        min_tensor_cores_dim: None,
        num_cpu_cores: None,
        last_level_cache_size: None,
        max_vector_size: 4,
        cube_mma_reserved_shared_memory: 0,
    }
}

fn register_types(properties: &mut DeviceProperties, features: Features) {
    properties.register_address_type(AddressType::U32);
    let always = [
        ElemType::Index,
        ElemType::UInt(UIntKind::U32),
        ElemType::Int(IntKind::I32),
        ElemType::Float(FloatKind::F32),
        ElemType::Float(FloatKind::Flex32),
        ElemType::Bool,
    ];
    let with = [
        (Features::SHADER_INT64, ElemType::Int(IntKind::I64)),
        (Features::SHADER_INT64, ElemType::UInt(UIntKind::U64)),
        (Features::SHADER_F64, ElemType::Float(FloatKind::F64)),
        (Features::SHADER_F16, ElemType::Float(FloatKind::F16)),
    ];
    let there = with.into_iter().filter(|(feature, _)| features.contains(*feature)).map(|(_, element)| element);
    for element in always.into_iter().chain(there) {
        properties.register_type_usage(element, TypeUsage::all());
    }
    let mut atomics = vec![ElemType::Int(IntKind::I32), ElemType::UInt(UIntKind::U32)];
    if features.contains(Features::SHADER_FLOAT32_ATOMIC) {
        atomics.push(ElemType::Float(FloatKind::F32));
    }
    for element in atomics {
        let uses = AtomicUsage::LoadStore | AtomicUsage::Exchange | AtomicUsage::Add;
        properties.register_atomic_type_usage(Type::atomic(element), uses);
    }
}
