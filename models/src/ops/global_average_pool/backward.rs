//! The operation where gradients are tracked.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;

use super::{GlobalAveragePoolOp, forward};
use crate::ops::backward::{backward, record};
use crate::ops::broadcast::{self, BroadcastKernels};
use crate::ops::dims::dims;

#[derive(Debug)]
struct GlobalAveragePoolBackward;

backward!(GlobalAveragePoolBackward: BroadcastKernels, 1, [usize; 2], |self, ops, grad, grads| {
    let [height, width] = ops.state;
    if let [Some(node)] = ops.parents {
        let divided = |grad, count: usize| B::float_mul_scalar(grad, (1.0 / count as f64).into());
        let grad = divided(divided(grad, height), width);
        grads.register::<B>(node.id, broadcast::forward::<B>(grad, [height, width]));
    }
});

impl<B: BroadcastKernels, C: CheckpointStrategy> GlobalAveragePoolOp for Autodiff<B, C> {
    fn global_average_pool(input: FloatTensor<Self>) -> FloatTensor<Self> {
        let inputs = [input.node()];
        let input = input.into_primitive();
        let [_, _, height, width] = dims(&input);
        let output = forward::<B>(input);
        record::<B, C, _, 1>(GlobalAveragePoolBackward, inputs, [height, width], output)
    }
}
