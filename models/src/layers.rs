//! Convolution and batch norm.

use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::Precision;
use crate::module::{Module, Phase, Role, Visitor, key, parameter};
use crate::ops;
use crate::ops::atrous_conv2d::ConvGeometry;
use crate::ops::batch_norm::NormOptions;

/// Draws from a normal distribution with mean 0 (Box-Muller).
pub fn normal(count: usize, deviation: f64, random: &mut ChaCha8Rng) -> Vec<f32> {
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        // 1 - u lies in (0, 1]: its logarithm is finite.
        let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt() * deviation;
        let angle = std::f64::consts::TAU * random.random::<f64>();
        values.extend([(radius * angle.cos()) as f32, (radius * angle.sin()) as f32]);
    }
    values.truncate(count);
    values
}

/// A convolution; its weights start at N(0, 2 / fan out) (Kaiming, as the reference implementation has it).
#[derive(Clone, Debug)]
pub struct Conv2d {
    /// Channels out x channels in x kernel x kernel.
    pub weight: Tensor<4>,
    pub bias: Option<Tensor<1>>,
    pub geometry: ConvGeometry,
    pub precision: Precision,
}

impl Conv2d {
    /// `channels`: in, out.
    pub fn kaiming(
        channels: [usize; 2],
        kernel: usize,
        geometry: ConvGeometry,
        random: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let fan_out = channels[1] * kernel * kernel;
        let weight = Self::drawn(channels, kernel, (2.0 / fan_out as f64).sqrt(), random, device);
        Self { weight, bias: None, geometry, precision: Precision::Single }
    }

    /// The last convolution of a head: 1x1, with bias; weights start at N(0, 0.01), the bias at 0.
    pub fn classifier(channels: [usize; 2], random: &mut ChaCha8Rng, device: &Device) -> Self {
        let weight = Self::drawn(channels, 1, 0.01, random, device);
        let bias = parameter(Tensor::zeros([channels[1]], device));
        Self { weight, bias: Some(bias), geometry: ConvGeometry::same(1, 1), precision: Precision::Single }
    }

    fn drawn(
        channels: [usize; 2],
        kernel: usize,
        deviation: f64,
        random: &mut ChaCha8Rng,
        device: &Device,
    ) -> Tensor<4> {
        let shape = [channels[1], channels[0], kernel, kernel];
        let values = normal(shape.iter().product(), deviation, random);
        parameter(Tensor::from_data(TensorData::new(values, shape), device))
    }

    /// Batch x channels in x height x width to batch x channels out x output size.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let output = ops::atrous_conv2d(input, self.weight.clone(), self.geometry, self.precision);
        match &self.bias {
            Some(bias) => {
                let [channels] = bias.dims();
                output + bias.clone().reshape([1, channels, 1, 1])
            }
            None => output,
        }
    }
}

impl Module for Conv2d {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        visitor.precision(&mut self.precision);
        visitor.weight(&key(prefix, "weight"), &mut self.weight);
        if let Some(bias) = &mut self.bias {
            visitor.vector(&key(prefix, "bias"), Role::Parameter, bias);
        }
    }
}

/// Batch norm with the reference's constants; the running variance takes the **unbiased** variance of the batch.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    pub gamma: Tensor<1>,
    pub beta: Tensor<1>,
    pub running_mean: Tensor<1>,
    pub running_var: Tensor<1>,
}

impl BatchNorm {
    /// Added to the variance.
    pub const EPSILON: f64 = 1e-5;
    /// Share of the batch in the running statistics.
    pub const MOMENTUM: f64 = 0.1;

    pub fn new(channels: usize, device: &Device) -> Self {
        Self::scaled(Tensor::ones([channels], device), device)
    }

    /// One whose output is 0 until it has learnt something: the last of a residual block.
    pub fn zero(channels: usize, device: &Device) -> Self {
        Self::scaled(Tensor::zeros([channels], device), device)
    }

    fn scaled(gamma: Tensor<1>, device: &Device) -> Self {
        let [channels] = gamma.dims();
        Self {
            gamma: parameter(gamma),
            beta: parameter(Tensor::zeros([channels], device)),
            running_mean: Tensor::zeros([channels], device),
            running_var: Tensor::ones([channels], device),
        }
    }

    /// Normalises batch x channels x height x width, and cuts off below zero if `relu`.
    ///
    /// # Panics
    /// In training with a single value per channel, whose variance says nothing.
    pub fn forward(&mut self, input: Tensor<4>, relu: bool, phase: Phase) -> Tensor<4> {
        match phase {
            Phase::Training => self.train(input, relu),
            Phase::Evaluation => {
                let inverse = (self.running_var.clone() + Self::EPSILON).sqrt().recip();
                let scale = self.gamma.clone().detach() * inverse;
                ops::channel_affine(input, self.running_mean.clone(), scale, self.beta.clone().detach(), relu)
            }
        }
    }

    fn train(&mut self, input: Tensor<4>, relu: bool) -> Tensor<4> {
        let [batch, _, height, width] = input.dims();
        let count = batch * height * width;
        assert!(count > 1, "batch norm needs more than one value per channel to train: use a batch of at least 2");
        let options = NormOptions { epsilon: Self::EPSILON, momentum: Self::MOMENTUM, relu };
        let parameters = [self.gamma.clone(), self.beta.clone()];
        let running = [self.running_mean.clone(), self.running_var.clone()];
        let (output, mean, variance) = ops::batch_norm(input, parameters, running, options);
        (self.running_mean, self.running_var) = (mean, variance);
        output
    }
}

impl Module for BatchNorm {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        visitor.vector(&key(prefix, "weight"), Role::Parameter, &mut self.gamma);
        visitor.vector(&key(prefix, "bias"), Role::Parameter, &mut self.beta);
        visitor.vector(&key(prefix, "running_mean"), Role::Statistic, &mut self.running_mean);
        visitor.vector(&key(prefix, "running_var"), Role::Statistic, &mut self.running_var);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn draws_have_the_wanted_deviation() {
        let values = normal(100_001, 0.5, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(values.len(), 100_001);
        let mean = values.iter().sum::<f32>() / 1e5;
        let deviation = (values.iter().map(|v| v * v).sum::<f32>() / 1e5).sqrt();
        assert!(mean.abs() < 0.01 && (deviation - 0.5).abs() < 0.01, "{mean} {deviation}");
    }

    #[test]
    fn the_running_variance_takes_the_unbiased_one() {
        let device = Device::flex().autodiff();
        let mut norm = BatchNorm::new(1, &device);
        let input = Tensor::<4>::from_data([[[[1.0f32, 2.0]]], [[[3.0, 6.0]]]], &device);
        norm.forward(input, false, Phase::Training);
        // Mean 3, sum of squares 14: biased 3.5, unbiased 14 / 3.
        let mean = norm.running_mean.into_data().iter::<f32>().next().unwrap();
        let variance = norm.running_var.into_data().iter::<f32>().next().unwrap();
        assert!((mean - 0.3).abs() < 1e-6, "{mean}");
        assert!((variance - (0.9 + 0.1 * 14.0 / 3.0)).abs() < 1e-6, "{variance}");
    }

    #[test]
    #[should_panic(expected = "batch of at least 2")]
    fn one_value_per_channel_cannot_be_trained() {
        let device = Device::flex();
        BatchNorm::new(2, &device).forward(Tensor::zeros([1, 2, 1, 1], &device), false, Phase::Training);
    }
}
