//! The operation where gradients are tracked.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;

use super::{AtrousConv2dKernels, AtrousConv2dOp, ConvGeometry, MappedConv};
use crate::ops::backward::{backward, record};
use crate::ops::channel_affine::ChannelAffineOp;
use crate::precision::Precision;

#[derive(Debug)]
struct AtrousConv2dBackward {
    geometry: ConvGeometry,
    precision: Precision,
}

backward!(AtrousConv2dBackward: AtrousConv2dKernels, 2, (FloatTensor<B>, FloatTensor<B>), |self, ops, grad, grads| {
    let Self { geometry, precision } = self;
    let (input, weight) = ops.state;
    let wanted = ops.parents.each_ref().map(Option::is_some);
    let gradients = B::atrous_conv2d_gradients(input, weight, grad, geometry, precision, wanted);
    for (node, gradient) in ops.parents.into_iter().zip(gradients) {
        if let (Some(node), Some(gradient)) = (node, gradient) {
            grads.register::<B>(node.id, gradient);
        }
    }
});

impl<B: AtrousConv2dKernels, C: CheckpointStrategy> AtrousConv2dOp for Autodiff<B, C> {
    fn atrous_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self> {
        let inputs = [input.node(), weight.node()];
        let (input, weight) = (input.into_primitive(), weight.into_primitive());
        let output = <B as AtrousConv2dKernels>::atrous_conv2d(input.clone(), weight.clone(), geometry, precision);
        let backward = AtrousConv2dBackward { geometry, precision };
        record::<B, C, _, 2>(backward, inputs, (input, weight), output)
    }
    fn mapped_atrous_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        offset: FloatTensor<Self>,
        options: MappedConv,
    ) -> FloatTensor<Self> {
        let MappedConv { geometry, precision, relu } = options;
        let output = <Self as AtrousConv2dOp>::atrous_conv2d(input, weight, geometry, precision);
        <Self as ChannelAffineOp>::channel_affine(output, mean, scale, offset, relu)
    }
}
