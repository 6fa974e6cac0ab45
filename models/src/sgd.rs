//! Stochastic gradient descent with momentum and weight decay, as PyTorch defines it, and the poly
//! schedule.

use std::collections::BTreeMap;

use burn::tensor::{Gradients, Tensor};

use crate::module::{Module, Role, Visitor};
use crate::ops;
use crate::ops::momentum_step::MomentumOptions;
use crate::segmentor::Segmentor;

/// Constants of the optimiser. Dampening is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdConfig {
    pub momentum: f64,
    /// Decay of every parameter, the batch norms' included.
    pub weight_decay: f64,
}

/// The velocity of each parameter, under its key.
#[derive(Clone, Debug)]
pub struct Sgd {
    pub config: SgdConfig,
    pub weights: BTreeMap<String, Tensor<4>>,
    pub vectors: BTreeMap<String, Tensor<1>>,
}

impl SgdConfig {
    pub fn init(self) -> Sgd {
        Sgd { config: self, weights: BTreeMap::new(), vectors: BTreeMap::new() }
    }
}

/// Gives the learning rate of iteration `t` of `total`:
/// `(base - min) * (1 - t / (total - 1))^power + min`, so that the last iteration runs at `min`.
pub fn poly_lr(t: u64, total: u64, base: f64, min: f64, power: f64) -> f64 {
    let left = if total > 1 { 1.0 - t as f64 / (total - 1) as f64 } else { 1.0 };
    (base - min) * left.max(0.0).powf(power) + min
}

impl Sgd {
    /// Makes one step: `v = momentum * v + gradient + weight_decay * w; w = w - lr * v`, with `v` =
    /// gradient + decay at first.
    pub fn step(&mut self, network: &mut Segmentor, gradients: &Gradients, lr: f64) {
        network.visit("", &mut SgdStep { sgd: self, gradients, lr });
    }
}

/// One step, shown every parameter.
struct SgdStep<'a> {
    sgd: &'a mut Sgd,
    gradients: &'a Gradients,
    lr: f64,
}

/// Computes a parameter and its velocity after a step; `None` where the parameter has no gradient.
pub fn update<const D: usize>(
    parameter: &Tensor<D>,
    velocity: Option<Tensor<D>>,
    gradients: &Gradients,
    config: SgdConfig,
    lr: f64,
) -> Option<(Tensor<D>, Tensor<D>)> {
    let gradient = parameter.grad(gradients)?;
    let value = parameter.clone().inner();
    let velocity = velocity.unwrap_or_else(|| Tensor::zeros(value.dims(), &value.device()));
    let SgdConfig { momentum, weight_decay } = config;
    let by = MomentumOptions { lr: lr as f32, momentum: momentum as f32, weight_decay: weight_decay as f32 };
    let (moved, velocity) = ops::momentum_step(value, gradient, velocity, by);
    Some((Tensor::from_inner(moved).require_grad(), velocity))
}

impl Visitor for SgdStep<'_> {
    fn weight(&mut self, key: &str, tensor: &mut Tensor<4>) {
        let velocity = self.sgd.weights.remove(key);
        if let Some((moved, velocity)) = update(tensor, velocity, self.gradients, self.sgd.config, self.lr) {
            *tensor = moved;
            self.sgd.weights.insert(key.to_owned(), velocity);
        }
    }

    fn vector(&mut self, key: &str, role: Role, tensor: &mut Tensor<1>) {
        if role == Role::Statistic {
            return;
        }
        let velocity = self.sgd.vectors.remove(key);
        if let Some((moved, velocity)) = update(tensor, velocity, self.gradients, self.sgd.config, self.lr) {
            *tensor = moved;
            self.sgd.vectors.insert(key.to_owned(), velocity);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_iteration_runs_at_the_minimum() {
        let lr = |t| poly_lr(t, 40_000, 0.01, 1e-4, 0.9);
        assert_eq!(lr(0), 0.01);
        assert_eq!(lr(39_999), 1e-4);
        assert!((lr(20_000) - 0.005_405_2).abs() < 1e-6, "{}", lr(20_000));
        assert_eq!(poly_lr(0, 1, 0.01, 1e-4, 0.9), 0.01);
    }
}
