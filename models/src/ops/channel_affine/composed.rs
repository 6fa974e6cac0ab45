//! The operation composed of burn's.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata, get_device_settings};
use burn::tensor::Shape;

use super::map::ChannelMap;

pub fn forward<B: Backend>(input: FloatTensor<B>, map: ChannelMap<B>, relu: bool) -> FloatTensor<B> {
    let centred = B::float_sub(input, per_channel::<B>(map.mean));
    let scaled = B::float_mul(centred, per_channel::<B>(map.scale));
    let output = B::float_add(scaled, per_channel::<B>(map.offset));
    if relu { B::relu(output) } else { output }
}

pub fn gradient<B: Backend>(
    input: FloatTensor<B>,
    output_grad: FloatTensor<B>,
    map: ChannelMap<B>,
    relu: bool,
) -> FloatTensor<B> {
    let scale = map.scale.clone();
    B::float_mul(kept_gradient::<B>(input, output_grad, map, relu), per_channel::<B>(scale))
}

/// Returns `output_grad` where the affine map of the input was not cut off by the ReLU, else 0.
pub fn kept_gradient<B: Backend>(
    input: FloatTensor<B>,
    output_grad: FloatTensor<B>,
    map: ChannelMap<B>,
    relu: bool,
) -> FloatTensor<B> {
    if !relu {
        return output_grad;
    }
    let before = forward::<B>(input, map, false);
    let bools = get_device_settings::<B>(&before.device()).bool_dtype;
    B::float_mask_fill(output_grad, B::float_lower_equal_elem(before, 0f32.into(), bools), 0f32.into())
}

/// Reshapes one value per channel, so that it broadcasts over batch x channels x height x width.
pub fn per_channel<B: Backend>(values: FloatTensor<B>) -> FloatTensor<B> {
    let channels = values.shape().num_elements();
    B::float_reshape(values, Shape::from([1, channels, 1, 1]))
}
