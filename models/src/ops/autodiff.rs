//! The backward of each operation.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{AutodiffBackend, Backend};

use super::composed;
use super::kernels::{ChannelMap, Kernels, NormTerms, Running, dims, joined_size};
use super::{Maps, NetworkOps};
use crate::Precision;
use crate::kernels::conv::ConvGeometry;
use crate::kernels::momentum::MomentumStep;
use crate::kernels::norm::NormOptions;
use crate::kernels::pool::PoolGeometry;

/// Implements [`Backward`] for an operation: its saved state, and a body that registers the parents' gradients.
macro_rules! backward {
    ($name:ident, $parents:literal, $state:ty, |$self:ident, $ops:ident, $grad:ident, $grads:ident| $body:block) => {
        impl<B: Kernels> Backward<B, $parents> for $name {
            type State = $state;

            fn backward(
                $self,
                $ops: Ops<Self::State, $parents>,
                $grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let $grad = $grads.consume::<B>(&$ops.node);
                $body
            }
        }
    };
}

#[derive(Debug)]
struct Convolution(ConvGeometry, Precision);

backward!(Convolution, 2, (FloatTensor<B>, FloatTensor<B>), |self, ops, grad, grads| {
    let Convolution(geometry, precision) = self;
    let (input, weight) = ops.state;
    let wanted = ops.parents.each_ref().map(Option::is_some);
    let gradients = B::convolution_gradients(input, weight, grad, geometry, precision, wanted);
    for (node, gradient) in ops.parents.into_iter().zip(gradients) {
        if let (Some(node), Some(gradient)) = (node, gradient) {
            grads.register::<B>(node.id, gradient);
        }
    }
});

#[derive(Debug)]
struct BatchNorm {
    relu: bool,
}

backward!(BatchNorm, 3, (FloatTensor<B>, NormTerms<B>), |self, ops, grad, grads| {
    let (input, terms) = ops.state;
    let (input, gamma, beta) = B::batch_norm_gradient(input, grad, terms, self.relu);
    for (node, gradient) in ops.parents.into_iter().zip([input, gamma, beta]) {
        if let Some(node) = node {
            grads.register::<B>(node.id, gradient);
        }
    }
});

#[derive(Debug)]
struct ChannelAffine {
    relu: bool,
}

backward!(ChannelAffine, 1, (FloatTensor<B>, ChannelMap<B>), |self, ops, grad, grads| {
    let (input, map) = ops.state;
    if let [Some(node)] = ops.parents {
        grads.register::<B>(node.id, B::channel_affine_gradient(input, grad, map, self.relu));
    }
});

#[derive(Debug)]
struct Bilinear {
    align_corners: bool,
}

backward!(Bilinear, 1, [usize; 2], |self, ops, grad, grads| {
    if let [Some(node)] = ops.parents {
        grads.register::<B>(node.id, B::bilinear_gradient(grad, ops.state, self.align_corners));
    }
});

#[derive(Debug)]
struct MaxPool(PoolGeometry);

backward!(MaxPool, 1, (IntTensor<B>, [usize; 2]), |self, ops, grad, grads| {
    let (places, size) = ops.state;
    if let [Some(node)] = ops.parents {
        grads.register::<B>(node.id, B::max_pool_gradient(grad, places, self.0, size));
    }
});

#[derive(Debug)]
struct MeanMap;

backward!(MeanMap, 1, [usize; 2], |self, ops, grad, grads| {
    let [height, width] = ops.state;
    if let [Some(node)] = ops.parents {
        let share = |grad, count: usize| B::float_mul_scalar(grad, (1.0 / count as f64).into());
        grads.register::<B>(node.id, B::spread(share(share(grad, height), width), [height, width]));
    }
});

#[derive(Debug)]
struct Residual;

backward!(Residual, 2, FloatTensor<B>, |self, ops, grad, grads| {
    let gradient = B::residual_gradient(ops.state, grad);
    for node in ops.parents.into_iter().flatten() {
        grads.register::<B>(node.id, gradient.clone());
    }
});

/// Its state: of each map its channels, and whether it was spread.
#[derive(Debug)]
struct Join;

impl<B: Kernels, const N: usize> Backward<B, N> for Join {
    type State = [(usize, bool); N];

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let mut first = 0;
        for (node, (channels, is_spread)) in ops.parents.into_iter().zip(ops.state) {
            if let Some(node) = node {
                let part = B::part(grad.clone(), first..first + channels);
                let sum = |part| [2, 3].into_iter().fold(part, |part, dim| B::float_sum_dim(part, dim));
                grads.register::<B>(node.id, if is_spread { sum(part) } else { part });
            }
            first += channels;
        }
    }
}

fn joined<B: Kernels, C: CheckpointStrategy, const N: usize>(
    maps: [FloatTensor<Autodiff<B, C>>; N],
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = maps.each_ref().map(|map| map.node());
    let maps = maps.map(|map| map.into_primitive());
    let size = joined_size(&maps);
    let parts = maps.each_ref().map(|map| {
        let [_, channels, height, width] = dims(map);
        (channels, [height, width] != size)
    });
    let output = B::join(maps.into());
    match Backward::<B, N>::prepare::<C>(Join, nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(parts, output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    }
}

#[derive(Debug)]
struct CrossEntropy;

backward!(CrossEntropy, 1, (FloatTensor<B>, IntTensor<B>), |self, ops, grad, grads| {
    let (logits, labels) = ops.state;
    if let [Some(node)] = ops.parents {
        grads.register::<B>(node.id, B::pixel_cross_entropy_gradient(logits, labels, grad));
    }
});

impl<B: Kernels + Backend, C: CheckpointStrategy> NetworkOps for Autodiff<B, C> {
    fn atrous_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self> {
        let nodes = [input.node(), weight.node()];
        let (input, weight) = (input.into_primitive(), weight.into_primitive());
        let output = B::convolution(input.clone(), weight.clone(), geometry, precision);
        match Convolution(geometry, precision).prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((input, weight), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn batch_norm(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        running_mean: FloatTensor<Self>,
        running_variance: FloatTensor<Self>,
        options: NormOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let NormOptions { relu, .. } = options;
        let nodes = [input.node(), gamma.node(), beta.node()];
        let parameters = [gamma, beta].map(|of| of.into_primitive());
        let running = Running { mean: running_mean.into_primitive(), variance: running_variance.into_primitive() };
        let input = input.into_primitive();
        let (terms, running) = B::norm_terms(input.clone(), parameters, running, options);
        let output = B::channel_affine(input.clone(), terms.map.clone(), relu);
        let output = match (BatchNorm { relu }).prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((input, terms), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        };
        (output, Self::from_inner(running.mean), Self::from_inner(running.variance))
    }

    fn affine(
        input: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        offset: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let nodes = [input.node()];
        let input = input.into_primitive();
        let (mean, scale, offset) = (mean.into_primitive(), scale.into_primitive(), offset.into_primitive());
        let map = ChannelMap { mean, scale, offset };
        let output = B::channel_affine(input.clone(), map.clone(), relu);
        match (ChannelAffine { relu }).prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((input, map), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn resize_bilinear(input: FloatTensor<Self>, size: [usize; 2], align_corners: bool) -> FloatTensor<Self> {
        let nodes = [input.node()];
        let input = input.into_primitive();
        let [_, _, height, width] = dims(&input);
        let output = B::bilinear(input, size, align_corners);
        match (Bilinear { align_corners }).prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish([height, width], output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn max_pool(input: FloatTensor<Self>, geometry: PoolGeometry) -> FloatTensor<Self> {
        let nodes = [input.node()];
        let input = input.into_primitive();
        let [_, _, height, width] = dims(&input);
        match MaxPool(geometry).prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (output, places) = B::max_pool(input, geometry);
                prep.finish((places, [height, width]), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::maxima(input, geometry)),
        }
    }

    fn mean_map(input: FloatTensor<Self>) -> FloatTensor<Self> {
        let nodes = [input.node()];
        let input = input.into_primitive();
        let [_, _, height, width] = dims(&input);
        let output = composed::mean_map::<B>(input);
        match MeanMap.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish([height, width], output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn join(maps: Maps<Self>) -> FloatTensor<Self> {
        match maps {
            Maps::Two(a, b) => joined::<B, C, _>([a, b]),
            Maps::Three(a, b, c) => joined::<B, C, _>([a, b, c]),
            Maps::Four(a, b, c, d) => joined::<B, C, _>([a, b, c, d]),
            Maps::Five(a, b, c, d, e) => joined::<B, C, _>([a, b, c, d, e]),
            Maps::Six(a, b, c, d, e, f) => joined::<B, C, _>([a, b, c, d, e, f]),
        }
    }

    fn residual(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let nodes = [a.node(), b.node()];
        let output = B::residual(a.into_primitive(), b.into_primitive());
        match Residual.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(output.clone(), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn momentum_step(
        values: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocities: FloatTensor<Self>,
        by: MomentumStep,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [values, gradient, velocities] = [values, gradient, velocities].map(|tensor| tensor.into_primitive());
        let (values, velocities) = B::momentum_step(values, gradient, velocities, by);
        (Self::from_inner(values), Self::from_inner(velocities))
    }

    fn cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>) -> FloatTensor<Self> {
        let nodes = [logits.node()];
        let logits = logits.into_primitive();
        let output = B::pixel_cross_entropy(logits.clone(), labels.clone());
        match CrossEntropy.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((logits, labels), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}
