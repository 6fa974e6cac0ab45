//! What operations have in common where gradients are tracked.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::ops::{Backward, NodeGuard, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

/// Implements burn's `Backward` for an operation: the kernels that it needs, the number of its
/// inputs, the state that is saved for it, and a body that registers the gradients of its inputs.
macro_rules! backward {
    ($name:ident: $kernels:ident, $parents:literal, $state:ty, |$self:ident, $ops:ident, $grad:ident, $grads:ident| $body:block) => {
        impl<B: $kernels> burn::backend::autodiff::ops::Backward<B, $parents> for $name {
            type State = $state;

            fn backward(
                $self,
                $ops: burn::backend::autodiff::ops::Ops<Self::State, $parents>,
                $grads: &mut burn::backend::autodiff::grads::Gradients,
                _checkpointer: &mut burn::backend::autodiff::checkpoint::base::Checkpointer,
            ) {
                let $grad = $grads.consume::<B>(&$ops.node);
                $body
            }
        }
    };
}

pub(super) use backward;

/// Records an operation with this output, so that gradients go back through it. The state is
/// dropped where none of the inputs tracks gradients.
pub(super) fn record<B: Backend, C: CheckpointStrategy, O: Backward<B, N>, const N: usize>(
    operation: O,
    inputs: [NodeGuard; N],
    state: O::State,
    output: FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>> {
    match operation.prepare::<C>(inputs).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(state, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    }
}
