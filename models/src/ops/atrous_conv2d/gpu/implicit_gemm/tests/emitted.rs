//! What the kernels are compiled to, in WGSL and in SPIR-V.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::wgpu::{SpirvCompiler, WgslCompiler};
use burn_cubecl::cubecl::{Compiler, CubeKernel, VulkanCompilationOptions, WgpuCompilationOptions};
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

use super::super::launch::sizes;
use super::super::map_product::map_product;
use super::super::plan::{Plan, VECTOR};
use super::super::weight_product::weight_product;
use super::spirv_module::{self, SpirvModule};
use crate::ops::atrous_conv2d::geometry::{ConvGeometry, ConvShape};
use crate::ops::gpu::launch::{element, input as read, output};
use crate::ops::gpu::tests::{of_shape, on_a_device};

/// Returns both products by this plan, before they are compiled. Of a map so many pixels are read
/// at once.
fn kernels(plan: Plan, at_once: usize, like: &CubeTensor) -> [KernelDefinition; 2] {
    let shape = ConvShape::new([1, 64, 16, 16], [64, 64, 3, 3], ConvGeometry::same(3, 2));
    let client = &like.client;
    let (device, target) = (|| client.properties_shared(), || client.target_properties_shared());
    let (count, units) = (|| CubeCount::Static(1, 1, 1), CubeDim::new_1d(plan.block.units() as u32));
    let maps = map_product::create_dummy_kernel(
        device(),
        target(),
        count(),
        units,
        at_once,
        at_once,
        read(like),
        read(like),
        None.into(),
        output(like),
        sizes(&shape),
        1,
        None.into(),
        plan,
        element(like),
    );
    let weights = weight_product::create_dummy_kernel(
        device(),
        target(),
        count(),
        units,
        if plan.is_folded { 1 } else { at_once },
        read(like),
        read(like),
        None.into(),
        output(like),
        sizes(&shape),
        1,
        1,
        plan,
        element(like),
    );
    [maps.define(), weights.define()]
}

/// Returns the shader of a kernel in WGSL.
fn wgsl(kernel: KernelDefinition) -> String {
    WgslCompiler.compile(kernel, &WgpuCompilationOptions::default()).expect("a shader").to_string()
}

/// Returns the module of a kernel in SPIR-V, for a device of Vulkan 1.3 with explicit layouts of
/// shared memory, as every device has that is given SPIR-V.
fn spirv(kernel: KernelDefinition) -> SpirvModule {
    let vulkan = VulkanCompilationOptions {
        max_spirv_version: (1, 6),
        max_vector_size: VECTOR,
        push_constant_size: 128,
        supports_explicit_smem: true,
        ..VulkanCompilationOptions::default()
    };
    let options =
        WgpuCompilationOptions { supports_vulkan_compiler: true, vulkan, ..WgpuCompilationOptions::default() };
    SpirvModule::new(&SpirvCompiler.compile(kernel, &options).expect("a module").assembled_module)
}

/// All plans by units, and the pixels that kernels by them read at once.
fn plans() -> impl Iterator<Item = (Plan, usize)> {
    let by_units = Plan::by_units().flat_map(|plan| [1, VECTOR].map(|at_once| (plan, at_once)));
    by_units.chain([(Plan::folded(), 1)])
}

/// Returns the loop that copies and multiplies, from its first line to its last.
fn main_loop(shader: &str) -> &str {
    let barrier = shader.find("workgroupBarrier()").expect("values are shared");
    let from = &shader[shader[..barrier].rfind("loop {").expect("a loop")..];
    let mut depth = 0;
    let end = from.char_indices().find(|(_, c)| {
        depth += i32::from(*c == '{') - i32::from(*c == '}');
        depth == 0 && *c == '}'
    });
    &from[..=end.expect("the loop ends").0]
}

/// Returns the names whose value the compiler knows.
fn constants(shader: &str) -> Vec<&str> {
    let lines = shader.lines().filter_map(|line| line.strip_prefix("let ")?.split_once(" = "));
    let is_constant = |value: &str| {
        let value = value.strip_prefix("u32(").or_else(|| value.strip_prefix("i32("));
        value.is_some_and(|value| value.starts_with(|c: char| c.is_ascii_digit()))
    };
    lines.filter(|(_, value)| is_constant(value)).map(|(name, _)| name).collect()
}

/// Returns the lines of a loop that read or write global memory value by value.
fn global_scalars<'a>(code: &'a str, shader: &str) -> Vec<&'a str> {
    let buffers = shader.lines().filter(|line| line.contains("var<storage") && line.contains(": array<f32>"));
    let pointers = buffers.filter_map(|line| {
        let name = line.split_once("> ")?.1.split_once(':')?.0;
        let end = format!(" = &{name};");
        shader.lines().find_map(|line| Some(format!("(*{})[", line.strip_prefix("let ")?.strip_suffix(&end)?)))
    });
    let pointers: Vec<String> = pointers.collect();
    code.lines().filter(|line| pointers.iter().any(|pointer| line.contains(pointer.as_str()))).collect()
}

/// Returns the lines of a loop that divide by what is known when the kernel runs, and not before.
fn divisions<'a>(code: &'a str, constants: &[&str]) -> Vec<&'a str> {
    let by_a_variable = |line: &&str| {
        [" / ", " % "].iter().any(|sign| {
            let divisor = line.split(sign).nth(1).map(|divisor| divisor.trim_end_matches(';'));
            divisor.is_some_and(|divisor| !constants.contains(&divisor))
        })
    };
    code.lines().filter(by_a_variable).collect()
}

/// Returns the lines that index an array of a unit's own by what is known when the kernel runs, and
/// not before: such an array is no registers.
fn indexed_in_memory<'a>(shader: &'a str, constants: &[&str]) -> Vec<&'a str> {
    let arrays = shader.lines().filter(|line| line.contains("var<function>") && line.contains(": array<"));
    let names = arrays.filter_map(|line| Some(line.split_once("var<function> ")?.1.split_once("_store")?.0));
    let places: Vec<String> = names.map(|name| format!("(*{name})[")).collect();
    let is_indexed = |line: &&str| {
        places.iter().any(|place| {
            let index = line.split_once(place.as_str()).and_then(|(_, rest)| rest.split_once(']'));
            index.is_some_and(|(index, _)| !constants.contains(&index))
        })
    };
    shader.lines().filter(is_indexed).collect()
}

#[test]
fn shaders_share_vectors_and_do_not_divide_in_their_loops() {
    on_a_device(|device| {
        let like = of_shape([1, 64, 16, 16], device);
        for (plan, at_once) in plans() {
            for shader in kernels(plan, at_once, &like).map(wgsl) {
                let shared = shader.lines().filter(|line| line.contains("var<workgroup>"));
                assert!(shared.clone().count() >= 2 && shared.clone().all(|line| line.contains("array<vec4<f32>")));
                let (inner, constants) = (main_loop(&shader), constants(&shader));
                let divisions = divisions(inner, &constants);
                assert!(divisions.is_empty(), "{plan:?}: {divisions:?}\n{shader}");
                let in_memory = indexed_in_memory(&shader, &constants);
                assert!(in_memory.is_empty(), "{plan:?}: {in_memory:?}\n{shader}");
                // Four steps are written out, a vector of a row's sums at a time.
                let products = inner.lines().filter(|line| line.contains("fma(") && line.contains("let ")).count();
                let wanted = 4 * plan.block.tile * plan.block.tile / VECTOR;
                assert_eq!(products, wanted, "{plan:?}\n{shader}");
                // From global memory, all that a map's pixels allow at once.
                let single = global_scalars(inner, &shader);
                assert!(single.is_empty() == (at_once == VECTOR), "{plan:?}, {at_once}: {single:?}\n{shader}");
            }
        }
    });
}

#[test]
fn modules_share_vectors_and_do_not_divide_in_their_loops() {
    on_a_device(|device| {
        let like = of_shape([1, 64, 16, 16], device);
        for (plan, at_once) in plans() {
            for module in kernels(plan, at_once, &like).map(spirv) {
                let shared = module.shared();
                assert!(shared.len() >= 2 && shared.iter().all(|values| *values == 4), "{plan:?}: {shared:?}");
                let inner = module.main_loop();
                let divisions = spirv_module::divisions(inner, &module.constants());
                assert!(divisions.is_empty(), "{plan:?}: {divisions:?}");
                let in_memory = module.indexed_in_memory();
                assert!(in_memory.is_empty(), "{plan:?}: {in_memory:?}");
                let wanted = 4 * plan.block.tile * plan.block.tile / VECTOR;
                assert_eq!(spirv_module::products(inner), wanted, "{plan:?}");
                // From global memory, all that a map's pixels allow at once.
                let loads = module.global_loads(inner);
                let is_wide = loads.iter().all(|values| *values == VECTOR as u32);
                assert!(!loads.is_empty() && is_wide == (at_once == VECTOR), "{plan:?}, {at_once}: {loads:?}");
            }
        }
    });
}
