//! A backbone that hardly sees beyond a pixel: what lies further away, only the ASPP's branches can bring.
//!
//! Ours, for controls. The published backbones see so far by themselves that a distant mark reaches every branch.

use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::backbone::BackboneMaps;
use crate::conv_module::ConvModule;
use crate::module::{Module, Phase, Visitor, key};

/// Two 3x3 convolutions at full resolution.
#[derive(Clone, Debug)]
pub struct Shallow {
    convs: Vec<ConvModule>,
}

impl Shallow {
    /// Pixels to each side that a value of the decode map depends on: it sees 5x5.
    pub const REACH: usize = 2;

    /// `base_channels`: of both maps.
    pub fn new(base_channels: usize, random: &mut ChaCha8Rng, device: &Device) -> Self {
        let channels = [[3, base_channels], [base_channels; 2]];
        Self { convs: channels.into_iter().map(|channels| ConvModule::new(channels, 3, 1, random, device)).collect() }
    }

    /// `input`: batch x 3 x height x width, normalised. The ASPP head reads the second map, the auxiliary head the first.
    pub fn forward(&mut self, input: Tensor<4>, phase: Phase) -> BackboneMaps {
        let auxiliary = self.convs[0].forward(input, phase);
        BackboneMaps { decode: self.convs[1].forward(auxiliary.clone(), phase), auxiliary }
    }
}

impl Module for Shallow {
    fn visit(&mut self, prefix: &str, visitor: &mut dyn Visitor) {
        for (i, conv) in self.convs.iter_mut().enumerate() {
            conv.visit(&key(prefix, &format!("convs.{i}")), visitor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segmentor::SegmentorConfig;
    use rand::SeedableRng;

    /// Rows of an output that change with one pixel of a 64x64 input, which lies in this row.
    fn rows_reached(mut output: impl FnMut(Tensor<4>) -> Tensor<4>, row: usize) -> Vec<usize> {
        let device = Device::flex();
        let blank = Tensor::<4>::zeros([1, 3, 64, 64], &device);
        let dot = Tensor::<4>::ones([1, 3, 1, 1], &device);
        let dotted = blank.clone().slice_assign([0..1, 0..3, row..row + 1, 32..33], dot);
        let change = (output(dotted) - output(blank)).abs().sum_dim(1).sum_dim(3);
        let changes: Vec<f32> = change.into_data().iter::<f32>().collect();
        (0..64).filter(|row| changes[*row] > 0.0).collect()
    }

    #[test]
    fn it_sees_five_by_five() {
        let mut network = Shallow::new(8, &mut ChaCha8Rng::seed_from_u64(0), &Device::flex());
        let rows = rows_reached(|input| network.forward(input, Phase::Evaluation).decode, 32);
        assert_eq!(rows, (32 - Shallow::REACH..=32 + Shallow::REACH).collect::<Vec<_>>());
    }

    /// What controls rest on: a branch sees at its rate, three pixels more or less, and nothing between.
    #[test]
    fn a_network_sees_at_its_rates_alone() {
        let mut network = SegmentorConfig::shallow(8, 8, vec![1, 16], 2).init(1, &Device::flex());
        // The pooled branch sees everything, and tells no place.
        let pooled = &mut network.decode_head.image_pool.norm;
        pooled.gamma = pooled.gamma.clone() * 0.0;
        let rows = rows_reached(|input| network.forward(input), 32);
        let near = |centre: usize| centre - 3..=centre + 3;
        assert_eq!(rows, near(16).chain(near(32)).chain(near(48)).collect::<Vec<_>>());
    }
}
