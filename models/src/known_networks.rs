//! Networks of other programs that are not built here, by keys that only they have.

use std::collections::BTreeMap;

/// Parts of keys, all of which a network's keys contain, and what the network is. The first line
/// that fits counts.
const NETWORKS: &[(&[&str], &str)] = &[
    (&["segformer.encoder."], "SegFormer (transformers)"),
    (&["backbone.layers.0.1.0.attn.", "decode_head."], "SegFormer (mmsegmentation: MixVisionTransformer)"),
    (
        &["backbone.patch_embed.", "backbone.stages.", "decode_head."],
        "a Swin Transformer with a head of mmsegmentation",
    ),
    (&["backbone.patch_embed.", "decode_head."], "a vision transformer with a head of mmsegmentation"),
    (&["backbone.downsample_layers.", "decode_head."], "ConvNeXt with a head of mmsegmentation"),
    (&["backbone.stage4.", "branches.", "decode_head.0."], "OCRNet on HRNet (mmsegmentation)"),
    (&["backbone.stage4.", "branches.", "decode_head.convs."], "FCN on HRNet (mmsegmentation)"),
    (&["stage4.", "branches."], "HRNet"),
    (&["decode_head.aspp_modules.1.depthwise_conv."], "DeepLabV3+ (mmsegmentation)"),
    (&["decode_head.c1_bottleneck."], "DeepLabV3+ (mmsegmentation)"),
    (&["decode_head.lateral_convs.", "decode_head.psp_modules."], "UPerNet (mmsegmentation)"),
    (&["decode_head.psp_modules."], "PSPNet (mmsegmentation)"),
    (&["decode_head.0."], "a cascade of decode heads (mmsegmentation)"),
    (&["decode_head.pixel_decoder."], "MaskFormer or Mask2Former (mmsegmentation)"),
    (&["backbone.layer1.0.conv.0.conv.", "decode_head."], "MobileNetV2 with a head of mmsegmentation"),
    (&["backbone.layer4.", "decode_head.convs."], "FCN on a ResNet (mmsegmentation)"),
    (&["backbone.encoder.0.0.convs.", "decode_head.convs."], "FCN on a U-Net (mmsegmentation)"),
    (&["backbone.", "low_classifier.", "high_classifier."], "LRASPP (torchvision)"),
    (&["classifier.low_classifier."], "LRASPP (torchvision)"),
    (&["backbone.", "classifier.0.convs.", "classifier.0.project."], "DeepLabV3 of torchvision"),
    (&["backbone.layer4.", "classifier.4."], "FCN of torchvision"),
    (&["backbone.body.", "roi_heads."], "a detector of torchvision"),
    (&["encoder.", "decoder.", "segmentation_head."], "a network of segmentation_models_pytorch"),
    (&["inc.double_conv.", "down1.maxpool_conv."], "the U-Net of milesial/Pytorch-UNet"),
    (&["encoder.stages.", "decoder.seg_layers."], "nnU-Net"),
    (&["image_encoder.", "mask_decoder."], "Segment Anything"),
    (&["patch_embed.", "blocks.0.attn."], "a vision transformer"),
    (&["layers.0.blocks.0.attn."], "a Swin Transformer"),
];

/// Gives the network that keys are of, where it is known and not built here.
pub(crate) fn named<T>(tensors: &BTreeMap<String, T>) -> Option<&'static str> {
    let fits = |parts: &[&str]| {
        let first = tensors.keys().any(|key| key.starts_with(parts[0]));
        first && parts[1..].iter().all(|part| tensors.keys().any(|key| key.contains(part)))
    };
    NETWORKS.iter().find(|(parts, _)| fits(parts)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backbones::{ExtractorConfig, ModelKind};
    use crate::heads::{AsppConfig, HeadConfig};
    use crate::segmentor::SegmentorConfig;
    use crate::state::State;
    use burn::tensor::Device;

    fn name(keys: &[&str]) -> Option<&'static str> {
        named(&keys.iter().map(|key| ((*key).to_owned(), ())).collect())
    }

    #[test]
    fn networks_of_others_are_named() {
        let segformer = ["backbone.layers.0.0.projection.weight", "backbone.layers.0.1.0.attn.attn.in_proj_weight"];
        let head = "decode_head.convs.0.conv.weight";
        assert_eq!(name(&[&segformer[..], &[head]].concat()), Some(NETWORKS[1].1));
        let hrnet = ["backbone.conv1.weight", "backbone.stage4.0.branches.0.0.conv1.weight", head];
        assert_eq!(name(&hrnet), Some("FCN on HRNet (mmsegmentation)"));
        let torchvision =
            ["backbone.layer4.0.conv1.weight", "classifier.0.convs.0.0.weight", "classifier.0.project.0.weight"];
        assert_eq!(name(&torchvision), Some("DeepLabV3 of torchvision"));
        assert_eq!(name(&["backbone.layer4.0.conv1.weight", "classifier.4.weight"]), Some("FCN of torchvision"));
        let psp = ["backbone.layer4.0.conv1.weight", "decode_head.psp_modules.0.1.conv.weight"];
        assert_eq!(name(&psp), Some("PSPNet (mmsegmentation)"));
        let smp = ["encoder.conv1.weight", "decoder.blocks.0.conv1.0.weight", "segmentation_head.0.weight"];
        assert_eq!(name(&smp), Some("a network of segmentation_models_pytorch"));
        assert_eq!(name(&["conv1.weight", "layer4.0.conv1.weight", "fc.weight"]), None);
    }

    #[test]
    fn networks_that_are_built_are_none_of_them() {
        for kind in ModelKind::ALL {
            let mut backbone = kind.published().backbone;
            backbone.set_base_channels(2);
            let head = HeadConfig::Aspp(AsppConfig { channels: 3, rates: vec![1, 2] });
            let config = SegmentorConfig { backbone, head, auxiliary_channels: 5, classes: 4, align_corners: false };
            let state = State::of(&mut config.init(0, &Device::flex()));
            assert_eq!(named(&state.tensors), None, "{kind}");
        }
    }
}
