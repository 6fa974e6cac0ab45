//! The first values of a network's tensors.

use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Makes the tensors of a network that is being built.
///
/// Weights are drawn one after another from one stream of random numbers. So the order in which
/// layers are built decides their values.
#[derive(Debug)]
pub struct Initialiser {
    /// The source of the weights; `None` where tensors have shapes alone.
    random: Option<ChaCha8Rng>,
    device: Device,
}

impl Initialiser {
    /// Draws weights from `seed`. On a device with autodiff the parameters require gradients.
    pub fn seeded(seed: u64, device: &Device) -> Self {
        Self { random: Some(ChaCha8Rng::seed_from_u64(seed)), device: device.clone() }
    }

    /// Makes tensors that take no memory: each is one zero on the CPU, seen in the tensor's shape.
    /// A network of such tensors can be asked for its sizes, whatever its width.
    pub fn shapes_only() -> Self {
        Self { random: None, device: Device::flex() }
    }

    /// Makes a learned weight: draws from a normal distribution with mean 0.
    pub fn weight(&mut self, shape: [usize; 4], deviation: f64) -> Tensor<4> {
        match &mut self.random {
            Some(random) => {
                let values = normal(shape.iter().product(), deviation, random);
                parameter(Tensor::from_data(TensorData::new(values, shape), &self.device))
            }
            None => shape_alone(shape, &self.device),
        }
    }

    /// Makes a learned vector that starts with one value everywhere.
    pub fn vector(&self, value: f32, channels: usize) -> Tensor<1> {
        parameter(self.statistic(value, channels))
    }

    /// Makes a vector that is not learned, with one value everywhere.
    pub fn statistic(&self, value: f32, channels: usize) -> Tensor<1> {
        match self.random {
            Some(_) => Tensor::full([channels], value, &self.device),
            None => shape_alone([channels], &self.device),
        }
    }
}

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

/// Makes a tensor learned: it requires a gradient where the device tracks gradients.
fn parameter<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    if tensor.device().is_autodiff() { tensor.require_grad() } else { tensor }
}

/// Makes a tensor of one zero that is seen in this shape.
fn shape_alone<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    // A tensor without values cannot be seen in one value.
    if shape.contains(&0) {
        return Tensor::zeros(shape, device);
    }
    Tensor::<D>::zeros([1; D], device).expand(shape.map(|size| size as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_wanted_deviation() {
        let values = normal(100_001, 0.5, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(values.len(), 100_001);
        let mean = values.iter().sum::<f32>() / 1e5;
        let deviation = (values.iter().map(|v| v * v).sum::<f32>() / 1e5).sqrt();
        assert!(mean.abs() < 0.01 && (deviation - 0.5).abs() < 0.01, "{mean} {deviation}");
    }

    /// More values than any memory holds, and none at all.
    #[test]
    fn shapes_take_no_memory() {
        let mut initialiser = Initialiser::shapes_only();
        for shape in [[1 << 20, 1 << 20, 7, 7], [0, 3, 1, 1]] {
            assert_eq!(initialiser.weight(shape, 1.0).dims(), shape);
        }
        assert_eq!(initialiser.vector(1.0, 1 << 40).dims(), [1 << 40]);
    }
}
