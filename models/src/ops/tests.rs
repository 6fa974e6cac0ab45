//! What tests of operations on tensors have in common.

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};

/// Returns numbers of which many are equal, that depend on `seed`.
pub fn noise(seed: usize, [batch, channels, height, width]: [usize; 4]) -> Tensor<4> {
    let count = batch * channels * height * width;
    let values: Vec<f32> = (0..count).map(|i| ((i * i + i * 7 + seed * 3) % 11 / 2) as f32 - 2.0).collect();
    Tensor::from_data(TensorData::new(values, [batch, channels, height, width]), &Device::flex().autodiff())
}

/// Returns the output of `of`, and the gradient of each input for some gradient of the output.
fn with_gradients(inputs: &[Tensor<4>], of: &dyn Fn(Vec<Tensor<4>>) -> Tensor<4>) -> Vec<TensorData> {
    let inputs: Vec<Tensor<4>> = inputs.iter().map(|input| input.clone().detach().require_grad()).collect();
    let output = of(inputs.clone());
    let weight = noise(9, output.dims()).cast(FloatDType::from(output.dtype()));
    let gradients = (output.clone() * weight).sum().backward();
    let gradients = inputs.iter().map(|input| input.grad(&gradients).expect("a gradient").into_data());
    std::iter::once(output.into_data()).chain(gradients).collect()
}

/// Checks our operation against the same composed of burn's: values and gradients are the same
/// numbers, so that results of runs stay what they were.
pub fn agree(
    inputs: &[Tensor<4>],
    ours: &dyn Fn(Vec<Tensor<4>>) -> Tensor<4>,
    burns: &dyn Fn(Vec<Tensor<4>>) -> Tensor<4>,
) {
    let (ours, burns) = (with_gradients(inputs, ours), with_gradients(inputs, burns));
    for (ours, burns) in ours.iter().zip(&burns) {
        ours.assert_eq(burns, true);
    }
}

/// Checks that an operation takes 64 bits, and gives what it gives in 32 but for rounding.
pub fn takes_64_bits(inputs: &[Tensor<4>], of: &dyn Fn(Vec<Tensor<4>>) -> Tensor<4>) {
    let double: Vec<Tensor<4>> = inputs.iter().map(|input| input.clone().cast(FloatDType::F64)).collect();
    for (double, single) in with_gradients(&double, of).iter().zip(&with_gradients(inputs, of)) {
        assert_eq!([double.dtype(), single.dtype()], [DType::F64, DType::F32]);
        assert_eq!(double.shape(), single.shape());
        for (a, b) in double.iter::<f64>().zip(single.iter::<f64>()) {
            assert!((a - b).abs() < 1e-4, "{a} in 64 bits is not {b}");
        }
    }
}
