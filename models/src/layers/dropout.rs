//! Dropout of whole channels.

use burn::tensor::{Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The noise that drops channels in one iteration: a function of (seed, iteration) alone, so that a
/// resumed run drops the same ones.
#[derive(Clone, Debug)]
pub struct DropoutNoise {
    random: ChaCha8Rng,
    probability: f64,
}

impl DropoutNoise {
    /// Makes the noise of an iteration. `probability`: of dropping a channel, in 0..1.
    pub fn new(seed: u64, iteration: u64, probability: f64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // Stream 0 of the seed draws the initial weights.
        random.set_stream(iteration + 1);
        Self { random, probability }
    }

    /// Sets whole channels of batch x channels x height x width to zero and scales the others by
    /// `1 / (1 - p)`.
    pub fn apply(&mut self, input: Tensor<4>) -> Tensor<4> {
        if self.probability == 0.0 {
            return input;
        }
        let [batch, channels, _, _] = input.dims();
        let kept = (1.0 / (1.0 - self.probability)) as f32;
        let mask: Vec<f32> = (0..batch * channels)
            .map(|_| if self.random.random::<f64>() < self.probability { 0.0 } else { kept })
            .collect();
        let mask = Tensor::<4>::from_data(TensorData::new(mask, [batch, channels, 1, 1]), &input.device());
        input * mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn whole_channels_are_dropped_and_the_mean_is_kept() {
        let device = Device::flex();
        let ones = || Tensor::<4>::ones([50, 40, 2, 3], &device);
        let drop = |iteration| {
            DropoutNoise::new(3, iteration, 0.1).apply(ones()).into_data().iter::<f32>().collect::<Vec<f32>>()
        };
        let values = drop(7);
        assert!(values.chunks(6).all(|c| c.iter().all(|v| *v == c[0])));
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        assert!((mean - 1.0).abs() < 0.05, "{mean}");
        assert_eq!(values, drop(7));
        assert_ne!(values, drop(8));
    }
}
