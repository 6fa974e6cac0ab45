//! The values of a network (and of its optimiser) by key, and safetensors files that hold them.

use std::collections::{BTreeMap, HashMap};

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::module::{Module, Role, Visitor};
use crate::segmentor::Segmentor;
use crate::sgd::Sgd;

/// Values and shape of a tensor, in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

/// Tensors by key. Networks use mmsegmentation's keys; the optimiser's velocities stand behind `velocity.`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub tensors: BTreeMap<String, Values>,
    /// Text that travels with the tensors.
    pub metadata: BTreeMap<String, String>,
}

/// Why a state cannot be read, or does not fit a network.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("not a safetensors file: {0}")]
    Format(String),
    #[error("tensor {key} has element type {dtype}; only F32 is read")]
    ElementType { key: String, dtype: String },
    #[error("the state does not fit the network: {0}")]
    Mismatch(Mismatch),
}

/// The keys in which a state and a network differ.
#[derive(Debug, Default)]
pub struct Mismatch {
    pub missing: Vec<String>,
    pub superfluous: Vec<String>,
    /// Key, shape in the state, shape in the network.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl Mismatch {
    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.superfluous.is_empty() && self.misshapen.is_empty()
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shapes = self.misshapen.iter().map(|(key, found, wanted)| format!("{key} is {found:?}, not {wanted:?}"));
        let parts = [
            ("missing", self.missing.clone()),
            ("superfluous", self.superfluous.clone()),
            ("misshapen", shapes.collect()),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(_, keys)| !keys.is_empty())
            .map(|(what, keys)| {
                let shown = keys.iter().take(SHOWN_KEYS).cloned().collect::<Vec<_>>().join(", ");
                let more = keys.len().saturating_sub(SHOWN_KEYS);
                let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{} {what}: {shown}{rest}", keys.len())
            })
            .collect();
        f.write_str(&parts.join("; "))
    }
}

/// Keys of each kind that a message names.
const SHOWN_KEYS: usize = 3;

/// Before the keys of the optimiser's velocities.
const VELOCITY: &str = "velocity.";

fn values<const D: usize>(tensor: &Tensor<D>) -> Values {
    let data = tensor.clone().into_data();
    Values { shape: tensor.dims().to_vec(), data: data.iter::<f32>().collect() }
}

impl State {
    /// Parameters and running statistics of a network.
    pub fn of(network: &mut Segmentor) -> Self {
        struct Collect(State);
        impl Visitor for Collect {
            fn weight(&mut self, key: &str, tensor: &mut Tensor<4>) {
                self.0.tensors.insert(key.to_owned(), values(tensor));
            }
            fn vector(&mut self, key: &str, _: Role, tensor: &mut Tensor<1>) {
                self.0.tensors.insert(key.to_owned(), values(tensor));
            }
        }
        let mut collect = Collect(State::default());
        network.visit("", &mut collect);
        collect.0
    }

    /// The same, with the optimiser's velocities.
    pub fn of_training(network: &mut Segmentor, sgd: &Sgd) -> Self {
        let mut state = Self::of(network);
        let weights = sgd.weights.iter().map(|(key, tensor)| (key, values(tensor)));
        let vectors = sgd.vectors.iter().map(|(key, tensor)| (key, values(tensor)));
        state.tensors.extend(weights.chain(vectors).map(|(key, values)| (format!("{VELOCITY}{key}"), values)));
        state
    }

    /// Gives a network these values; velocities are passed over.
    ///
    /// # Errors
    /// [`StateError::Mismatch`], and the network unchanged, unless keys and shapes are exactly those of the network.
    pub fn load_into(&self, network: &mut Segmentor) -> Result<(), StateError> {
        let wanted = State::of(network);
        let own = |key: &&String| !key.starts_with(VELOCITY);
        let mismatch = Mismatch {
            missing: wanted.tensors.keys().filter(|key| !self.tensors.contains_key(*key)).cloned().collect(),
            superfluous: self
                .tensors
                .keys()
                .filter(own)
                .filter(|k| !wanted.tensors.contains_key(*k))
                .cloned()
                .collect(),
            misshapen: wanted
                .tensors
                .iter()
                .filter_map(|(key, wanted)| {
                    let found = self.tensors.get(key)?;
                    (found.shape != wanted.shape).then(|| (key.clone(), found.shape.clone(), wanted.shape.clone()))
                })
                .collect(),
        };
        if !mismatch.is_empty() {
            return Err(StateError::Mismatch(mismatch));
        }
        network.visit("", &mut Load(self));
        Ok(())
    }

    /// Gives the optimiser the velocities of a training state of `network`, on its device.
    ///
    /// # Errors
    /// [`StateError::Mismatch`], and the optimiser unchanged, unless there is none at all (before the first step), or
    /// exactly one for each parameter, of its shape.
    pub fn load_velocities(&self, network: &mut Segmentor, sgd: &mut Sgd) -> Result<(), StateError> {
        struct Collect<'a> {
            from: &'a State,
            found: Sgd,
            mismatch: Mismatch,
            used: usize,
        }
        impl Collect<'_> {
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
        impl Visitor for Collect<'_> {
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
        let mut collect = Collect { from: self, found: sgd.config.init(), mismatch: Mismatch::default(), used: 0 };
        if all > 0 {
            network.visit("", &mut collect);
            if collect.used < all {
                collect.mismatch.superfluous.push(format!("{} velocities of no parameter", all - collect.used));
            }
        }
        if !collect.mismatch.is_empty() {
            return Err(StateError::Mismatch(collect.mismatch));
        }
        *sgd = collect.found;
        Ok(())
    }

    /// As a safetensors file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes: Vec<(&String, &Values, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(key, values)| (key, values, values.data.iter().flat_map(|v| v.to_le_bytes()).collect()))
            .collect();
        let views = bytes.iter().map(|(key, values, bytes)| {
            let view = TensorView::new(Dtype::F32, values.shape.clone(), bytes);
            (key.as_str(), view.expect("as many bytes as the shape says"))
        });
        let metadata: HashMap<String, String> = self.metadata.clone().into_iter().collect();
        safetensors::serialize(views, Some(metadata)).expect("tensors that were just viewed serialise")
    }

    /// From a safetensors file.
    ///
    /// # Errors
    /// [`StateError::Format`] and [`StateError::ElementType`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let format = |error: safetensors::SafeTensorError| StateError::Format(error.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(format)?;
        let file = SafeTensors::deserialize(bytes).map_err(format)?;
        let mut state = State::default();
        state.metadata.extend(header.metadata().clone().unwrap_or_default());
        for (key, view) in file.iter() {
            if view.dtype() != Dtype::F32 {
                return Err(StateError::ElementType { key: key.to_owned(), dtype: format!("{:?}", view.dtype()) });
            }
            let data = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            state.tensors.insert(key.to_owned(), Values { shape: view.shape().to_vec(), data });
        }
        Ok(state)
    }
}

fn tensor<const D: usize>(values: &Values, device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.data.clone(), values.shape.clone()), device)
}

/// Replaces every tensor, keeping whether it requires a gradient.
struct Load<'a>(&'a State);

impl Visitor for Load<'_> {
    fn weight(&mut self, key: &str, target: &mut Tensor<4>) {
        let loaded = tensor(&self.0.tensors[key], &target.device());
        *target = if target.is_require_grad() { loaded.require_grad() } else { loaded };
    }

    fn vector(&mut self, key: &str, _: Role, target: &mut Tensor<1>) {
        let loaded = tensor(&self.0.tensors[key], &target.device());
        *target = if target.is_require_grad() { loaded.require_grad() } else { loaded };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segmentor::SegmentorConfig;

    fn small(rates: Vec<usize>) -> SegmentorConfig {
        SegmentorConfig { base_channels: 2, aspp_channels: 3, rates, classes: 2 }
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
        let gradients = network.losses(images, labels, 0.4, &mut noise).total().backward();
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
