//! The operation where gradients are tracked.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;

use super::{AddReluKernels, AddReluOp, forward, gradient};
use crate::ops::backward::{backward, record};

#[derive(Debug)]
struct AddReluBackward;

backward!(AddReluBackward: AddReluKernels, 2, FloatTensor<B>, |self, ops, grad, grads| {
    let gradient = gradient::<B>(ops.state, grad);
    for node in ops.parents.into_iter().flatten() {
        grads.register::<B>(node.id, gradient.clone());
    }
});

impl<B: AddReluKernels, C: CheckpointStrategy> AddReluOp for Autodiff<B, C> {
    fn add_relu(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let inputs = [a.node(), b.node()];
        let output = forward::<B>(a.into_primitive(), b.into_primitive());
        record::<B, C, _, 2>(AddReluBackward, inputs, output.clone(), output)
    }
}
