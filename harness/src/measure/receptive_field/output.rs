//! What is written of a map: array, pictures, numbers.

use super::{ErfImages, ErfPrecision, Numbers, Options, ReceptiveField, Rectify, Target};
use crate::results::provenance::Provenance;
use crate::results::result::write_json;
use crate::support::atomic_file;
use crate::support::plot::colour::Scale;
use crate::support::plot::heat_grid::{self, GridTile};
use crate::support::plot::heat_map::{self, HeatMap};
use anyhow::{Context, Result};
use atrous_data::DatasetKind;
use serde::Serialize;
use std::fs;
use std::path::Path;

/// A map, and all that is to be known of it.
#[derive(Clone, Debug)]
pub struct RecordedField {
    pub map: ReceptiveField,
    pub record: Record,
}

/// `erf.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// The weights' path, or what the fresh network is of.
    pub network: String,
    pub dataset: DatasetKind,
    pub rates: Vec<usize>,
    pub output_stride: usize,
    pub layer: String,
    /// The class's name; `None` for the mean over the channels.
    pub class: Option<String>,
    pub rectify: Rectify,
    pub precision: ErfPrecision,
    /// Height and width of the input.
    pub size: [usize; 2],
    pub target: Target,
    /// How many images the map is the mean of.
    pub averaged: usize,
    pub images: ErfImages,
    /// What the map was divided by.
    pub sum_before_normalising: f64,
    /// The largest value of the map, whose sum is 1.
    pub peak: f64,
    /// Powers of ten below the peak that erf-log.png shows.
    pub decades: u32,
    #[serde(flatten)]
    pub numbers: Numbers,
    pub device: String,
    pub adapter: String,
    pub program: Provenance,
}

impl RecordedField {
    /// `network`, `images`, `device` (its name, and the hardware's) and `decades` are written down
    /// as they are.
    pub fn new(
        map: ReceptiveField,
        options: &Options,
        dataset: DatasetKind,
        network: &str,
        images: ErfImages,
        [device, adapter]: [&str; 2],
        decades: u32,
    ) -> Self {
        let record = Record {
            network: network.into(),
            dataset,
            rates: map.rates.clone(),
            output_stride: map.output_stride,
            layer: options.layer.to_string(),
            class: options.class.and_then(|class| dataset.class_names().get(class)).map(|name| (*name).to_owned()),
            rectify: options.rectify,
            precision: options.precision,
            size: map.size,
            target: map.target,
            averaged: map.images,
            images,
            sum_before_normalising: map.sum,
            peak: map.peak(),
            decades,
            numbers: map.numbers(),
            device: device.into(),
            adapter: adapter.into(),
            program: Provenance::current(),
        };
        RecordedField { map, record }
    }

    fn heat_map(&self, mark_taps: bool) -> HeatMap<'_> {
        self.map.heat_map(mark_taps.then_some(&self.record.numbers.taps))
    }

    /// Writes `erf.npy`, `erf.png`, `erf-log.png` and, last, `erf.json`; creates the folder.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn write(&self, folder: &Path, mark_taps: bool) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        atomic_file::write(&folder.join("erf.npy"), self.map.npy())?;
        for (name, scale) in pictures("erf", self.record.decades) {
            atomic_file::write(&folder.join(name), heat_map::png(&self.heat_map(mark_taps), scale)?)?;
        }
        write_json(&folder.join("erf.json"), &self.record)
    }
}

/// Writes `grid.png` and `grid-log.png`: a tile per field, under its rates.
///
/// # Errors
/// Fields of different sizes, and a file that cannot be written; names it.
pub fn write_grid(fields: &[RecordedField], folder: &Path, mark_taps: bool) -> Result<()> {
    let tiles = fields.iter().map(|field| GridTile { caption: field.map.caption(), map: field.heat_map(mark_taps) });
    let tiles: Vec<GridTile> = tiles.collect();
    let decades = fields.iter().map(|field| field.record.decades).max().unwrap_or(1);
    for (name, scale) in pictures("grid", decades) {
        atomic_file::write(&folder.join(name), heat_grid::png(&tiles, scale)?)?;
    }
    Ok(())
}

fn pictures(name: &str, decades: u32) -> [(String, Scale); 2] {
    [(format!("{name}.png"), Scale::Linear), (format!("{name}-log.png"), Scale::Log { decades })]
}
