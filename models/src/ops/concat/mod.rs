//! Maps side by side along the channels. Maps of one pixel are broadcast to the size of the others.

mod backward;
mod composed;
#[allow(unsafe_code)]
pub mod cpu;
mod inputs;

pub use inputs::ConcatMaps;

use std::ops::Range;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;
#[cfg(feature = "wgpu")]
use burn_wgpu::CubeBackend;

use inputs::MOST;

/// What a backend may offer of its own: `None` where it has no kernel for these tensors.
pub trait ConcatKernels: Backend {
    fn concat(_maps: &[FloatTensor<Self>]) -> Option<FloatTensor<Self>> {
        None
    }

    /// Some channels of a batch of maps: the gradient of one of the maps, before a broadcast one is
    /// summed.
    fn narrow(_maps: &FloatTensor<Self>, _channels: Range<usize>) -> Option<FloatTensor<Self>> {
        None
    }
}

#[cfg(feature = "wgpu")]
impl ConcatKernels for CubeBackend {}

/// The operation by the device of its tensors, with and without gradients.
#[backend_extension(Flex, Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait ConcatOp: Backend {
    fn concat(#[extension_type] maps: ConcatMaps<Self>) -> FloatTensor<Self>;
}

impl<B: ConcatKernels> ConcatOp for B {
    fn concat(maps: ConcatMaps<Self>) -> FloatTensor<Self> {
        forward::<B>(maps.into())
    }
}

/// Puts maps (batch x channels x height x width) side by side along the channels: at least one map,
/// all of one batch and of one height and width, or of one pixel.
///
/// # Panics
/// Where they do not fit beside each other.
pub fn concat(mut maps: Vec<Tensor<4>>) -> Tensor<4> {
    if maps.len() > MOST {
        let rest = maps.split_off(MOST);
        return concat(std::iter::once(concat(maps)).chain(rest).collect());
    }
    if maps.len() == 1 {
        return maps.remove(0);
    }
    let maps = ConcatMaps::new(maps.into_iter().map(Tensor::into_dispatch).collect());
    Tensor::from_dispatch(Dispatch::concat(maps))
}

fn forward<B: ConcatKernels>(maps: Vec<FloatTensor<B>>) -> FloatTensor<B> {
    B::concat(&maps).unwrap_or_else(|| composed::forward::<B>(maps))
}

fn narrow<B: ConcatKernels>(maps: FloatTensor<B>, channels: Range<usize>) -> FloatTensor<B> {
    B::narrow(&maps, channels.clone()).unwrap_or_else(|| composed::narrow::<B>(maps, channels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{agree, noise, takes_64_bits};

    /// Up to more maps than one operation takes, some of them of one pixel.
    #[test]
    fn maps_side_by_side_are_those_of_burn() {
        for (count, broadcast) in
            (1..=13).zip([&[][..], &[0], &[2], &[0, 1], &[], &[0, 5], &[0, 1, 2, 3, 4, 5]].into_iter().cycle())
        {
            let size = |i: usize| if broadcast.contains(&i) { [2, 3, 1, 1] } else { [2, 1 + i % 3, 4, 5] };
            let inputs: Vec<Tensor<4>> = (0..count).map(|i| noise(i, size(i))).collect();
            let broadcast = |map: Tensor<4>| map.expand([-1, -1, 4, 5]);
            agree(&inputs, &concat, &|inputs| Tensor::cat(inputs.into_iter().map(broadcast).collect(), 1));
        }
    }

    /// Constants among the inputs have no gradient, and do not move those of the others.
    #[test]
    fn only_what_asks_for_a_gradient_gets_one() {
        let [a, b, c] = [1, 2, 3].map(|seed| noise(seed, [2, seed, 4, 5]));
        let (a, c) = (a.require_grad(), c.require_grad());
        let output = concat(vec![a.clone(), b.clone(), c.clone()]);
        let weight = noise(9, output.dims());
        let gradients = (output * weight.clone()).sum().backward();
        assert!(b.grad(&gradients).is_none());
        let part = |channels| weight.clone().inner().slice([0..2, channels, 0..4, 0..5]).into_data();
        a.grad(&gradients).unwrap().into_data().assert_eq(&part(0..1), true);
        c.grad(&gradients).unwrap().into_data().assert_eq(&part(3..6), true);
    }

    #[test]
    #[should_panic(expected = "does not fit beside")]
    fn maps_of_other_sizes_are_refused() {
        concat(vec![noise(1, [1, 1, 2, 2]), noise(2, [1, 1, 4, 4])]);
    }

    #[test]
    #[should_panic(expected = "does not fit beside")]
    fn maps_of_other_batches_are_refused() {
        concat(vec![noise(1, [1, 1, 2, 2]), noise(2, [2, 1, 2, 2])]);
    }

    #[test]
    fn maps_of_one_pixel_are_taken_as_they_are() {
        let inputs = [noise(1, [2, 3, 1, 1]), noise(2, [2, 1, 1, 1])];
        agree(&inputs, &concat, &|inputs| Tensor::cat(inputs, 1));
    }

    #[test]
    fn maps_of_64_bits_are_taken() {
        takes_64_bits(&[noise(1, [2, 3, 4, 5]), noise(2, [2, 2, 1, 1])], &concat);
    }
}
