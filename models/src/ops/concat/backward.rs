//! The operation where gradients are tracked.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::backend::tensor::FloatTensor;

use super::inputs::common_size;
use super::{ConcatKernels, ConcatMaps, ConcatOp, forward, narrow};
use crate::ops::backward::record;
use crate::ops::dims::dims;

/// The backward of a concatenation. Its state: the channels of each map, and whether it was
/// broadcast.
#[derive(Debug)]
struct ConcatBackward;

impl<B: ConcatKernels, const N: usize> Backward<B, N> for ConcatBackward {
    type State = [(usize, bool); N];

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let mut first = 0;
        for (node, (channels, is_broadcast)) in ops.parents.into_iter().zip(ops.state) {
            if let Some(node) = node {
                let part = narrow::<B>(grad.clone(), first..first + channels);
                let sum = |part| [2, 3].into_iter().fold(part, |part, dim| B::float_sum_dim(part, dim));
                grads.register::<B>(node.id, if is_broadcast { sum(part) } else { part });
            }
            first += channels;
        }
    }
}

impl<B: ConcatKernels, C: CheckpointStrategy> ConcatOp for Autodiff<B, C> {
    fn concat(maps: ConcatMaps<Self>) -> FloatTensor<Self> {
        match maps {
            ConcatMaps::Two(a, b) => concat_recorded::<B, C, _>([a, b]),
            ConcatMaps::Three(a, b, c) => concat_recorded::<B, C, _>([a, b, c]),
            ConcatMaps::Four(a, b, c, d) => concat_recorded::<B, C, _>([a, b, c, d]),
            ConcatMaps::Five(a, b, c, d, e) => concat_recorded::<B, C, _>([a, b, c, d, e]),
            ConcatMaps::Six(a, b, c, d, e, f) => concat_recorded::<B, C, _>([a, b, c, d, e, f]),
        }
    }
}

fn concat_recorded<B: ConcatKernels, C: CheckpointStrategy, const N: usize>(
    maps: [FloatTensor<Autodiff<B, C>>; N],
) -> FloatTensor<Autodiff<B, C>> {
    let inputs = maps.each_ref().map(|map| map.node());
    let maps = maps.map(|map| map.into_primitive());
    let size = common_size(&maps);
    let state = maps.each_ref().map(|map| {
        let [_, channels, height, width] = dims(map);
        (channels, [height, width] != size)
    });
    let output = forward::<B>(maps.into());
    record::<B, C, _, N>(ConcatBackward, inputs, state, output)
}
