//! Batch norm in training mode, over batch, height and width, with a ReLU behind it where one is
//! asked for.
//!
//! It ends with the operation `channel_affine`, which is batch norm in evaluation mode.

mod backward;
mod composed;
#[allow(unsafe_code)]
pub mod cpu;
#[cfg(feature = "wgpu")]
pub(super) mod gpu;
mod terms;

pub use terms::{NormGradients, NormOptions, NormTerms, RunningStatistics};

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use super::channel_affine::{self, ChannelAffineKernels};

/// What a backend may offer of its own: `None` where it has no kernel for these tensors.
pub trait BatchNormKernels: ChannelAffineKernels {
    /// Mean and biased variance over batch, height and width, one value per channel.
    fn batch_statistics(_input: &FloatTensor<Self>) -> Option<[FloatTensor<Self>; 2]> {
        None
    }

    /// What a batch norm of these gamma and beta does to its input, and the running statistics
    /// after it.
    fn batch_norm_terms(
        _input: &FloatTensor<Self>,
        _parameters: &[FloatTensor<Self>; 2],
        _running: &RunningStatistics<Self>,
        _options: NormOptions,
    ) -> Option<(NormTerms<Self>, RunningStatistics<Self>)> {
        None
    }

    /// The gradients of the input, gamma and beta, through the ReLU behind it if `relu`.
    fn batch_norm_gradient(
        _input: &FloatTensor<Self>,
        _output_grad: &FloatTensor<Self>,
        _terms: &NormTerms<Self>,
        _relu: bool,
    ) -> Option<NormGradients<Self>> {
        None
    }
}

/// The operation by the device of its tensors, with and without gradients. It returns the output
/// and, without gradient, the running mean and variance after this batch.
#[backend_extension(Flex, Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait BatchNormOp: Backend {
    fn batch_norm(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        running_mean: FloatTensor<Self>,
        running_variance: FloatTensor<Self>,
        options: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

impl<B: BatchNormKernels> BatchNormOp for B {
    fn batch_norm(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        running_mean: FloatTensor<Self>,
        running_variance: FloatTensor<Self>,
        options: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let running = RunningStatistics { mean: running_mean, variance: running_variance };
        let (terms, running) = terms::<B>(input.clone(), [gamma, beta], running, options);
        let output = channel_affine::forward::<B>(input, terms.map, options.relu);
        (output, running.mean, running.variance)
    }
}

/// Normalises batch x channels x height x width by the statistics of the batch, and cuts off below
/// zero if `options.relu`. Returns the output and, without gradient, the running mean and
/// (**unbiased**) variance of each channel after this batch.
pub fn batch_norm(
    input: Tensor<4>,
    [gamma, beta]: [Tensor<1>; 2],
    [running_mean, running_variance]: [Tensor<1>; 2],
    options: NormOptions,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let [gamma, beta, mean, variance] = [gamma, beta, running_mean, running_variance].map(Tensor::into_dispatch);
    let (output, mean, variance) = Dispatch::batch_norm(input.into_dispatch(), gamma, beta, mean, variance, options);
    (Tensor::from_dispatch(output), Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}

fn terms<B: BatchNormKernels>(
    input: FloatTensor<B>,
    parameters: [FloatTensor<B>; 2],
    running: RunningStatistics<B>,
    options: NormOptions,
) -> (NormTerms<B>, RunningStatistics<B>) {
    B::batch_norm_terms(&input, &parameters, &running, options).unwrap_or_else(|| {
        let count = composed::count(&input);
        let statistics = B::batch_statistics(&input).unwrap_or_else(|| composed::statistics::<B>(input));
        composed::terms::<B>(statistics, count, parameters, running, options)
    })
}

fn gradient<B: BatchNormKernels>(
    input: FloatTensor<B>,
    output_grad: FloatTensor<B>,
    terms: NormTerms<B>,
    relu: bool,
) -> NormGradients<B> {
    B::batch_norm_gradient(&input, &output_grad, &terms, relu)
        .unwrap_or_else(|| composed::gradient::<B>(input, output_grad, terms, relu))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{noise, takes_64_bits};
    use burn::tensor::FloatDType;

    #[test]
    fn maps_of_64_bits_are_taken() {
        let norm = |inputs: Vec<Tensor<4>>| {
            let of = |values: [f32; 2]| {
                let values = Tensor::from_floats(values, &inputs[0].device());
                values.cast(FloatDType::from(inputs[0].dtype()))
            };
            let options = NormOptions { epsilon: 1e-2, momentum: 0.1, relu: false };
            let running = [of([0.0, 0.0]), of([1.0, 1.0])];
            batch_norm(inputs[0].clone(), [of([1.5, -2.0]), of([0.2, 0.9])], running, options).0
        };
        takes_64_bits(&[noise(1, [2, 2, 5, 7])], &norm);
    }
}
