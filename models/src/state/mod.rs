//! The values of a network (and of its optimiser) by key, and the files that hold them.

mod file;
mod mismatch;
mod prefix;
mod velocities;

pub use mismatch::{Mismatch, Tolerance};

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

use crate::module::{Module, Role, Visitor};
use crate::pth::PthError;
use crate::segmentor::Segmentor;
pub use crate::values::Values;

/// Tensors by key. Networks use mmsegmentation's keys; the optimiser's velocities stand behind
/// `velocity.`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub tensors: BTreeMap<String, Values>,
    /// Text that travels with the tensors.
    pub metadata: BTreeMap<String, String>,
}

/// Why a state cannot be read, or does not fit a network.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("not a whole safetensors file: {0}")]
    Format(String),
    #[error(transparent)]
    Pth(#[from] PthError),
    #[error("tensor {key} has element type {dtype}; F32, F16, BF16 and F64 are read")]
    ElementType { key: String, dtype: String },
    #[error("{key} holds values that are not numbers (a training that diverged)")]
    NotNumbers { key: String },
    #[error("the state does not fit the network: {0}")]
    Mismatch(Mismatch),
}

/// Before the keys of the optimiser's velocities.
const VELOCITY: &str = "velocity.";

fn values<const D: usize>(tensor: &Tensor<D>) -> Values {
    let data = tensor.clone().into_data();
    Values { shape: tensor.dims().to_vec(), data: data.iter::<f32>().collect() }
}

impl State {
    /// Reads parameters and running statistics out of a network.
    pub fn of(network: &mut Segmentor) -> Self {
        struct CollectValues(State);
        impl Visitor for CollectValues {
            fn weight(&mut self, key: &str, tensor: &mut Tensor<4>) {
                self.0.tensors.insert(key.to_owned(), values(tensor));
            }
            fn vector(&mut self, key: &str, _: Role, tensor: &mut Tensor<1>) {
                self.0.tensors.insert(key.to_owned(), values(tensor));
            }
        }
        let mut collect = CollectValues(State::default());
        network.visit("", &mut collect);
        collect.0
    }

    /// Gives a network these values; velocities are passed over.
    ///
    /// # Errors
    /// [`StateError::Mismatch`], and the network unchanged, unless keys and shapes are exactly
    /// those of the network.
    pub fn load_into(&self, network: &mut Segmentor) -> Result<(), StateError> {
        self.load_parts(network, &Tolerance::default()).map(|_| ())
    }

    /// Gives a network these values, passing over what `tolerance` names. Returns the keys that the
    /// network keeps its own values of.
    ///
    /// # Errors
    /// [`StateError::Mismatch`] for all other differences, and the network unchanged.
    pub fn load_parts(&self, network: &mut Segmentor, tolerance: &Tolerance) -> Result<Vec<String>, StateError> {
        let wanted = State::of(network).tensors;
        let fits = |key: &str, found: &Values| wanted.get(key).is_some_and(|wanted| wanted.shape == found.shape);
        let passed_over =
            |key: &str, found: &Values| key.starts_with(VELOCITY) || !fits(key, found) && tolerance.passes_over(key);
        let values = self.tensors.iter().map(|(key, values)| (key.as_str(), values));
        let values: BTreeMap<&str, &Values> = values.filter(|(key, found)| !passed_over(key, found)).collect();
        let mut mismatch = Mismatch::default();
        let mut kept = Vec::new();
        for (key, wanted) in &wanted {
            match values.get(key.as_str()) {
                None if tolerance.does_without(key) => kept.push(key.clone()),
                None => mismatch.missing.push(key.clone()),
                Some(found) if found.shape != wanted.shape => {
                    mismatch.misshapen.push((key.clone(), found.shape.clone(), wanted.shape.clone()));
                }
                Some(_) => {}
            }
        }
        let superfluous = values.keys().filter(|key| !wanted.contains_key(**key));
        mismatch.superfluous.extend(superfluous.map(|key| (*key).to_owned()));
        mismatch.into_result()?;
        network.visit("", &mut LoadValues(values));
        Ok(kept)
    }
}

fn tensor<const D: usize>(values: &Values, device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.data.clone(), values.shape.clone()), device)
}

/// Replaces the tensors that it has values for, keeping whether they require a gradient.
struct LoadValues<'a>(BTreeMap<&'a str, &'a Values>);

impl LoadValues<'_> {
    fn replace<const D: usize>(&self, key: &str, target: &mut Tensor<D>) {
        if let Some(values) = self.0.get(key) {
            let loaded = tensor(values, &target.device());
            *target = if target.is_require_grad() { loaded.require_grad() } else { loaded };
        }
    }
}

impl Visitor for LoadValues<'_> {
    fn weight(&mut self, key: &str, target: &mut Tensor<4>) {
        self.replace(key, target);
    }

    fn vector(&mut self, key: &str, _: Role, target: &mut Tensor<1>) {
        self.replace(key, target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segmentor::SegmentorConfig;

    fn small(rates: Vec<usize>) -> SegmentorConfig {
        SegmentorConfig::unet_s5_d16(2, 3, rates, 2)
    }

    #[test]
    fn a_file_gives_back_what_was_written() {
        let mut network = small(vec![1, 2]).init(5, &Device::flex());
        let mut state = State::of(&mut network);
        state.metadata.insert("iteration".into(), "17".into());
        let read = State::from_bytes(&state.to_bytes()).unwrap();
        assert_eq!(read, state);
        let mut other = small(vec![1, 2]).init(6, &Device::flex());
        assert_ne!(State::of(&mut other).tensors, state.tensors);
        read.load_into(&mut other).unwrap();
        assert_eq!(State::of(&mut other).tensors, state.tensors);
    }

    #[test]
    fn a_state_of_another_network_is_refused_by_key() {
        let state = State::of(&mut small(vec![1, 2, 3]).init(5, &Device::flex()));
        let mut network = small(vec![1, 2]).init(5, &Device::flex());
        let before = State::of(&mut network);
        let message = state.load_into(&mut network).unwrap_err().to_string();
        assert!(message.contains("superfluous: decode_head.aspp_modules.2.bn.bias"), "{message}");
        assert!(message.contains("decode_head.bottleneck.conv.weight is [3, 12, 3, 3], not [3, 9, 3, 3]"), "{message}");
        assert_eq!(State::of(&mut network), before);
    }

    #[test]
    fn velocities_fit_or_are_refused() {
        let device = Device::flex().autodiff();
        let mut network = small(vec![1, 2]).init(5, &device);
        let config = crate::sgd::SgdConfig { momentum: 0.9, weight_decay: 0.1 };
        let mut sgd = config.init();
        let before = State::of_training(&mut network, &sgd);
        before.load_velocities(&mut network, &mut sgd).unwrap();
        assert!(sgd.weights.is_empty());

        let images = Tensor::<4>::ones([2, 3, 16, 16], &device);
        let labels = Tensor::<3, burn::tensor::Int>::zeros([2, 16, 16], &device);
        let mut noise = crate::DropoutNoise::new(0, 0, 0.0);
        let loss = crate::LossConfig { auxiliary_weight: 0.4, dice_weight: 0.0 };
        let gradients = network.losses(images, labels, loss, &mut noise).total().backward();
        sgd.step(&mut network, &gradients, 0.1);
        let mut state = State::of_training(&mut network, &sgd);
        let mut loaded = config.init();
        state.load_velocities(&mut network, &mut loaded).unwrap();
        assert_eq!(State::of_training(&mut network, &loaded).tensors, state.tensors);

        let gone = format!("{VELOCITY}decode_head.conv_seg.bias");
        let kept = state.tensors.remove(&gone).unwrap();
        let message = state.load_velocities(&mut network, &mut loaded).unwrap_err().to_string();
        assert!(message.contains(&format!("1 missing: {gone}")), "{message}");
        state.tensors.insert(format!("{VELOCITY}other"), kept);
        let message = state.load_velocities(&mut network, &mut loaded).unwrap_err().to_string();
        assert!(message.contains("1 superfluous"), "{message}");
    }

    #[test]
    fn a_cut_file_is_an_error() {
        let bytes = State::of(&mut small(vec![1]).init(5, &Device::flex())).to_bytes();
        assert!(matches!(State::from_bytes(&bytes[..bytes.len() - 5]), Err(StateError::Format(_))));
    }
}
