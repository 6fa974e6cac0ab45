//! The operation composed of burn's.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::Shape;

use super::terms::{NormGradients, NormOptions, NormTerms, RunningStatistics};
use crate::ops::channel_affine::ChannelMap;
use crate::ops::channel_affine::composed::{kept_gradient, per_channel};
use crate::ops::dims::dims;

/// Returns the number of values per channel.
pub fn count(maps: &impl TensorMetadata) -> f64 {
    let [batch, _, height, width] = dims(maps);
    (batch * height * width) as f64
}

/// Computes the mean and the biased variance of each channel.
pub fn statistics<B: Backend>(input: FloatTensor<B>) -> [FloatTensor<B>; 2] {
    let channels = dims(&input)[1];
    let mean = mean_over_pixels::<B>(input.clone());
    let centred = B::float_sub(input, mean.clone());
    let variance = mean_over_pixels::<B>(B::float_mul(centred.clone(), centred));
    [mean, variance].map(|of| B::float_reshape(of, Shape::from([channels])))
}

/// Computes what a batch norm does by the statistics of its batch, which has `count` values per
/// channel, and the running statistics after it.
pub fn terms<B: Backend>(
    [mean, variance]: [FloatTensor<B>; 2],
    count: f64,
    [gamma, beta]: [FloatTensor<B>; 2],
    running: RunningStatistics<B>,
    options: NormOptions,
) -> (NormTerms<B>, RunningStatistics<B>) {
    let NormOptions { epsilon, momentum, .. } = options;
    let inverse = B::float_recip(B::float_sqrt(B::float_add_scalar(variance.clone(), epsilon.into())));
    let scale = B::float_mul(gamma, inverse.clone());
    let terms = NormTerms { map: ChannelMap { mean: mean.clone(), scale, offset: beta }, inverse };
    let moved = |old, new| {
        B::float_add(B::float_mul_scalar(old, (1.0 - momentum).into()), B::float_mul_scalar(new, momentum.into()))
    };
    let unbiased = B::float_mul_scalar(variance, (count / (count - 1.0)).into());
    (terms, RunningStatistics { mean: moved(running.mean, mean), variance: moved(running.variance, unbiased) })
}

pub fn gradient<B: Backend>(
    input: FloatTensor<B>,
    output_grad: FloatTensor<B>,
    terms: NormTerms<B>,
    relu: bool,
) -> NormGradients<B> {
    let channels = dims(&input)[1];
    let count = count(&input);
    let NormTerms { map, inverse } = terms;
    let centred = B::float_sub(input.clone(), per_channel::<B>(map.mean.clone()));
    let normal = B::float_mul(centred, per_channel::<B>(inverse));
    let scale = map.scale.clone();
    let grad = kept_gradient::<B>(input, output_grad, map, relu);
    let sum = |of| B::float_mul_scalar(mean_over_pixels::<B>(of), count.into());
    let beta = sum(grad.clone());
    let gamma = sum(B::float_mul(grad.clone(), normal.clone()));
    let mean = |sum| B::float_mul_scalar(sum, (1.0 / count).into());
    let along = B::float_mul(normal, mean(gamma.clone()));
    let centred = B::float_sub(B::float_sub(grad, mean(beta.clone())), along);
    let [gamma, beta] = [gamma, beta].map(|of| B::float_reshape(of, Shape::from([channels])));
    NormGradients { input: B::float_mul(centred, per_channel::<B>(scale)), gamma, beta }
}

/// Computes the mean over batch, height and width: 1 x channels x 1 x 1.
fn mean_over_pixels<B: Backend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    [3, 2, 0].into_iter().fold(tensor, |of, dim| B::float_mean_dim(of, dim))
}
