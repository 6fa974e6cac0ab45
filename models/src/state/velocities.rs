//! The optimiser's velocities in a state.

use burn::tensor::Tensor;

use super::{Mismatch, State, StateError, VELOCITY, tensor, values};
use crate::module::{Module, Role, Visitor};
use crate::segmentor::Segmentor;
use crate::sgd::Sgd;

impl State {
    /// Reads parameters and running statistics out of a network, and the velocities out of the
    /// optimiser.
    pub fn of_training(network: &mut Segmentor, sgd: &Sgd) -> Self {
        let mut state = Self::of(network);
        let weights = sgd.weights.iter().map(|(key, tensor)| (key, values(tensor)));
        let vectors = sgd.vectors.iter().map(|(key, tensor)| (key, values(tensor)));
        state.tensors.extend(weights.chain(vectors).map(|(key, values)| (format!("{VELOCITY}{key}"), values)));
        state
    }

    /// Gives the optimiser the velocities of a training state of `network`, on its device.
    ///
    /// # Errors
    /// [`StateError::Mismatch`], and the optimiser unchanged, unless there is none at all (before
    /// the first step), or exactly one for each parameter, of its shape.
    pub fn load_velocities(&self, network: &mut Segmentor, sgd: &mut Sgd) -> Result<(), StateError> {
        struct CollectVelocities<'a> {
            from: &'a State,
            found: Sgd,
            mismatch: Mismatch,
            used: usize,
        }
        impl CollectVelocities<'_> {
            fn take<const D: usize>(&mut self, key: &str, parameter: &Tensor<D>) -> Option<Tensor<D>> {
                let key = format!("{VELOCITY}{key}");
                let Some(values) = self.from.tensors.get(&key) else {
                    self.mismatch.missing.push(key);
                    return None;
                };
                self.used += 1;
                if values.shape != parameter.dims() {
                    self.mismatch.misshapen.push((key, values.shape.clone(), parameter.dims().to_vec()));
                    return None;
                }
                Some(tensor(values, &parameter.device().inner()))
            }
        }
        impl Visitor for CollectVelocities<'_> {
            fn weight(&mut self, key: &str, parameter: &mut Tensor<4>) {
                if let Some(velocity) = self.take(key, parameter) {
                    self.found.weights.insert(key.to_owned(), velocity);
                }
            }
            fn vector(&mut self, key: &str, role: Role, parameter: &mut Tensor<1>) {
                if role == Role::Parameter
                    && let Some(velocity) = self.take(key, parameter)
                {
                    self.found.vectors.insert(key.to_owned(), velocity);
                }
            }
        }
        let all = self.tensors.keys().filter(|key| key.starts_with(VELOCITY)).count();
        let mut collect =
            CollectVelocities { from: self, found: sgd.config.init(), mismatch: Mismatch::default(), used: 0 };
        if all > 0 {
            network.visit("", &mut collect);
            if collect.used < all {
                collect.mismatch.superfluous.push(format!("{} velocities of no parameter", all - collect.used));
            }
        }
        collect.mismatch.into_result()?;
        *sgd = collect.found;
        Ok(())
    }
}
