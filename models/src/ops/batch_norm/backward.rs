//! The operation where gradients are tracked.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend};

use super::{BatchNormKernels, BatchNormOp, NormGradients, NormOptions, NormTerms, RunningStatistics, gradient, terms};
use crate::ops::backward::{backward, record};
use crate::ops::channel_affine;

#[derive(Debug)]
struct BatchNormBackward {
    relu: bool,
}

backward!(BatchNormBackward: BatchNormKernels, 3, (FloatTensor<B>, NormTerms<B>), |self, ops, grad, grads| {
    let (input, terms) = ops.state;
    let NormGradients { input, gamma, beta } = gradient::<B>(input, grad, terms, self.relu);
    for (node, gradient) in ops.parents.into_iter().zip([input, gamma, beta]) {
        if let Some(node) = node {
            grads.register::<B>(node.id, gradient);
        }
    }
});

impl<B: BatchNormKernels, C: CheckpointStrategy> BatchNormOp for Autodiff<B, C> {
    fn batch_norm(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        running_mean: FloatTensor<Self>,
        running_variance: FloatTensor<Self>,
        options: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let NormOptions { relu, .. } = options;
        let inputs = [input.node(), gamma.node(), beta.node()];
        let parameters = [gamma, beta].map(|of| of.into_primitive());
        let [mean, variance] = [running_mean, running_variance].map(|of| of.into_primitive());
        let input = input.into_primitive();
        let (terms, running) = terms::<B>(input.clone(), parameters, RunningStatistics { mean, variance }, options);
        let output = channel_affine::forward::<B>(input.clone(), terms.map.clone(), relu);
        let output = record::<B, C, _, 3>(BatchNormBackward { relu }, inputs, (input, terms), output);
        (output, Self::from_inner(running.mean), Self::from_inner(running.variance))
    }
}
