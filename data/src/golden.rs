//! Values recorded from the reference implementation, as this crate's types, for tests.

use std::path::PathBuf;

use atrous_recordings::Recordings;
use serde_json::Value;

use crate::decode::{read_mask, read_rgb};
use crate::limit::ImageLimit;
use crate::raster::{LabelMap, RgbImage8};

/// One set of recordings, with its images decoded.
pub(crate) struct Golden(Recordings);

/// The sets that every golden test runs over. Each is printed when its turn comes: what a test
/// prints is shown if it fails.
pub(crate) fn folders() -> impl Iterator<Item = Golden> {
    let sets = atrous_recordings::sets(&["tests/golden"]).into_iter();
    sets.inspect(|set| println!("recordings in {set}")).map(Golden)
}

impl Golden {
    pub fn json(&self, name: &str) -> Value {
        self.0.json(name).unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }

    pub fn transforms(&self) -> Value {
        self.json("transforms.json")
    }

    pub fn image(&self, name: &str) -> RgbImage8 {
        read_rgb(&self.picture(name), ImageLimit::DEFAULT).unwrap()
    }

    pub fn label(&self, name: &str) -> LabelMap {
        let mask = read_mask(&self.picture(name), ImageLimit::DEFAULT).unwrap();
        assert_eq!(mask.channels, 1);
        LabelMap { height: mask.height, width: mask.width, data: mask.data }
    }

    /// Whether there is such a file: not every set holds every recording.
    pub fn has(&self, name: &str) -> bool {
        self.0.find(name).is_some()
    }

    /// Shape and bytes of a tensor of `transforms.safetensors`.
    pub fn tensor(&self, name: &str) -> (Vec<usize>, Vec<u8>) {
        self.tensor_of("transforms.safetensors", name)
    }

    /// Shape and bytes of a tensor of a file.
    pub fn tensor_of(&self, file: &str, name: &str) -> (Vec<usize>, Vec<u8>) {
        self.0.tensors(file).unwrap_or_else(|| panic!("no {file} in {}", self.0)).bytes(name)
    }

    fn picture(&self, name: &str) -> PathBuf {
        let name = format!("transforms/{name}.png");
        self.0.find(&name).unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }
}

/// Reads a height and a width.
pub(crate) fn pair_of(value: &Value) -> [usize; 2] {
    [0, 1].map(|index| value[index].as_u64().unwrap() as usize)
}
