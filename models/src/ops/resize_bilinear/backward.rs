//! The operation where gradients are tracked.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;

use super::{ResizeBilinearKernels, ResizeBilinearOp, ResizeShape, forward, gradient, shape};
use crate::ops::backward::{backward, record};

#[derive(Debug)]
struct ResizeBilinearBackward;

backward!(ResizeBilinearBackward: ResizeBilinearKernels, 1, ResizeShape, |self, ops, grad, grads| {
    if let [Some(node)] = ops.parents {
        grads.register::<B>(node.id, gradient::<B>(grad, &ops.state));
    }
});

impl<B: ResizeBilinearKernels, C: CheckpointStrategy> ResizeBilinearOp for Autodiff<B, C> {
    fn resize_bilinear(input: FloatTensor<Self>, size: [usize; 2], align_corners: bool) -> FloatTensor<Self> {
        let inputs = [input.node()];
        let input = input.into_primitive();
        let shape = shape(&input, size, align_corners);
        let output = forward::<B>(input, &shape);
        record::<B, C, _, 1>(ResizeBilinearBackward, inputs, shape, output)
    }
}
