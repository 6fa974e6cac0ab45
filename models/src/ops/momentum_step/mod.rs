//! A step of stochastic gradient descent with momentum. It tracks no gradients.

mod composed;
#[allow(unsafe_code)]
pub mod cpu;
#[cfg(feature = "wgpu")]
pub(super) mod gpu;
mod options;

pub use options::MomentumOptions;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, TensorMetadata, backend_extension};
use burn::tensor::Tensor;

/// What a backend may offer of its own: `None` where it has no kernel for these tensors.
pub trait MomentumStepKernels: Backend {
    fn momentum_step(
        _values: &FloatTensor<Self>,
        _gradient: &FloatTensor<Self>,
        _velocities: &FloatTensor<Self>,
        _options: MomentumOptions,
    ) -> Option<[FloatTensor<Self>; 2]> {
        None
    }
}

/// The operation by the device of its tensors.
#[backend_extension(Flex, Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait MomentumStepOp: Backend {
    fn momentum_step(
        values: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocities: FloatTensor<Self>,
        options: MomentumOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl<B: MomentumStepKernels> MomentumStepOp for B {
    fn momentum_step(
        values: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocities: FloatTensor<Self>,
        options: MomentumOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [values, velocities] = step::<B>(values, gradient, velocities, options);
        (values, velocities)
    }
}

impl<B: MomentumStepKernels, C: CheckpointStrategy> MomentumStepOp for Autodiff<B, C> {
    fn momentum_step(
        values: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocities: FloatTensor<Self>,
        options: MomentumOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [values, gradient, velocities] = [values, gradient, velocities].map(|tensor| tensor.into_primitive());
        let [values, velocities] = step::<B>(values, gradient, velocities, options);
        (Self::from_inner(values), Self::from_inner(velocities))
    }
}

/// Computes a parameter's values and velocities after a step: `v = momentum * v + (gradient +
/// weight_decay * w)`, then `w = w - lr * v`.
pub fn momentum_step<const D: usize>(
    values: Tensor<D>,
    gradient: Tensor<D>,
    velocities: Tensor<D>,
    options: MomentumOptions,
) -> (Tensor<D>, Tensor<D>) {
    let [values, gradient, velocities] = [values, gradient, velocities].map(Tensor::into_dispatch);
    let (values, velocities) = Dispatch::momentum_step(values, gradient, velocities, options);
    (Tensor::from_dispatch(values), Tensor::from_dispatch(velocities))
}

fn step<B: MomentumStepKernels>(
    values: FloatTensor<B>,
    gradient: FloatTensor<B>,
    velocities: FloatTensor<B>,
    options: MomentumOptions,
) -> [FloatTensor<B>; 2] {
    assert_eq!([gradient.shape(), velocities.shape()], [values.shape(), values.shape()], "a step of one tensor");
    B::momentum_step(&values, &gradient, &velocities, options)
        .unwrap_or_else(|| composed::step::<B>(values, gradient, velocities, options))
}
