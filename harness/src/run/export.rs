//! A trained network as a file for other programs.

use crate::experiment::network;
use crate::run::infer::Inference;
use crate::run::train::Checkpoint;
use crate::support::atomic_file;
use crate::support::checksum;
use crate::support::split_mix::SplitMix;
use anyhow::{Context, Result, bail};
use atrous_data::{MEAN, RgbImage8, STD};
use atrous_models::burn::tensor::Device;
use atrous_models::onnx_graph::TensorProto;
use atrous_models::{OnnxOptions, Segmentor};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Heights and widths of the images of the test data: an even one, and two that no stride divides.
const TEST_SIZES: [[usize; 2]; 3] = [[64, 96], [37, 53], [101, 67]];

/// What kind of file a network is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Weights under mmsegmentation's keys.
    Safetensors,
    /// The network itself, for onnxruntime and others.
    Onnx,
}

impl ExportFormat {
    /// Tells the format by the ending of a file's name.
    ///
    /// # Errors
    /// An ending that stands for neither.
    pub fn of(path: &Path) -> Result<Self> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("safetensors") => Ok(Self::Safetensors),
            Some("onnx") => Ok(Self::Onnx),
            _ => bail!(
                "--out {}: the name has to end in .safetensors (weights that mmsegmentation loads) or .onnx (a network for onnxruntime and others)",
                path.display()
            ),
        }
    }
}

/// A checkpoint's network, ready to be written.
pub struct ExportedNetwork {
    checkpoint: Checkpoint,
    network: Segmentor,
    inference: Inference,
}

impl ExportedNetwork {
    /// Builds the network of a checkpoint.
    ///
    /// # Errors
    /// Tensors that do not fit the network that the checkpoint says it is of.
    pub fn of(checkpoint: Checkpoint) -> Result<Self> {
        let mut network = network::config(&checkpoint.settings).init(0, &Device::flex());
        checkpoint.state.load_into(&mut network)?;
        Ok(Self { inference: Inference::of(&checkpoint.settings), network, checkpoint })
    }

    /// Gives the bytes of the file.
    pub fn bytes(&mut self, format: ExportFormat) -> Vec<u8> {
        match format {
            ExportFormat::Safetensors => self.reference_bytes(),
            ExportFormat::Onnx => self.onnx_bytes(),
        }
    }

    /// Writes images and the logits that this program has for them, as ONNX keeps the tests of its
    /// models: `test_data_set_<n>/input_0.pb` and `output_0.pb` in a new folder.
    ///
    /// # Errors
    /// A folder that is there already, or cannot be written; names it.
    pub fn write_test_data(&mut self, folder: &Path) -> Result<()> {
        let mut random = SplitMix::new(0);
        for (n, size) in TEST_SIZES.into_iter().enumerate() {
            let set = folder.join(format!("test_data_set_{n}"));
            fs::create_dir_all(&set).with_context(|| format!("cannot create {}", set.display()))?;
            let [height, width] = size;
            let data = (0..height * width * 3).map(|_| random.draw_below(256) as u8).collect();
            let image = RgbImage8 { height, width, data };
            let whole = Inference {
                resize: size,
                infer: crate::experiment::settings::InferSpec::whole(),
                ..self.inference.clone()
            };
            let scores = whole.scores(&mut self.network, &Device::flex(), &image, &|_, _| true);
            let logits = scores.context("nothing stops the network")?;
            let planes: Vec<f32> = (0..3)
                .flat_map(|channel| image.data.iter().skip(channel).step_by(3))
                .map(|&level| f32::from(level))
                .collect();
            let input = TensorProto::floats("image", &[1, 3, height, width], &planes);
            let output = TensorProto::floats("logits", &[1, whole.classes, height, width], &logits);
            atomic_file::write(&set.join("input_0.pb"), input.to_bytes())?;
            atomic_file::write(&set.join("output_0.pb"), output.to_bytes())?;
        }
        Ok(())
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let settings = &self.checkpoint.settings;
        BTreeMap::from([
            ("model".to_owned(), settings.model.kind.to_string()),
            ("rates".to_owned(), settings.rates_name()),
            ("align_corners".to_owned(), settings.model.align_corners.to_string()),
            ("dataset".to_owned(), settings.dataset.to_string()),
        ])
    }

    fn reference_bytes(&mut self) -> Vec<u8> {
        let mut metadata = self.metadata();
        metadata.insert(checksum::KEY.to_owned(), checksum::UNSET.to_owned());
        self.checkpoint.state.metadata = metadata;
        let iteration = i64::try_from(self.checkpoint.iteration).unwrap_or(i64::MAX);
        let mut bytes = self.checkpoint.state.to_reference_bytes(iteration);
        checksum::seal(&mut bytes);
        bytes
    }

    fn onnx_bytes(&mut self) -> Vec<u8> {
        let mut metadata = self.metadata();
        let classes = self.checkpoint.settings.dataset.class_names().join(",");
        metadata.insert("classes".to_owned(), classes);
        metadata.insert("run_id".to_owned(), self.checkpoint.run_id.clone());
        metadata.insert("iteration".to_owned(), self.checkpoint.iteration.to_string());
        let narrow = |values: [f64; 3]| values.map(|value| value as f32);
        let divisor = self.inference.divisor;
        self.network.to_onnx(&OnnxOptions { mean: narrow(MEAN), deviation: narrow(STD), divisor, metadata })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_the_format() {
        assert_eq!(ExportFormat::of(Path::new("a.onnx")).unwrap(), ExportFormat::Onnx);
        assert_eq!(ExportFormat::of(Path::new("x/a.b.safetensors")).unwrap(), ExportFormat::Safetensors);
        for unknown in ["a", "a.pth", "a.onnx.gz", "onnx", "a.ONNX"] {
            let error = ExportFormat::of(Path::new(unknown)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("--out {unknown}: ")) && error.contains(".onnx"), "{error}");
        }
    }
}
