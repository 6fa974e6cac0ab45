//! Fixtures recorded from the reference implementation, for tests.

use std::path::PathBuf;

use serde_json::Value;

use crate::raster::{LabelMap, RgbImage8};
use crate::read::{read_mask, read_rgb};

/// The folder named by `ATROUS_GOLDEN`, else the copy in this crate.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("ATROUS_GOLDEN").map_or_else(|| PathBuf::from("tests/golden"), PathBuf::from)
}

pub(crate) fn transforms() -> Value {
    json("transforms.json")
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder().join(name)).unwrap()).unwrap()
}

pub(crate) fn image(name: &str) -> RgbImage8 {
    read_rgb(&folder().join(format!("transforms/{name}.png"))).unwrap()
}

pub(crate) fn label(name: &str) -> LabelMap {
    let mask = read_mask(&folder().join(format!("transforms/{name}.png"))).unwrap();
    assert_eq!(mask.channels, 1);
    LabelMap { height: mask.height, width: mask.width, data: mask.data }
}

pub(crate) fn pair_of(value: &Value) -> [usize; 2] {
    [0, 1].map(|index| value[index].as_u64().unwrap() as usize)
}
