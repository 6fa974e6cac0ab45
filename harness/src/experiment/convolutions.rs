//! The convolutions of a network, listed: what its work and its memory follow from.

use crate::experiment::settings::ModelSpec;
use atrous_models::{BackboneConfig, ResnetConfig, SegmentorConfig, Stem};

/// Convolutions of one shape, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Convolution {
    /// Values of the kernel per pair of channels: 9 for 3x3.
    taps: f64,
    inputs: f64,
    outputs: f64,
    /// Output pixels per pixel of the network's input.
    area: f64,
}

impl Convolution {
    fn new(taps: usize, inputs: f64, outputs: f64, area: f64) -> Self {
        Self { taps: taps as f64, inputs, outputs, area }
    }

    /// Of a forward pass, per pixel of the network's input.
    pub fn multiply_adds(&self) -> f64 {
        self.area * self.weights()
    }

    /// Values in the kernel.
    pub fn weights(&self) -> f64 {
        self.taps * self.inputs * self.outputs
    }

    /// Values that it writes, per pixel of the network's input.
    pub fn written(&self) -> f64 {
        self.area * self.outputs
    }
}

/// Those of a network, both heads included, but for the 1x1 convolutions that tell classes apart.
pub fn convolutions(model: &ModelSpec, rates: &[usize]) -> Vec<Convolution> {
    of_network(&model.config(rates, 2))
}

/// The same of a network that no spec has named.
pub fn of_network(config: &SegmentorConfig) -> Vec<Convolution> {
    let stride = config.backbone.output_stride() as f64;
    let area = 1.0 / (stride * stride);
    let (mut list, auxiliary_area) = match &config.backbone {
        BackboneConfig::Unet { base_channels } => (unet(*base_channels as f64), 0.25),
        BackboneConfig::Resnet(resnet_config) => (resnet(resnet_config), area),
        BackboneConfig::Shallow { base_channels } => (shallow(*base_channels as f64), area),
    };
    let (input, branch) = (config.backbone.decode_channels() as f64, config.aspp_channels as f64);
    let taps = |rate: &usize| if *rate == 1 { 1 } else { 9 };
    list.extend(config.rates.iter().map(|rate| Convolution::new(taps(rate), input, branch, area)));
    // One more branch sees the mean of the map.
    list.push(Convolution::new(9, (config.rates.len() as f64 + 1.0) * branch, branch, area));
    let [input, output] = [config.backbone.auxiliary_channels(), config.auxiliary_channels].map(|n| n as f64);
    list.push(Convolution::new(9, input, output, auxiliary_area));
    list
}

/// Of the shallow backbone.
fn shallow(base: f64) -> Vec<Convolution> {
    [3.0, base].map(|input| Convolution::new(9, input, base, 1.0)).to_vec()
}

/// Of the U-Net S5-D16.
fn unet(base: f64) -> Vec<Convolution> {
    let stages = 5;
    let mut list = Vec::new();
    for stage in 0..stages {
        let width = base * f64::from(1 << stage);
        let area = 1.0 / f64::from(1 << (2 * stage));
        let input = if stage == 0 { 3.0 } else { width / 2.0 };
        list.push(Convolution::new(9, input, width, area));
        list.push(Convolution::new(9, width, width, area));
        if stage + 1 < stages {
            // Way up: 1x1 from the wider stage, two 3x3 after the concatenation.
            list.push(Convolution::new(1, 2.0 * width, width, area));
            list.push(Convolution::new(9, 2.0 * width, width, area));
            list.push(Convolution::new(9, width, width, area));
        }
    }
    list
}

/// Of a ResNet with bottlenecks: per block two 1x1 convolutions between four times the width and the width, and one 3x3.
fn resnet(config: &ResnetConfig) -> Vec<Convolution> {
    let base = config.base_channels as f64;
    let half = base / 2.0;
    let mut list = match config.stem {
        Stem::Deep => [(3.0, half), (half, half), (half, base)]
            .map(|(input, output)| Convolution::new(9, input, output, 0.25))
            .to_vec(),
        Stem::Plain => vec![Convolution::new(49, 3.0, base, 0.25)],
    };
    let strides = [4, 8, 16, 32].map(|stride: usize| stride.min(config.output_stride) as f64);
    for (stage, (blocks, stride)) in config.depth.blocks().into_iter().zip(strides).enumerate() {
        let width = base * f64::from(1 << stage);
        let area = 1.0 / (stride * stride);
        let block = [(1, 4.0 * width, width), (9, width, width), (1, width, 4.0 * width)];
        for _ in 0..blocks {
            list.extend(block.map(|(taps, input, output)| Convolution::new(taps, input, output, area)));
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::ModelKind;
    use atrous_models::burn::tensor::Device;

    #[test]
    fn the_list_has_about_the_weights_of_the_network() {
        for kind in ModelKind::ALL {
            let model = ModelSpec { base_channels: 8, aspp_channels: 16, ..ModelSpec::published(kind) };
            let rates = [1, 12, 24, 36];
            let listed: f64 = convolutions(&model, &rates).iter().map(Convolution::weights).sum();
            let mut network = model.config(&rates, 2).init(0, &Device::flex());
            let ratio = listed / network.parameter_count() as f64;
            assert!((0.85..1.15).contains(&ratio), "{kind}: {ratio}");
        }
    }
}
