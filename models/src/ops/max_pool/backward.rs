//! The operation where gradients are tracked.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::ops::{Backward, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};

use super::{MaxPoolKernels, MaxPoolOp, PoolGeometry, forward, forward_with_indices, gradient};
use crate::ops::backward::backward;
use crate::ops::dims::dims;

#[derive(Debug)]
struct MaxPoolBackward(PoolGeometry);

backward!(MaxPoolBackward: MaxPoolKernels, 1, (IntTensor<B>, [usize; 2]), |self, ops, grad, grads| {
    let (indices, size) = ops.state;
    if let [Some(node)] = ops.parents {
        grads.register::<B>(node.id, gradient::<B>(grad, indices, self.0, size));
    }
});

impl<B: MaxPoolKernels, C: CheckpointStrategy> MaxPoolOp for Autodiff<B, C> {
    fn max_pool(input: FloatTensor<Self>, geometry: PoolGeometry) -> FloatTensor<Self> {
        let inputs = [input.node()];
        let input = input.into_primitive();
        let [_, _, height, width] = dims(&input);
        // Indices are made only where a gradient will ask for them.
        match MaxPoolBackward(geometry).prepare::<C>(inputs).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (output, indices) = forward_with_indices::<B>(input, geometry);
                prep.finish((indices, [height, width]), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(forward::<B>(input, geometry)),
        }
    }
}
