//! Weights of other programs: what network they are of, and ImageNet backbones.

use crate::backbone::BackboneConfig;
use crate::resnet::{Depth, ResnetConfig, Stem};
use crate::segmentor::SegmentorConfig;
use crate::state::State;

/// Why weights do not say which network they are of.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WeightsError {
    #[error("it has no {0}: it is not of a U-Net S5-D16 or a ResNet-50 or -101 with an ASPP head")]
    Network(String),
    #[error("its {part} has {width} channels; 1 to 4096 are read")]
    Width { part: &'static str, width: usize },
    #[error("its ASPP has {found} branches, not one for each of the {wanted} rates {rates:?}")]
    Branches { found: usize, wanted: usize, rates: Vec<usize> },
    #[error("its ASPP branch {branch} is a {found} convolution, a rate of {rate} is a {wanted} one")]
    Kernel { branch: usize, rate: usize, found: String, wanted: String },
}

/// The keys of ImageNet's classifier, in torchvision's, open-mmlab's and mmpretrain's files.
const CLASSIFIERS: [&str; 2] = ["fc.", "head."];

impl State {
    /// The network that these values are of, as far as their shapes tell. They do not tell the rates, nor a ResNet's
    /// output stride (8 or 16).
    ///
    /// # Errors
    /// [`WeightsError`].
    pub fn network(&self, rates: Vec<usize>, output_stride: usize) -> Result<SegmentorConfig, WeightsError> {
        let sizes = |key: &str| {
            let values = self.tensors.get(key).filter(|values| values.shape.len() == 4);
            values.map(|values| values.shape.as_slice()).ok_or_else(|| WeightsError::Network(key.to_owned()))
        };
        let backbone = if self.tensors.keys().any(|key| key.starts_with("backbone.layer1.")) {
            let stem = if sizes("backbone.stem.0.weight").is_ok() { Stem::Deep } else { Stem::Plain };
            let depth = if sizes("backbone.layer3.6.conv1.weight").is_ok() { Depth::R101 } else { Depth::R50 };
            let base_channels = sizes("backbone.layer1.0.conv1.weight")?[0];
            BackboneConfig::Resnet(ResnetConfig { depth, stem, base_channels, output_stride })
        } else if let Ok(shape) = sizes("backbone.convs.1.conv.weight") {
            BackboneConfig::Shallow { base_channels: shape[0] }
        } else {
            BackboneConfig::Unet { base_channels: sizes("backbone.encoder.0.0.convs.0.conv.weight")?[0] }
        };
        let branch = |i: usize| sizes(&format!("decode_head.aspp_modules.{i}.conv.weight")).ok();
        let found = (0..).take_while(|i| branch(*i).is_some()).count();
        if found != rates.len() {
            return Err(WeightsError::Branches { found, wanted: rates.len(), rates });
        }
        for (i, &rate) in rates.iter().enumerate() {
            let wanted = if rate == 1 { [1, 1] } else { [3, 3] };
            let found = branch(i).map_or(&[][..], |shape| &shape[2..]);
            if found != wanted {
                let name = |sides: &[usize]| sides.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
                return Err(WeightsError::Kernel { branch: i, rate, found: name(found), wanted: name(&wanted) });
            }
        }
        let classifier = sizes("decode_head.conv_seg.weight")?;
        let (classes, aspp_channels) = (classifier[0], classifier[1]);
        let auxiliary = sizes("auxiliary_head.conv_seg.weight").ok().map(|shape| shape[1]);
        let auxiliary_channels = auxiliary.unwrap_or(backbone.decode_channels().min(aspp_channels));
        // A few bytes must not ask for all memory: shapes are compared when the network is there.
        let (BackboneConfig::Unet { base_channels }
        | BackboneConfig::Shallow { base_channels }
        | BackboneConfig::Resnet(ResnetConfig { base_channels, .. })) = backbone;
        let widths = [
            ("backbone", base_channels),
            ("ASPP", aspp_channels),
            ("auxiliary head", auxiliary_channels),
            ("classifier", classes),
        ];
        if let Some((part, width)) = widths.into_iter().find(|(_, width)| !(1..=4096).contains(width)) {
            return Err(WeightsError::Width { part, width });
        }
        Ok(SegmentorConfig { backbone, aspp_channels, auxiliary_channels, rates, classes, align_corners: false })
    }

    /// The backbone's values in it, under the keys of a whole network. Takes those behind `backbone.` where there are
    /// any; else all, as in ImageNet weights of open-mmlab and torchvision, without the classifier.
    pub fn into_backbone(self) -> State {
        let nested = self.tensors.keys().any(|key| key.starts_with("backbone."));
        let own = |key: &str| match nested {
            true => key.starts_with("backbone."),
            false => !CLASSIFIERS.iter().any(|part| key.starts_with(part)),
        };
        let name = |key: String| if nested { key } else { format!("backbone.{key}") };
        let tensors = self.tensors.into_iter().filter(|(key, _)| own(key)).map(|(key, v)| (name(key), v)).collect();
        State { tensors, metadata: self.metadata }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Tolerance;
    use burn::tensor::Device;

    fn resnet(stem: Stem, depth: Depth) -> SegmentorConfig {
        let resnet = ResnetConfig { depth, stem, base_channels: 2, output_stride: 8 };
        SegmentorConfig::deeplabv3(resnet, 3, vec![1, 2, 5], 4)
    }

    #[test]
    fn a_network_is_known_by_its_shapes() {
        let unet = SegmentorConfig::unet_s5_d16(2, 3, vec![1, 2, 5], 4);
        let device = Device::flex();
        let shallow = SegmentorConfig::shallow(2, 3, vec![1, 2, 5], 4);
        for config in [unet, shallow, resnet(Stem::Deep, Depth::R50), resnet(Stem::Plain, Depth::R101)] {
            let state = State::of(&mut config.init(0, &device));
            assert_eq!(state.network(vec![1, 2, 5], 8), Ok(config));
            let error = state.network(vec![1, 2], 8).unwrap_err();
            assert_eq!(error, WeightsError::Branches { found: 3, wanted: 2, rates: vec![1, 2] });
            let error = state.network(vec![2, 3, 5], 8).unwrap_err().to_string();
            assert_eq!(error, "its ASPP branch 0 is a 1x1 convolution, a rate of 2 is a 3x3 one");
        }
        let mut wide = State::of(&mut resnet(Stem::Deep, Depth::R50).init(0, &device));
        wide.tensors.get_mut("backbone.layer1.0.conv1.weight").unwrap().shape[0] = 1 << 40;
        let error = wide.network(vec![1, 2, 5], 8).unwrap_err().to_string();
        assert!(error.contains("backbone has 1099511627776 channels"), "{error}");
        let error = State::default().network(vec![1], 8).unwrap_err().to_string();
        assert!(error.starts_with("it has no backbone.encoder.0.0.convs.0.conv.weight"), "{error}");
    }

    /// Keys as torchvision names them: no prefix, and a classifier.
    #[test]
    fn imagenet_weights_fill_the_backbone() {
        let device = Device::flex();
        let config = resnet(Stem::Plain, Depth::R50);
        let whole = State::of(&mut config.init(0, &device));
        let mut imagenet = State::default();
        for (key, values) in &whole.tensors {
            if let Some(name) = key.strip_prefix("backbone.") {
                imagenet.tensors.insert(name.to_owned(), values.clone());
            }
        }
        assert!(imagenet.tensors.contains_key("layer1.0.downsample.1.running_mean"));
        imagenet.tensors.insert("fc.weight".into(), whole.tensors["decode_head.conv_seg.weight"].clone());
        let backbone = imagenet.into_backbone();
        let mut network = config.init(1, &device);
        let heads = Tolerance { missing: vec!["decode_head".into(), "auxiliary_head".into()], ..Tolerance::default() };
        assert!(backbone.load_into(&mut network).is_err());
        let before = State::of(&mut network);
        backbone.load_parts(&mut network, &heads).unwrap();
        let after = State::of(&mut network);
        for (key, values) in &after.tensors {
            let source = if key.starts_with("backbone.") { &whole } else { &before };
            assert_eq!(values, &source.tensors[key], "{key}");
        }
        // The same out of a whole network's checkpoint.
        assert_eq!(whole.into_backbone().tensors, backbone.tensors);
        // A deep stem has no use for the 7x7 convolution.
        let error = backbone.load_parts(&mut resnet(Stem::Deep, Depth::R50).init(0, &device), &heads).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("15 missing: backbone.stem (15)") && text.contains("backbone.bn1.bias"), "{text}");
    }
}
