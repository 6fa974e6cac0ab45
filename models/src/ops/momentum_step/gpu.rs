//! The kernel of the GPU backend.

use burn::backend::TensorMetadata;
use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::prelude::*;

use super::MomentumStepKernels;
use super::options::MomentumOptions;
use crate::ops::gpu::launch::{MOST, UNITS, empty_like, input, output, over, takes, units};

/// Tensors of the kernel, and what the runtime adds.
const BINDINGS: u32 = 6;

/// Moves values by their velocities, and velocities by the gradient.
///
/// Cubes: values.
#[cube(launch)]
fn move_values(
    values: &[f32],
    gradient: &[f32],
    velocities: &[f32],
    moved: &mut [f32],
    pushed: &mut [f32],
    count: u32,
    lr: f32,
    momentum: f32,
    weight_decay: f32,
) {
    let at = CUBE_POS_X * comptime!(UNITS as u32) + UNIT_POS;
    if at < count {
        let i = at as usize;
        let velocity = velocities[i] * momentum + (gradient[i] + values[i] * weight_decay);
        pushed[i] = velocity;
        moved[i] = values[i] - velocity * lr;
    }
}

/// Returns whether the kernel is for these values, and the device for the kernel.
fn fits(values: &CubeTensor) -> bool {
    let count = values.shape().num_elements();
    values.dtype == DType::F32 && (1..=MOST * UNITS).contains(&count) && takes(values, UNITS, BINDINGS, 0)
}

impl MomentumStepKernels for CubeBackend {
    fn momentum_step(
        values: &CubeTensor,
        gradient: &CubeTensor,
        velocities: &CubeTensor,
        options: MomentumOptions,
    ) -> Option<[CubeTensor; 2]> {
        let count = fits(values).then(|| values.shape().num_elements())?;
        let (moved, pushed) = (empty_like(values), empty_like(values));
        move_values::launch(
            &values.client,
            over(count),
            units(),
            input(values),
            input(gradient),
            input(velocities),
            output(&moved),
            output(&pushed),
            count as u32,
            options.lr,
            options.momentum,
            options.weight_decay,
        );
        Some([moved, pushed])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gpu::tests::{Both, of_shape, on_a_device, to_double};
    use crate::ops::momentum_step::composed;
    use burn::backend::Flex;

    #[test]
    fn a_step_of_momentum_on_vulkan_is_that_of_the_cpu() {
        on_a_device(|device| {
            let options = MomentumOptions { lr: 0.1, momentum: 0.9, weight_decay: 0.01 };
            for shape in [[1, 1], [3, 100], [40, 513]] {
                let [values, gradient, velocities] = [1, 2, 3].map(|seed| Both::noise(shape, seed, device));
                let [moved, pushed] =
                    CubeBackend::momentum_step(&values.gpu, &gradient.gpu, &velocities.gpu, options).unwrap();
                let wanted = composed::step::<Flex>(values.cpu, gradient.cpu, velocities.cpu, options);
                let [wanted_values, wanted_velocities] = wanted;
                Both { gpu: moved, cpu: wanted_values }.check("values");
                Both { gpu: pushed, cpu: wanted_velocities }.check("velocities");
            }
        });
    }

    #[test]
    fn values_of_64_bits_are_left_to_burn() {
        on_a_device(|device| {
            let values = of_shape([2, 3, 4, 5], device);
            assert!(fits(&values) && !fits(&to_double(values)));
        });
    }
}
