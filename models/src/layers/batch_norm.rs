//! Batch norm.

use burn::tensor::Tensor;

use crate::initialiser::Initialiser;
use crate::module::{Module, Phase, Role, Visitor, key};
use crate::ops;
use crate::ops::batch_norm::NormOptions;

/// Batch norm with the reference's constants; the running variance takes the **unbiased** variance
/// of the batch.
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

    /// Makes a norm that at first normalises and does nothing else.
    pub fn new(channels: usize, initialiser: &Initialiser) -> Self {
        Self::scaled(1.0, channels, initialiser)
    }

    /// Makes a norm whose output is 0 until it has learnt something: the last of a residual block.
    pub fn zero(channels: usize, initialiser: &Initialiser) -> Self {
        Self::scaled(0.0, channels, initialiser)
    }

    fn scaled(gamma: f32, channels: usize, initialiser: &Initialiser) -> Self {
        Self {
            gamma: initialiser.vector(gamma, channels),
            beta: initialiser.vector(0.0, channels),
            running_mean: initialiser.statistic(0.0, channels),
            running_var: initialiser.statistic(1.0, channels),
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
                let [mean, scale, offset] = self.map();
                ops::channel_affine(input, mean, scale, offset, relu)
            }
        }
    }

    /// Returns mean, scale and offset of what it does to each channel in evaluation.
    pub fn map(&self) -> [Tensor<1>; 3] {
        let inverse = (self.running_var.clone() + Self::EPSILON).sqrt().recip();
        let scale = self.gamma.clone().detach() * inverse;
        [self.running_mean.clone(), scale, self.beta.clone().detach()]
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
    use burn::tensor::Device;

    #[test]
    fn the_running_variance_takes_the_unbiased_one() {
        let device = Device::flex().autodiff();
        let mut norm = BatchNorm::new(1, &Initialiser::seeded(0, &device));
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
        let mut norm = BatchNorm::new(2, &Initialiser::seeded(0, &device));
        norm.forward(Tensor::zeros([1, 2, 1, 1], &device), false, Phase::Training);
    }
}
