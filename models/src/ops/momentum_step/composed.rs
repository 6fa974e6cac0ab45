//! The operation composed of burn's.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

use super::options::MomentumOptions;

/// Returns values and velocities after a step.
pub fn step<B: Backend>(
    values: FloatTensor<B>,
    gradient: FloatTensor<B>,
    velocities: FloatTensor<B>,
    options: MomentumOptions,
) -> [FloatTensor<B>; 2] {
    let push = B::float_add(gradient, B::float_mul_scalar(values.clone(), options.weight_decay.into()));
    let velocities = B::float_add(B::float_mul_scalar(velocities, options.momentum.into()), push);
    let moved = B::float_sub(values, B::float_mul_scalar(velocities.clone(), options.lr.into()));
    [moved, velocities]
}
