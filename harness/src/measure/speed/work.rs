//! What a unit asks of the processor, and what a matrix product gets out of it.

use super::report::What;
use crate::experiment::network;
use crate::experiment::settings::RunSettings;
use crate::run::infer::Inference;
use anyhow::{Result, anyhow};
use atrous_models::burn::tensor::{Distribution, Tensor};
use atrous_models::{ComputeDevice, ConvolutionCost};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Rows, columns and depth of the matrix product.
const SIDE: usize = 1024;
/// The most products that are timed, after one that is not.
const PRODUCTS: usize = 15;
/// The time after which no further one is.
const LONG_ENOUGH: Duration = Duration::from_millis(500);

/// The work of a unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnitWork {
    /// Floating-point operations of its convolutions, two for each multiply-add of a tap that sees
    /// no padding.
    pub operations: f64,
}

impl UnitWork {
    /// Counts the work of a unit; `None` for a batch of the loader.
    pub fn of_unit(what: What, settings: &RunSettings) -> Option<Self> {
        let network = network::config(settings);
        let forward =
            |costs: &[ConvolutionCost]| costs.iter().map(|cost| cost.live_multiply_adds() as f64).sum::<f64>();
        let multiply_adds = match what {
            What::Step => {
                let costs = network.costs(settings.crop);
                // Forward, the gradient of the weights, and that of the input, which an image does
                // not need.
                settings.train.batch as f64 * (3.0 * forward(&costs) - forward(&costs[..1]))
            }
            What::Inference => {
                let inputs = Inference::of(settings).inputs(settings.resize);
                let sizes: BTreeSet<[usize; 2]> = inputs.iter().copied().collect();
                let of_size = |size: &[usize; 2]| {
                    let count = inputs.iter().filter(|input| *input == size).count();
                    count as f64 * forward(&network.scoring_costs(*size))
                };
                sizes.iter().map(of_size).sum()
            }
            What::Loader => return None,
        };
        Some(UnitWork { operations: 2.0 * multiply_adds })
    }

    /// Times a product of two square matrices, and gives the median of its floating-point
    /// operations per second.
    ///
    /// # Errors
    /// Where the device does not answer.
    pub fn rate_of_a_matrix_product(device: &ComputeDevice) -> Result<f64> {
        let random = || Tensor::<2>::random([SIDE; 2], Distribution::Uniform(-1.0, 1.0), &device.device);
        let (left, right) = (random(), random());
        let (mut seconds, begun) = (Vec::with_capacity(PRODUCTS + 1), Instant::now());
        while seconds.len() < 2 || seconds.len() <= PRODUCTS && begun.elapsed() < LONG_ENOUGH {
            let started = Instant::now();
            let product = left.clone().matmul(right.clone());
            device.device.sync().map_err(|error| anyhow!("{}: {error:?}", device.name()))?;
            seconds.push(started.elapsed().as_secs_f64());
            drop(product);
        }
        let timed = &mut seconds[1..];
        timed.sort_by(f64::total_cmp);
        Ok(2.0 * (SIDE as f64).powi(3) / timed[timed.len() / 2])
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::settings;
    use super::*;

    #[test]
    fn a_step_is_three_passes_but_for_the_image() {
        let settings = settings();
        let costs = network::config(&settings).costs(settings.crop);
        let [all, first] =
            [&costs[..], &costs[..1]].map(|costs| costs.iter().map(ConvolutionCost::live_multiply_adds).sum::<usize>());
        let step = UnitWork::of_unit(What::Step, &settings).unwrap().operations;
        assert_eq!(step, (2 * settings.train.batch * (3 * all - first)) as f64);
        // A window of the same size, without the auxiliary head.
        let image = UnitWork::of_unit(What::Inference, &settings).unwrap().operations;
        let windows = Inference::of(&settings).inputs(settings.resize).len();
        assert!(image < (2 * windows * all) as f64 && image > (windows * all) as f64, "{image}");
        assert!(UnitWork::of_unit(What::Loader, &settings).is_none());
    }

    #[test]
    fn a_matrix_product_has_a_rate() {
        let rate = UnitWork::rate_of_a_matrix_product(&ComputeDevice::flex()).unwrap();
        assert!((1e8..1e13).contains(&rate), "{rate}");
    }
}
