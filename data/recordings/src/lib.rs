//! Reads values that were recorded from the reference implementation, for the tests of the other
//! crates: `ATROUS_GOLDEN` names a folder of more recordings than the repository has.

#![allow(clippy::disallowed_methods, reason = "for tests alone, which read what is recorded")]

use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder that is taken where `ATROUS_GOLDEN` is not set, relative to that of a crate, in which
/// its tests run.
const SHARED: &str = "../../shared/golden";

/// One set of recordings, in one folder or several.
#[derive(Clone, Debug)]
pub struct Recordings(Vec<PathBuf>);

/// The sets that every test of recordings goes over: the one in the folders `own`, relative to the
/// crate, and the whole one in `ATROUS_GOLDEN` or beside the project, where there is one. The whole
/// set stands alone where it holds all of the own one, byte for byte.
///
/// # Panics
/// `ATROUS_GOLDEN` is set and no folder.
pub fn sets(own: &[&str]) -> Vec<Recordings> {
    list(own, std::env::var_os("ATROUS_GOLDEN").map(PathBuf::from), Path::new(SHARED))
}

fn list(own: &[&str], named: Option<PathBuf>, shared: &Path) -> Vec<Recordings> {
    let whole = named.clone().unwrap_or_else(|| shared.to_owned());
    assert!(named.is_none() || whole.is_dir(), "ATROUS_GOLDEN={} is no folder", whole.display());
    let own = Recordings(own.iter().map(PathBuf::from).collect());
    if !whole.is_dir() {
        return vec![own];
    }
    let is_part = own.0.iter().all(|folder| is_part_of(folder, &whole));
    let whole = Recordings(vec![whole]);
    if is_part { vec![whole] } else { vec![own, whole] }
}

/// Whether the other folder has all files of this one, byte for byte.
fn is_part_of(folder: &Path, other: &Path) -> bool {
    fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).all(|entry| {
        let path = entry.unwrap().path();
        let other = other.join(path.file_name().unwrap());
        if path.is_dir() { is_part_of(&path, &other) } else { fs::read(&path).ok() == fs::read(&other).ok() }
    })
}

impl fmt::Display for Recordings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folders: Vec<String> = self.0.iter().map(|folder| folder.display().to_string()).collect();
        f.write_str(&folders.join(", "))
    }
}

impl Recordings {
    /// The path of a file or folder; `None` where this set has none of this name.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        self.0.iter().map(|folder| folder.join(name)).find(|path| path.exists())
    }

    /// The bytes of a file; `None` where this set has no such file.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.find(name)?).ok()
    }

    /// A JSON file; `None` where this set has no such file.
    ///
    /// # Panics
    /// The file is no JSON.
    pub fn json(&self, name: &str) -> Option<Value> {
        Some(serde_json::from_slice(&self.bytes(name)?).unwrap_or_else(|error| panic!("{name}: {error}")))
    }

    /// The tensors of a safetensors file; `None` where this set has no such file.
    pub fn tensors(&self, name: &str) -> Option<Tensors> {
        self.bytes(name).map(Tensors)
    }
}

/// The tensors of a recorded safetensors file.
#[derive(Clone, Debug)]
pub struct Tensors(Vec<u8>);

impl Tensors {
    fn file(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.0).unwrap_or_else(|error| panic!("no tensors: {error}"))
    }

    /// The names of all tensors, sorted.
    ///
    /// # Panics
    /// The file holds no tensors.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.file().names().into_iter().map(String::from).collect();
        keys.sort();
        keys
    }

    /// Shape and bytes of a tensor.
    ///
    /// # Panics
    /// There is no such tensor.
    pub fn bytes(&self, key: &str) -> (Vec<usize>, Vec<u8>) {
        let file = self.file();
        let view = file.tensor(key).unwrap_or_else(|error| panic!("{key}: {error}"));
        (view.shape().to_vec(), view.data().to_vec())
    }

    /// Shape and values of a tensor of 8-bit integers or 32-bit floats.
    ///
    /// # Panics
    /// There is no such tensor, or one of another type.
    pub fn values(&self, key: &str) -> (Vec<usize>, Vec<f32>) {
        let file = self.file();
        let view = file.tensor(key).unwrap_or_else(|error| panic!("{key}: {error}"));
        let values = match view.dtype() {
            Dtype::U8 => view.data().iter().map(|v| f32::from(*v)).collect(),
            Dtype::F32 => view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect(),
            other => panic!("{key} is {other:?}"),
        };
        (view.shape().to_vec(), values)
    }
}

/// The values of a tensor that were recorded: every one, or every so many of a large one, as the
/// recording's `info` says.
pub fn sampled<'a>(values: &'a [f32], info: &Value, key: &str) -> impl Iterator<Item = &'a f32> + use<'a> {
    values.iter().step_by(info["sampled"][key]["stride"].as_u64().unwrap_or(1) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files.
    fn folder(root: &Path, name: &str, files: &[(&str, &str)]) -> PathBuf {
        for (file, text) in files {
            let path = root.join(name).join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root.join(name)
    }

    #[test]
    fn the_own_set_comes_first_where_the_whole_one_lacks_some_of_it() {
        let place = tempfile::tempdir().unwrap();
        let own = folder(place.path(), "own", &[("a.json", "1"), ("pictures/b.png", "2")]);
        let more = folder(place.path(), "more", &[("c.json", "5")]);
        let part = folder(place.path(), "part", &[("a.json", "1"), ("pictures/b.png", "3")]);
        let whole = folder(place.path(), "whole", &[("a.json", "1"), ("pictures/b.png", "2"), ("d.json", "4")]);
        let [own, more] = [&own, &more].map(|path| path.to_str().unwrap());
        let found = |named: Option<&Path>, shared: &Path| -> Vec<Vec<PathBuf>> {
            list(&[own], named.map(Path::to_owned), shared).into_iter().map(|set| set.0).collect()
        };
        let missing = place.path().join("missing");
        assert_eq!(found(None, &missing), [[PathBuf::from(own)]]);
        assert_eq!(found(None, &part), [[PathBuf::from(own)], [part.clone()]]);
        assert_eq!(found(None, &whole), [[whole.clone()]]);
        assert_eq!(found(Some(&whole), &part), [[whole.clone()]]);
        assert!(std::panic::catch_unwind(|| found(Some(&missing), &whole)).is_err());

        let sets = list(&[own, more], None, &whole);
        assert_eq!(sets.len(), 2, "the whole set lacks c.json");
        assert_eq!((sets[0].json("c.json"), sets[0].json("d.json")), (Some(5.into()), None));
        assert_eq!((sets[1].json("c.json"), sets[1].json("d.json")), (None, Some(4.into())));
    }
}
