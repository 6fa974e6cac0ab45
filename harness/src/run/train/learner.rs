//! A network and its optimiser: what one training iteration changes.

use super::LogRow;
use crate::experiment::network;
use crate::experiment::settings::{RunSettings, TrainSpec};
use atrous_data::Batch;
use atrous_models::burn::tensor::{Device, Int, Tensor, TensorData, Transaction};
use atrous_models::sgd::poly_lr;
use atrous_models::{DropoutNoise, Segmentor, Sgd, SgdConfig};

/// A network in training.
pub struct Learner {
    pub network: Segmentor,
    pub sgd: Sgd,
    device: Device,
}

impl Learner {
    /// The run's network with random weights, drawn from its seed. `device` tracks gradients.
    pub fn new(settings: &RunSettings, device: Device) -> Self {
        let train = &settings.train;
        Self {
            network: network::config(settings).init(settings.seed, &device).with_precision(train.precision),
            sgd: SgdConfig { momentum: train.momentum, weight_decay: train.weight_decay }.init(),
            device,
        }
    }

    /// The iteration of the batch: losses, gradients, update. Where the loss is not a number the
    /// parameters stay as they were.
    pub fn step(&mut self, settings: &RunSettings, batch: Batch) -> LogRow {
        let TrainSpec { iterations, lr, lr_min, poly_power, dropout, .. } = settings.train;
        let iteration = batch.iteration;
        let lr = poly_lr(iteration, iterations, lr, lr_min, poly_power);
        let (images, labels) = tensors(batch, &self.device);
        let mut noise = DropoutNoise::new(settings.seed, iteration, dropout);
        let losses = self.network.losses(images, labels, settings.train.loss(), &mut noise);
        let total = losses.total();
        let gradients = total.backward();
        // Only now, and all at once: a GPU that is asked for losses halts until they are fetched,
        // and would have nothing to go on with.
        let [loss, decode, auxiliary] = values([total, losses.decode, losses.auxiliary]);
        if loss.is_finite() {
            self.sgd.step(&mut self.network, &gradients, lr);
        }
        LogRow { iteration, lr, loss, decode, auxiliary }
    }
}

/// The one value of each; NaN where there is none.
fn values<const N: usize>(tensors: [Tensor<1>; N]) -> [f64; N] {
    let asked = tensors.into_iter().fold(Transaction::default(), |all, tensor| all.register(tensor.inner()));
    let mut data = asked.execute().into_iter();
    [(); N].map(|()| data.next().and_then(|data| data.iter::<f64>().next()).unwrap_or(f64::NAN))
}

/// A batch on the device: images N x 3 x H x W, labels N x H x W.
fn tensors(batch: Batch, device: &Device) -> (Tensor<4>, Tensor<3, Int>) {
    let Batch { size, height, width, images, labels, .. } = batch;
    let images = Tensor::from_data(TensorData::new(images, [size, 3, height, width]), device);
    let labels: Vec<i32> = labels.into_iter().map(i32::from).collect();
    (images, Tensor::from_data(TensorData::new(labels, [size, height, width]), device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::tests::example;
    use atrous_models::{DecodeHead, Precision};

    fn batch(of: impl Fn(usize) -> f32) -> Batch {
        let (size, height, width) = (2, 16, 16);
        let images = (0..size * 3 * height * width).map(of).collect();
        let labels = (0..size * height * width).map(|i| u8::from(i % 3 == 0)).collect();
        Batch { iteration: 0, size, height, width, images, labels, ids: vec![String::new(); size] }
    }

    /// The loss of the first iteration, which no gradient has touched yet.
    fn first_loss(precision: Precision) -> f64 {
        let mut settings = example();
        settings.train.precision = precision;
        let batch = batch(|i| (i as f32 * 0.37).sin());
        Learner::new(&settings, Device::flex().autodiff()).step(&settings, batch).loss
    }

    #[test]
    fn a_step_moves_the_parameters_where_its_loss_is_a_number() {
        let settings = example();
        let weights = |learner: &mut Learner| learner.network.decode_head.classifier().weight.clone().into_data();
        for (broken, moves) in [(false, true), (true, false)] {
            let mut learner = Learner::new(&settings, Device::flex().autodiff());
            let before = weights(&mut learner);
            let row = learner.step(&settings, batch(|i| if broken { f32::NAN } else { (i as f32 * 0.37).sin() }));
            assert_eq!(row.loss.is_finite(), moves, "broken: {broken}, {row:?}");
            assert!(!moves || (row.loss - row.decode - row.auxiliary).abs() < 1e-6, "{row:?}");
            assert_eq!(weights(&mut learner) != before, moves, "broken: {broken}");
        }
    }

    #[test]
    fn a_run_is_trained_in_its_precision() {
        let [single, mixed] = [Precision::Single, Precision::Mixed].map(first_loss);
        assert!(single.is_finite() && mixed.is_finite(), "{single} {mixed}");
        assert_ne!(single, mixed);
        assert_eq!(mixed, first_loss(Precision::Mixed));
    }
}
