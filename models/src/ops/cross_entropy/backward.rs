//! The operation where gradients are tracked.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::{FloatTensor, IntTensor};

use super::{CrossEntropyKernels, CrossEntropyOp, forward, gradient};
use crate::ops::backward::{backward, record};

#[derive(Debug)]
struct CrossEntropyBackward;

backward!(CrossEntropyBackward: CrossEntropyKernels, 1, (FloatTensor<B>, IntTensor<B>), |self, ops, grad, grads| {
    let (logits, labels) = ops.state;
    if let [Some(node)] = ops.parents {
        grads.register::<B>(node.id, gradient::<B>(logits, labels, grad));
    }
});

impl<B: CrossEntropyKernels, C: CheckpointStrategy> CrossEntropyOp for Autodiff<B, C> {
    fn cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>) -> FloatTensor<Self> {
        let inputs = [logits.node()];
        let logits = logits.into_primitive();
        let output = forward::<B>(logits.clone(), labels.clone());
        record::<B, C, _, 1>(CrossEntropyBackward, inputs, (logits, labels), output)
    }
}
