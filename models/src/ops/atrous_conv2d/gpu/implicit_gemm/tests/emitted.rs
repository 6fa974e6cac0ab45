//! What the kernels are compiled to: shaders in WGSL, and in SPIR-V with the feature `vulkan`.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::wgpu::WgslCompiler;
use burn_cubecl::cubecl::{Compiler, CubeKernel, WgpuCompilationOptions};
use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

use super::super::launch::sizes;
use super::super::map_product::map_product;
use super::super::plan::{Plan, VECTOR};
use super::super::weight_product::weight_product;
use crate::ops::atrous_conv2d::geometry::{ConvGeometry, ConvShape};
use crate::ops::gpu::launch::{element, input as read, output};
use crate::ops::gpu::tests::{of_shape, on_a_device};

/// Returns the shaders of both products by this plan: WGSL.
fn shaders(plan: Plan, like: &CubeTensor) -> [String; 2] {
    let shape = ConvShape::new([1, 64, 16, 16], [64, 64, 3, 3], ConvGeometry::same(3, 2));
    let client = &like.client;
    let (device, target) = (|| client.properties_shared(), || client.target_properties_shared());
    let (count, units) = (|| CubeCount::Static(1, 1, 1), CubeDim::new_1d(plan.block.units() as u32));
    let compile = |definition| {
        let options = WgpuCompilationOptions::default();
        WgslCompiler.compile(definition, &options).expect("a shader").to_string()
    };
    let maps = map_product::create_dummy_kernel(
        device(),
        target(),
        count(),
        units,
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
    [compile(maps.define()), compile(weights.define())]
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
        for plan in Plan::by_units().chain([Plan::folded()]) {
            for shader in shaders(plan, &like) {
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
            }
        }
    });
}
