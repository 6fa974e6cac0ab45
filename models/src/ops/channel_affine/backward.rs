//! The operation where gradients are tracked.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;

use super::{ChannelAffineKernels, ChannelAffineOp, ChannelMap, forward, gradient};
use crate::ops::backward::{backward, record};

#[derive(Debug)]
struct ChannelAffineBackward {
    relu: bool,
}

backward!(ChannelAffineBackward: ChannelAffineKernels, 1, (FloatTensor<B>, ChannelMap<B>), |self, ops, grad, grads| {
    let (input, map) = ops.state;
    if let [Some(node)] = ops.parents {
        grads.register::<B>(node.id, gradient::<B>(input, grad, map, self.relu));
    }
});

impl<B: ChannelAffineKernels, C: CheckpointStrategy> ChannelAffineOp for Autodiff<B, C> {
    fn channel_affine(
        input: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        offset: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let inputs = [input.node()];
        let input = input.into_primitive();
        let [mean, scale, offset] = [mean, scale, offset].map(|values| values.into_primitive());
        let map = ChannelMap { mean, scale, offset };
        let output = forward::<B>(input.clone(), map.clone(), relu);
        record::<B, C, _, 1>(ChannelAffineBackward { relu }, inputs, (input, map), output)
    }
}
