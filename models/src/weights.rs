//! Weights of other programs: what network they are of, and ImageNet backbones.

use crate::backbones::{BackboneConfig, ExtractorConfig, FIRST_UNET_WEIGHT};
use crate::heads::{DecodeHeadConfig, HeadConfig};
use crate::known_networks;
use crate::segmentor::SegmentorConfig;
use crate::shapes::{Shapes, WeightsError};
use crate::state::State;

/// The keys of ImageNet's classifier, in torchvision's, open-mmlab's and mmpretrain's files.
const CLASSIFIERS: [&str; 2] = ["fc.", "head."];

impl State {
    /// Recognises the network that these values are of, as far as their shapes tell. They do not
    /// tell the rates, nor a ResNet's output stride (8 or 16).
    ///
    /// # Errors
    /// [`WeightsError`].
    pub fn network(&self, rates: Vec<usize>, output_stride: usize) -> Result<SegmentorConfig, WeightsError> {
        if let Some(name) = self.other_network() {
            return Err(WeightsError::OtherNetwork(name));
        }
        let shapes = Shapes::new(&self.tensors);
        let unknown = |key: &str| WeightsError::Network(key.to_owned());
        let backbone = BackboneConfig::recognised(shapes, output_stride)?.ok_or_else(|| unknown(FIRST_UNET_WEIGHT))?;
        let head = HeadConfig::recognised(shapes, &rates)?.ok_or_else(|| unknown("decode_head"))?;
        let [classes, ..] = shapes.needed("decode_head.conv_seg.weight")?;
        let auxiliary = shapes.kernel("auxiliary_head.conv_seg.weight").map(|[_, channels, ..]| channels);
        let auxiliary_channels = auxiliary.unwrap_or(backbone.decode_channels().min(head.channels()));
        // A few bytes must not ask for all memory: shapes are compared when the network is there.
        let widths = [
            ("backbone", backbone.base_channels()),
            ("ASPP", head.channels()),
            ("auxiliary head", auxiliary_channels),
            ("classifier", classes),
        ];
        if let Some((part, width)) = widths.into_iter().find(|(_, width)| !(1..=4096).contains(width)) {
            return Err(WeightsError::Width { part, width });
        }
        Ok(SegmentorConfig { backbone, head, auxiliary_channels, classes, align_corners: false })
    }

    /// Gives the network that the keys are of, where it is a well-known one that is not built.
    pub fn other_network(&self) -> Option<&'static str> {
        known_networks::named(&self.tensors)
    }

    /// Takes out the backbone's values, under the keys of a whole network. Takes those behind
    /// `backbone.` where there are any; else all, as in ImageNet weights of open-mmlab and
    /// torchvision, without the classifier.
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
    use crate::backbones::{Depth, ResnetConfig, Stem};
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
        let resnets = [(Stem::Plain, Depth::R18), (Stem::Deep, Depth::R50), (Stem::Plain, Depth::R101)];
        let resnets = resnets.map(|(stem, depth)| resnet(stem, depth));
        for config in [unet, shallow].into_iter().chain(resnets) {
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
        let mut longer = State::of(&mut resnet(Stem::Deep, Depth::R18).init(0, &device));
        let block = longer.tensors["backbone.layer3.1.conv1.weight"].clone();
        longer.tensors.insert("backbone.layer3.2.conv1.weight".into(), block);
        let error = longer.network(vec![1, 2, 5], 8).unwrap_err().to_string();
        assert!(error.starts_with("its stages have [2, 2, 3, 2] basic blocks; a ResNet-18"), "{error}");
        let error = State::default().network(vec![1], 8).unwrap_err().to_string();
        assert!(error.starts_with("it has no backbone.encoder.0.0.convs.0.conv.weight"), "{error}");
    }

    /// Keys as torchvision and timm name them: no prefix, and a classifier.
    #[test]
    fn imagenet_weights_fill_the_backbone() {
        [Depth::R18, Depth::R50].into_iter().for_each(fill_the_backbone);
    }

    fn fill_the_backbone(depth: Depth) {
        let device = Device::flex();
        let config = resnet(Stem::Plain, depth);
        let whole = State::of(&mut config.init(0, &device));
        let mut imagenet = State::default();
        for (key, values) in &whole.tensors {
            if let Some(name) = key.strip_prefix("backbone.") {
                imagenet.tensors.insert(name.to_owned(), values.clone());
            }
        }
        assert!(imagenet.tensors.contains_key("layer2.0.downsample.1.running_mean"));
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
        let error = backbone.load_parts(&mut resnet(Stem::Deep, depth).init(0, &device), &heads).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("15 missing: backbone.stem (15)") && text.contains("backbone.bn1.bias"), "{text}");
        assert!(text.contains("the file has the plain stem") && text.contains("model.stem = \"plain\""), "{text}");
        let deep = State::of(&mut resnet(Stem::Deep, depth).init(0, &device)).into_backbone();
        let text = deep.load_parts(&mut network, &heads).unwrap_err().to_string();
        assert!(text.contains("the file has the deep stem"), "{text}");
    }
}
