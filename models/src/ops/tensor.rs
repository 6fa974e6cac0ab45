//! The operations on burn's tensors.

use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor};

use super::{Maps, NetworkOps};
use crate::Precision;
use crate::kernels::conv::ConvGeometry;
use crate::kernels::momentum::MomentumStep;
use crate::kernels::norm::NormOptions;
use crate::kernels::pool::PoolGeometry;

/// See [`NetworkOps::atrous_conv2d`].
pub fn atrous_conv2d(input: Tensor<4>, weight: Tensor<4>, geometry: ConvGeometry, precision: Precision) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::atrous_conv2d(input.into_dispatch(), weight.into_dispatch(), geometry, precision))
}

/// See [`NetworkOps::batch_norm`]: output, running mean, running variance.
pub fn batch_norm(
    input: Tensor<4>,
    [gamma, beta]: [Tensor<1>; 2],
    [running_mean, running_variance]: [Tensor<1>; 2],
    options: NormOptions,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let [gamma, beta, mean, variance] = [gamma, beta, running_mean, running_variance].map(Tensor::into_dispatch);
    let (output, mean, variance) = Dispatch::batch_norm(input.into_dispatch(), gamma, beta, mean, variance, options);
    (Tensor::from_dispatch(output), Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}

/// See [`NetworkOps::affine`].
pub fn affine(input: Tensor<4>, mean: Tensor<1>, scale: Tensor<1>, offset: Tensor<1>, relu: bool) -> Tensor<4> {
    let (mean, scale, offset) = (mean.into_dispatch(), scale.into_dispatch(), offset.into_dispatch());
    Tensor::from_dispatch(Dispatch::affine(input.into_dispatch(), mean, scale, offset, relu))
}

/// See [`NetworkOps::resize_bilinear`].
pub fn resize_bilinear(input: Tensor<4>, size: [usize; 2], align_corners: bool) -> Tensor<4> {
    let [_, _, height, width] = input.dims();
    if [height, width] == size {
        return input;
    }
    Tensor::from_dispatch(Dispatch::resize_bilinear(input.into_dispatch(), size, align_corners))
}

/// See [`NetworkOps::max_pool`].
pub fn max_pool(input: Tensor<4>, geometry: PoolGeometry) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::max_pool(input.into_dispatch(), geometry))
}

/// See [`NetworkOps::mean_map`].
pub fn mean_map(input: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::mean_map(input.into_dispatch()))
}

/// See [`NetworkOps::join`]. At least one map.
pub fn join(mut maps: Vec<Tensor<4>>) -> Tensor<4> {
    const MOST: usize = 6;
    if maps.len() > MOST {
        let rest = maps.split_off(MOST);
        return join(std::iter::once(join(maps)).chain(rest).collect());
    }
    let count = maps.len();
    let mut maps = maps.into_iter().map(Tensor::into_dispatch);
    let mut next = || maps.next().expect("as many maps as were counted");
    let maps = match count {
        1 => return Tensor::from_dispatch(next()),
        2 => Maps::Two(next(), next()),
        3 => Maps::Three(next(), next(), next()),
        4 => Maps::Four(next(), next(), next(), next()),
        5 => Maps::Five(next(), next(), next(), next(), next()),
        _ => Maps::Six(next(), next(), next(), next(), next(), next()),
    };
    Tensor::from_dispatch(Dispatch::join(maps))
}

/// See [`NetworkOps::residual`].
pub fn residual(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::residual(a.into_dispatch(), b.into_dispatch()))
}

/// See [`NetworkOps::momentum_step`]: values, velocities.
pub fn momentum_step<const D: usize>(
    values: Tensor<D>,
    gradient: Tensor<D>,
    velocities: Tensor<D>,
    by: MomentumStep,
) -> (Tensor<D>, Tensor<D>) {
    let [values, gradient, velocities] = [values, gradient, velocities].map(Tensor::into_dispatch);
    let (values, velocities) = Dispatch::momentum_step(values, gradient, velocities, by);
    (Tensor::from_dispatch(values), Tensor::from_dispatch(velocities))
}

/// See [`NetworkOps::cross_entropy`].
pub fn cross_entropy(logits: Tensor<4>, labels: Tensor<3, Int>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::cross_entropy(logits.into_dispatch(), labels.into_dispatch()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::activation::relu;
    use burn::tensor::module::max_pool2d;
    use burn::tensor::ops::MaxPoolOptions;
    use burn::tensor::{Device, TensorData};

    /// Numbers of which many are equal, that depend on `seed`.
    fn noise(seed: usize, [batch, channels, height, width]: [usize; 4]) -> Tensor<4> {
        let count = batch * channels * height * width;
        let values: Vec<f32> = (0..count).map(|i| ((i * i + i * 7 + seed * 3) % 11 / 2) as f32 - 2.0).collect();
        Tensor::from_data(TensorData::new(values, [batch, channels, height, width]), &Device::flex().autodiff())
    }

    /// The output of `of`, and the gradient of each input for some gradient of the output.
    fn with_gradients(inputs: &[Tensor<4>], of: &dyn Fn(Vec<Tensor<4>>) -> Tensor<4>) -> Vec<TensorData> {
        let inputs: Vec<Tensor<4>> = inputs.iter().map(|input| input.clone().detach().require_grad()).collect();
        let output = of(inputs.clone());
        let gradients = (output.clone() * noise(9, output.dims())).sum().backward();
        let gradients = inputs.iter().map(|input| input.grad(&gradients).expect("a gradient").into_data());
        std::iter::once(output.into_data()).chain(gradients).collect()
    }

    /// Our operation and the same composed of burn's: values and gradients are the same numbers, so that results of runs stay
    /// what they were.
    fn agree(
        inputs: &[Tensor<4>],
        ours: &dyn Fn(Vec<Tensor<4>>) -> Tensor<4>,
        burns: &dyn Fn(Vec<Tensor<4>>) -> Tensor<4>,
    ) {
        let (ours, burns) = (with_gradients(inputs, ours), with_gradients(inputs, burns));
        for (ours, burns) in ours.iter().zip(&burns) {
            ours.assert_eq(burns, true);
        }
    }

    #[test]
    fn maxima_are_those_of_burn() {
        for (size, [kernel, stride, padding]) in
            [([6, 8], [2, 2, 0]), ([7, 9], [3, 2, 1]), ([8, 5], [2, 2, 0]), ([4, 6], [3, 1, 1])]
        {
            let options = || MaxPoolOptions::new([kernel; 2]).with_stride([stride; 2]).with_padding([padding; 2]);
            let geometry = PoolGeometry { kernel, stride, padding };
            agree(&[noise(1, [2, 3, size[0], size[1]])], &|inputs| max_pool(inputs[0].clone(), geometry), &|inputs| {
                max_pool2d(inputs[0].clone(), options())
            });
        }
    }

    #[test]
    fn means_of_maps_are_those_of_burn() {
        let means = |inputs: Vec<Tensor<4>>| inputs[0].clone().mean_dim(3).mean_dim(2);
        agree(&[noise(1, [2, 3, 6, 7])], &|inputs| mean_map(inputs[0].clone()), &means);
    }

    #[test]
    fn residuals_are_those_of_burn() {
        let inputs = [noise(1, [2, 3, 4, 5]), noise(2, [2, 3, 4, 5])];
        let sum = |inputs: Vec<Tensor<4>>| relu(inputs[0].clone() + inputs[1].clone());
        agree(&inputs, &|inputs| residual(inputs[0].clone(), inputs[1].clone()), &sum);
    }

    /// Up to more maps than one operation takes, some of them of one pixel.
    #[test]
    fn joined_maps_are_those_of_burn() {
        for (count, spread) in
            (1..=13).zip([&[][..], &[0], &[2], &[0, 1], &[], &[0, 5], &[0, 1, 2, 3, 4, 5]].into_iter().cycle())
        {
            let size = |i: usize| if spread.contains(&i) { [2, 3, 1, 1] } else { [2, 1 + i % 3, 4, 5] };
            let inputs: Vec<Tensor<4>> = (0..count).map(|i| noise(i, size(i))).collect();
            let spread = |map: Tensor<4>| map.expand([-1, -1, 4, 5]);
            agree(&inputs, &join, &|inputs| Tensor::cat(inputs.into_iter().map(spread).collect(), 1));
        }
    }

    /// Constants among the inputs have no gradient, and do not move those of the others.
    #[test]
    fn only_what_asks_for_a_gradient_gets_one() {
        let [a, b, c] = [1, 2, 3].map(|seed| noise(seed, [2, seed, 4, 5]));
        let (a, c) = (a.require_grad(), c.require_grad());
        let joined = join(vec![a.clone(), b.clone(), c.clone()]);
        let weight = noise(9, joined.dims());
        let gradients = (joined * weight.clone()).sum().backward();
        assert!(b.grad(&gradients).is_none());
        let part = |channels| weight.clone().inner().slice([0..2, channels, 0..4, 0..5]).into_data();
        a.grad(&gradients).unwrap().into_data().assert_eq(&part(0..1), true);
        c.grad(&gradients).unwrap().into_data().assert_eq(&part(3..6), true);

        let (a, b) = (noise(1, [1, 1, 2, 2]).require_grad(), noise(2, [1, 1, 2, 2]));
        let gradients = residual(a.clone(), b.clone()).sum().backward();
        assert!(a.grad(&gradients).is_some() && b.grad(&gradients).is_none());
        let gradients = residual(a.clone(), a.clone()).sum().backward();
        let values: Vec<f32> = a.clone().into_data().iter::<f32>().map(|a| if a > 0.0 { 2.0 } else { 0.0 }).collect();
        assert_eq!(a.grad(&gradients).unwrap().into_data().iter::<f32>().collect::<Vec<f32>>(), values);
    }

    #[test]
    #[should_panic(expected = "does not fit beside")]
    fn maps_of_other_sizes_are_not_joined() {
        join(vec![noise(1, [1, 1, 2, 2]), noise(2, [1, 1, 4, 4])]);
    }

    #[test]
    #[should_panic(expected = "does not fit beside")]
    fn maps_of_other_batches_are_not_joined() {
        join(vec![noise(1, [1, 1, 2, 2]), noise(2, [2, 1, 2, 2])]);
    }

    #[test]
    fn maps_of_one_pixel_are_joined_as_they_are() {
        let inputs = [noise(1, [2, 3, 1, 1]), noise(2, [2, 1, 1, 1])];
        agree(&inputs, &join, &|inputs| Tensor::cat(inputs, 1));
    }
}
