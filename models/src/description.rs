//! What a checkpoint of mmsegmentation says of its network: the configuration in it, read as text.

use crate::backbones::Stem;
use crate::python::PythonLiteral;
use crate::state::State;

/// How far apart two numbers of a configuration may be that mean the same.
const CLOSE: f64 = 1e-2;

/// What mmsegmentation's configuration of a network says. Only networks that are built here have
/// one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkDescription {
    pub rates: Vec<usize>,
    /// The output stride of a ResNet; `None` for other networks.
    pub output_stride: Option<usize>,
    /// The stem of a ResNet; `None` for other networks.
    pub stem: Option<Stem>,
    pub align_corners: bool,
    /// Whether it has an auxiliary head.
    pub auxiliary: bool,
    /// Number of classes, where it is written down.
    pub classes: Option<usize>,
    /// Such as `CityscapesDataset`.
    pub dataset_type: Option<String>,
}

/// Why the configuration in a checkpoint cannot be followed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum DescriptionError {
    #[error(
        "line {0} of the configuration in it (meta.cfg) is no Python literal; save the state_dict alone, and say the rates"
    )]
    Unreadable(usize),
    #[error("its configuration (meta.cfg) says {key} = {found}; this program has {wanted}")]
    Unsupported { key: String, found: String, wanted: &'static str },
}

impl NetworkDescription {
    /// Reads the configuration that travels with a state; `None` where there is none of a network.
    ///
    /// # Errors
    /// [`DescriptionError`]: what this program cannot do is named, and never passed over.
    pub fn of(state: &State) -> Result<Option<Self>, DescriptionError> {
        let Some(text) = state.metadata.get("cfg") else { return Ok(None) };
        let assigned = |name| PythonLiteral::assigned(text, name).map_err(DescriptionError::Unreadable);
        let model = match assigned("model")? {
            Some(model) => model,
            // A configuration may be one dict.
            None if text.trim_start().starts_with(['{', 'd']) => {
                let all = PythonLiteral::read(text, 0).ok();
                let Some(model) = all.as_ref().and_then(|all| all.get("model")) else { return Ok(None) };
                model.clone()
            }
            None => return Ok(None),
        };
        if !matches!(model, PythonLiteral::Dict(_)) {
            return Ok(None);
        }
        let model = ConfigurationPart { name: "model".to_owned(), literal: Some(&model) };
        let mut description = model.network()?;
        description.dataset_type = match assigned("dataset_type") {
            Ok(Some(PythonLiteral::Text(name))) => Some(name),
            _ => None,
        };
        Ok(Some(description))
    }

    /// Gives the names of the classes that travel with a state.
    pub fn class_names(state: &State) -> Option<Vec<String>> {
        PythonLiteral::read(state.metadata.get("classes")?, 0).ok()?.texts()
    }
}

/// A part of a configuration, and its name in messages. What it does not say has the default of
/// mmsegmentation 1.2.2.
struct ConfigurationPart<'a> {
    name: String,
    literal: Option<&'a PythonLiteral>,
}

impl<'a> ConfigurationPart<'a> {
    fn part(&self, key: &str) -> ConfigurationPart<'a> {
        ConfigurationPart { name: format!("{}.{key}", self.name), literal: self.get(key) }
    }

    /// What is written under a key; `None` too where that is `None`.
    fn get(&self, key: &str) -> Option<&'a PythonLiteral> {
        self.literal.and_then(|literal| literal.get(key)).filter(|value| **value != PythonLiteral::None)
    }

    fn refuse<T>(&self, key: &str, wanted: &'static str) -> Result<T, DescriptionError> {
        let found = self.get(key).map_or_else(|| "None".to_owned(), shown);
        Err(DescriptionError::Unsupported { key: format!("{}.{key}", self.name), found, wanted })
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        match self.get(key) {
            // A class in place of its name.
            Some(PythonLiteral::Text(text)) => Some(text.rsplit('.').next().unwrap_or(text)),
            _ => None,
        }
    }

    fn flag(&self, key: &str, default: bool) -> Result<bool, DescriptionError> {
        match self.get(key) {
            None => Ok(default),
            Some(PythonLiteral::Bool(flag)) => Ok(*flag),
            Some(_) => self.refuse(key, "True or False"),
        }
    }

    fn numbers(&self, key: &str, default: &[usize]) -> Result<Vec<usize>, DescriptionError> {
        match self.get(key) {
            None => Ok(default.to_vec()),
            Some(literal) => literal.whole_numbers().map_or_else(|| self.refuse(key, "whole numbers"), Ok),
        }
    }

    /// Refuses a key that is anything but this value, where it is there.
    fn only(&self, key: &str, value: &PythonLiteral, wanted: &'static str) -> Result<(), DescriptionError> {
        match self.get(key) {
            Some(found) if !same(found, value) => self.refuse(key, wanted),
            _ => Ok(()),
        }
    }

    fn none(&self, key: &str) -> Result<(), DescriptionError> {
        self.only(key, &PythonLiteral::None, "none")
    }

    fn network(&self) -> Result<NetworkDescription, DescriptionError> {
        if self.text("type").is_some_and(|kind| kind != "EncoderDecoder") {
            return self.refuse("type", "EncoderDecoder");
        }
        self.pixels()?;
        let backbone = self.part("backbone");
        let kind = backbone.text("type").unwrap_or_default();
        let (output_stride, stem, index) = match kind {
            "UNet" => {
                backbone.unet()?;
                (None, None, 4.0)
            }
            "ResNet" | "ResNetV1c" => {
                let (output_stride, stem) = backbone.resnet(kind == "ResNetV1c")?;
                (Some(output_stride), Some(stem), 3.0)
            }
            _ => return backbone.refuse("type", "UNet, ResNetV1c and ResNet"),
        };
        let head = self.part("decode_head");
        if head.text("type") != Some("ASPPHead") {
            return head.refuse("type", "ASPPHead");
        }
        for key in ["input_transform", "conv_cfg"] {
            head.none(key)?;
        }
        head.activation()?;
        if head.only("in_index", &PythonLiteral::Number(-1.0), "").is_err() {
            head.only("in_index", &PythonLiteral::Number(index), "the last map of the backbone for this head")?;
        }
        let classes = head.get("num_classes").and_then(PythonLiteral::whole_number);
        if head.get("out_channels").is_some()
            && head.get("out_channels").and_then(PythonLiteral::whole_number) != classes
        {
            return head.refuse("out_channels", "one for each class");
        }
        Ok(NetworkDescription {
            rates: head.numbers("dilations", &[1, 6, 12, 18])?,
            output_stride,
            stem,
            align_corners: head.flag("align_corners", false)?,
            auxiliary: self.get("auxiliary_head").is_some(),
            classes,
            dataset_type: None,
        })
    }

    fn activation(&self) -> Result<(), DescriptionError> {
        let relu = PythonLiteral::Text("ReLU".into());
        self.part("act_cfg").only("type", &relu, "ReLU")?;
        let epsilon = self.part("norm_cfg");
        match epsilon.get("eps") {
            Some(PythonLiteral::Number(eps)) if (eps - 1e-5).abs() < 1e-9 => Ok(()),
            None => Ok(()),
            Some(_) => epsilon.refuse("eps", "1e-5"),
        }
    }

    fn unet(&self) -> Result<(), DescriptionError> {
        self.only("num_stages", &PythonLiteral::Number(5.0), "5")?;
        let each = [
            ("strides", 1.0),
            ("enc_num_convs", 2.0),
            ("dec_num_convs", 2.0),
            ("enc_dilations", 1.0),
            ("dec_dilations", 1.0),
        ];
        for (key, value) in each {
            let all = |list: &PythonLiteral| match list {
                PythonLiteral::List(values) => values.iter().all(|found| same(found, &PythonLiteral::Number(value))),
                _ => false,
            };
            if self.get(key).is_some_and(|list| !all(list)) {
                return self.refuse(key, if value == 1.0 { "1 everywhere" } else { "2 everywhere" });
            }
        }
        let pooled = |list: &PythonLiteral| match list {
            PythonLiteral::List(values) => values.iter().all(|flag| *flag == PythonLiteral::Bool(true)),
            _ => false,
        };
        if self.get("downsamples").is_some_and(|list| !pooled(list)) {
            return self.refuse("downsamples", "True everywhere");
        }
        let upsampling = self.part("upsample_cfg");
        upsampling.only("type", &PythonLiteral::Text("InterpConv".into()), "InterpConv")?;
        let resize = upsampling.part("upsample_cfg");
        resize.only("align_corners", &PythonLiteral::Bool(false), "False")?;
        resize.only("mode", &PythonLiteral::Text("bilinear".into()), "bilinear")?;
        for key in ["conv_cfg", "dcn", "plugins"] {
            self.none(key)?;
        }
        self.activation()
    }

    /// Output stride and stem.
    fn resnet(&self, deep: bool) -> Result<(usize, Stem), DescriptionError> {
        let depth = self.get("depth").and_then(PythonLiteral::whole_number);
        if !matches!(depth, Some(18 | 50 | 101)) {
            return self.refuse("depth", "18, 50 and 101");
        }
        self.only("num_stages", &PythonLiteral::Number(4.0), "4")?;
        // The stride is on the 3x3 convolution; a basic block has only such.
        if depth != Some(18) {
            self.only("style", &PythonLiteral::Text("pytorch".into()), "pytorch")?;
        }
        self.only("avg_down", &PythonLiteral::Bool(false), "False")?;
        for key in ["dcn", "plugins", "multi_grid"] {
            self.none(key)?;
        }
        if self.get("conv_cfg").is_some() {
            self.part("conv_cfg").only("type", &PythonLiteral::Text("Conv2d".into()), "Conv2d")?;
        }
        self.activation()?;
        let strides = self.numbers("strides", &[1, 2, 2, 2])?;
        let dilations = self.numbers("dilations", &[1, 1, 1, 1])?;
        let output_stride = match (strides.as_slice(), dilations.as_slice()) {
            ([1, 2, 1, 1], [1, 1, 2, 4]) => 8,
            ([1, 2, 2, 1], [1, 1, 1, 2]) => 16,
            (_, [1, 1, 2, 4] | [1, 1, 1, 2]) => {
                return self.refuse("strides", "1, 2, 1, 1 with dilations 1, 1, 2, 4, and 1, 2, 2, 1 with 1, 1, 1, 2");
            }
            _ => return self.refuse("dilations", "1, 1, 2, 4 (output stride 8) and 1, 1, 1, 2 (output stride 16)"),
        };
        if !self.flag("contract_dilation", false)? {
            let key = format!("{}.contract_dilation", self.name);
            return Err(DescriptionError::Unsupported { key, found: "False".into(), wanted: "True" });
        }
        let stem = if self.flag("deep_stem", deep)? { Stem::Deep } else { Stem::Plain };
        Ok((output_stride, stem))
    }

    /// Refuses pixels that are prepared in another way.
    fn pixels(&self) -> Result<(), DescriptionError> {
        let preparation = self.part("data_preprocessor");
        let close = |key: &str, wanted: [f64; 3]| {
            let numbers = |literal: &PythonLiteral| match literal {
                PythonLiteral::List(values) => values.iter().map(number).collect::<Option<Vec<f64>>>(),
                _ => None,
            };
            let all =
                |found: Vec<f64>| found.len() == 3 && found.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= CLOSE);
            preparation.get(key).is_none_or(|literal| numbers(literal).is_some_and(all))
        };
        if !close("mean", [123.675, 116.28, 103.53]) {
            return preparation.refuse("mean", "123.675, 116.28, 103.53");
        }
        if !close("std", [58.395, 57.12, 57.375]) {
            return preparation.refuse("std", "58.395, 57.12, 57.375");
        }
        // Where no mean is written down, nothing is known of the pixels.
        if preparation.get("mean").is_some() && !preparation.flag("bgr_to_rgb", false)? {
            let key = format!("{}.bgr_to_rgb", preparation.name);
            return Err(DescriptionError::Unsupported { key, found: "False".into(), wanted: "True" });
        }
        Ok(())
    }
}

fn number(literal: &PythonLiteral) -> Option<f64> {
    if let PythonLiteral::Number(number) = literal { Some(*number) } else { None }
}

fn same(found: &PythonLiteral, wanted: &PythonLiteral) -> bool {
    match (found, wanted) {
        (PythonLiteral::Text(found), PythonLiteral::Text(wanted)) => found.rsplit('.').next() == Some(wanted),
        _ => found == wanted,
    }
}

/// A value for a message of one line.
fn shown(literal: &PythonLiteral) -> String {
    const SHOWN: usize = 60;
    let text = match literal {
        PythonLiteral::None => "None".to_owned(),
        PythonLiteral::Bool(true) => "True".to_owned(),
        PythonLiteral::Bool(false) => "False".to_owned(),
        PythonLiteral::Number(number) => number.to_string(),
        PythonLiteral::Text(text) => format!("'{}'", text.escape_debug()),
        PythonLiteral::List(values) => format!("({})", values.iter().map(shown).collect::<Vec<_>>().join(", ")),
        PythonLiteral::Dict(_) => "dict(...)".to_owned(),
        PythonLiteral::Other => "something computed".to_owned(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(cfg: &str) -> Result<Option<NetworkDescription>, DescriptionError> {
        let mut state = State::default();
        state.metadata.insert("cfg".into(), cfg.into());
        NetworkDescription::of(&state)
    }

    const R18: &str = "norm_cfg = dict(type='SyncBN', requires_grad=True)
dataset_type = 'CityscapesDataset'
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=dict(type='ResNetV1c', depth=18, num_stages=4, dilations=(1, 1, 2, 4), strides=(1, 2, 1, 1),
                  style='pytorch', contract_dilation=True, norm_cfg=dict(type='SyncBN')),
    decode_head=dict(type='ASPPHead', in_index=3, channels=128, dilations=(1, 12, 24, 36), num_classes=19,
                     align_corners=False),
    auxiliary_head=dict(type='FCNHead', in_index=2))
";

    #[test]
    fn a_published_configuration_is_understood() {
        let found = described(R18).unwrap().unwrap();
        let wanted = NetworkDescription {
            rates: vec![1, 12, 24, 36],
            output_stride: Some(8),
            stem: Some(Stem::Deep),
            align_corners: false,
            auxiliary: true,
            classes: Some(19),
            dataset_type: Some("CityscapesDataset".into()),
        };
        assert_eq!(found, wanted);
        let sixteen = R18.replace("(1, 1, 2, 4)", "(1, 1, 1, 2)").replace("(1, 2, 1, 1)", "(1, 2, 2, 1)");
        assert_eq!(described(&sixteen).unwrap().unwrap().output_stride, Some(16));
        let corners = described(&R18.replace("align_corners=False", "align_corners=True")).unwrap().unwrap();
        assert!(corners.align_corners);
        // The default of the head.
        let silent = described(&R18.replace("dilations=(1, 12, 24, 36), ", "")).unwrap().unwrap();
        assert_eq!(silent.rates, [1, 6, 12, 18]);
        assert_eq!(described("x = 1\n").unwrap(), None);
        assert_eq!(described("model = build()\n").unwrap(), None);
        let single = format!("dict({})", R18[R18.find("model").unwrap()..].trim_end());
        assert_eq!(described(&single).unwrap().unwrap().rates, [1, 12, 24, 36]);
    }

    #[test]
    fn what_cannot_be_done_is_named() {
        let refused = |from: &str, to: &str| {
            assert!(R18.contains(from), "{from}");
            described(&R18.replacen(from, to, 1)).unwrap_err().to_string()
        };
        let cases = [
            ("'EncoderDecoder'", "'CascadeEncoderDecoder'", "model.type = 'CascadeEncoderDecoder'"),
            ("'ResNetV1c'", "'MixVisionTransformer'", "model.backbone.type = 'MixVisionTransformer'"),
            ("depth=18", "depth=34", "model.backbone.depth = 34; this program has 18, 50 and 101"),
            ("contract_dilation=True", "contract_dilation=False", "model.backbone.contract_dilation = False"),
            ("contract_dilation=True", "avg_down=True", "model.backbone.avg_down = True"),
            ("style='pytorch', contract_dilation=True, ", "", "model.backbone.contract_dilation = False"),
            ("depth=18, num_stages=4", "depth=50, multi_grid=(1, 2, 4)", "model.backbone.multi_grid = (1, 2, 4)"),
            ("(1, 1, 2, 4)", "(1, 1, 1, 1)", "model.backbone.dilations = (1, 1, 1, 1)"),
            ("(1, 2, 1, 1)", "(1, 2, 2, 1)", "model.backbone.strides = (1, 2, 2, 1)"),
            ("'ASPPHead'", "'DepthwiseSeparableASPPHead'", "model.decode_head.type = 'DepthwiseSeparableASPPHead'"),
            ("mean=[123.675", "mean=[103.53", "model.data_preprocessor.mean"),
            ("bgr_to_rgb=True", "bgr_to_rgb=False", "model.data_preprocessor.bgr_to_rgb = False"),
            ("type='SyncBN'))", "type='SyncBN', eps=0.001))", "model.backbone.norm_cfg.eps = 0.001"),
        ];
        for (from, to, wanted) in cases.into_iter().filter(|(from, ..)| R18.contains(from)) {
            let message = refused(from, to);
            assert!(message.contains(wanted) && !message.contains('\n'), "{message}");
        }
        let caffe = R18.replace("depth=18", "depth=50").replace("'pytorch'", "'caffe'");
        let message = described(&caffe).unwrap_err().to_string();
        assert!(message.contains("model.backbone.style = 'caffe'; this program has pytorch"), "{message}");
        let error = described("model = dict(\n    a=$)").unwrap_err();
        assert_eq!(error, DescriptionError::Unreadable(2));
    }
}
