//! Values recorded from the reference implementation, for tests.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::Value;

use crate::limit::ImageLimit;
use crate::raster::{LabelMap, RgbImage8};
use crate::read::{read_mask, read_rgb};

/// Where recordings of more seeds lie if `ATROUS_GOLDEN` does not say so; tests run in the folder
/// of the crate.
const SHARED: &str = "../../shared/golden";

/// One folder of recordings.
pub(crate) struct Golden(PathBuf);

/// The folders that every golden test runs over: the one in this crate, and the one that
/// `ATROUS_GOLDEN` names, which must be there if it is set. Each is printed when its turn comes:
/// what a test prints is shown if it fails.
pub(crate) fn folders() -> impl Iterator<Item = Golden> {
    let named = std::env::var_os("ATROUS_GOLDEN").map(PathBuf::from);
    list(named, Path::new(SHARED))
        .into_iter()
        .inspect(|folder| println!("recordings in {}", folder.display()))
        .map(Golden)
}

fn list(named: Option<PathBuf>, shared: &Path) -> Vec<PathBuf> {
    let other = match named {
        Some(folder) => {
            assert!(folder.is_dir(), "ATROUS_GOLDEN is {}, and there is no such folder", folder.display());
            Some(folder)
        }
        None => shared.is_dir().then(|| shared.to_owned()),
    };
    std::iter::once(PathBuf::from("tests/golden")).chain(other).collect()
}

impl Golden {
    pub fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.bytes(name)).unwrap()
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

    /// Whether there is such a file: not every folder holds every recording.
    pub fn has(&self, name: &str) -> bool {
        self.0.join(name).is_file()
    }

    /// Shape and bytes of a tensor of `transforms.safetensors`.
    pub fn tensor(&self, name: &str) -> (Vec<usize>, Vec<u8>) {
        self.tensor_of("transforms.safetensors", name)
    }

    /// Shape and bytes of a tensor of a file.
    pub fn tensor_of(&self, file: &str, name: &str) -> (Vec<usize>, Vec<u8>) {
        let bytes = self.bytes(file);
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let tensor = tensors.tensor(name).unwrap();
        (tensor.shape().to_vec(), tensor.data().to_vec())
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).unwrap()
    }

    fn picture(&self, name: &str) -> PathBuf {
        self.0.join(format!("transforms/{name}.png"))
    }
}

/// Height and width.
pub(crate) fn pair_of(value: &Value) -> [usize; 2] {
    [0, 1].map(|index| value[index].as_u64().unwrap() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_folders_are_the_own_one_and_another() {
        let (own, other, missing) = ("tests/golden", "tests", "tests/missing");
        let listed = |named: Option<&str>, shared| list(named.map(PathBuf::from), Path::new(shared));
        assert_eq!(listed(None, missing), [Path::new(own)]);
        assert_eq!(listed(None, other), [Path::new(own), Path::new(other)]);
        assert_eq!(listed(Some(other), missing), [Path::new(own), Path::new(other)]);
        assert!(std::panic::catch_unwind(|| listed(Some(missing), other)).is_err());
    }
}
