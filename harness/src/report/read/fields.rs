//! The effective receptive fields of an experiment, measured: one map per rates, on one scale.

use super::sources::{Sources, trained};
use crate::measure::receptive_field::{self, ErfImages, Options, ReceptiveField, Taps};
use crate::report::material::{DECADES, Report, ReportedExperiment, ShownField, ShownFields};
use crate::report::parts::{one_line, rates};
use crate::report::picture::Picture;
use crate::support::plot::colour::Scale;
use crate::support::plot::heat_grid::{self, GridTile};
use crate::support::plot::heat_map;
use crate::sweep::drawn_root;
use anyhow::Result;

/// Pixels across of a picture; a wider one is shrunk.
const WIDTH: usize = 512;

impl Report {
    /// Measures the fields of all experiments, over the first `images` validation images of each.
    /// What is missing is noted in its place. Returns `false` where a stop was requested on the
    /// way.
    pub fn measure_fields(&mut self, images: usize, sources: &Sources) -> bool {
        for experiment in &mut self.experiments {
            let mut fields = ShownFields::default();
            let measured = measure(experiment, images, sources, &mut fields);
            if let Err(error) = measured {
                fields.missing.push(one_line(&error));
            }
            experiment.fields = fields;
            if sources.stop.requested() {
                return false;
            }
        }
        true
    }
}

fn measure(experiment: &ReportedExperiment, limit: usize, sources: &Sources, fields: &mut ShownFields) -> Result<()> {
    let settings = &experiment.section.settings;
    let drawn = drawn_root(&experiment.out, settings);
    let images =
        ErfImages::of_validation(settings.dataset, drawn.as_deref().unwrap_or(&sources.data.data_root), limit)?;
    let mut maps = Vec::new();
    let cells = &experiment.section.cells;
    let bar = sources.progress.bar(cells.len() as u64, format!("receptive fields of {}", experiment.name()));
    for (done, cell) in cells.iter().enumerate() {
        if sources.stop.requested() {
            return Ok(());
        }
        let found = trained(experiment, cell, sources).and_then(|(row, trained)| {
            let images = images.read(trained.inference.resize, trained.crop, sources.data.images.limit());
            let options = Options::default();
            Ok((row, receptive_field::map(&trained.network, &sources.device.device, images, &options)?))
        });
        match found {
            Ok((row, map)) => maps.push((row.settings().seed, map)),
            Err(error) => fields.missing.push(format!("rates {}: {}", rates(&cell.rates), one_line(&error))),
        }
        bar.set(done as u64 + 1);
    }
    bar.finish();
    let peak = maps.iter().map(|(_, map)| map.peak()).fold(f64::MIN_POSITIVE, f64::max);
    for (seed, map) in &maps {
        fields.shown.push(ShownField::new(*seed, map, peak)?);
    }
    if !maps.is_empty() {
        fields.grid = Some(grid(&maps)?);
    }
    Ok(())
}

/// Draws the maps beside each other, for a paper.
fn grid(maps: &[(u64, ReceptiveField)]) -> Result<Vec<u8>> {
    let taps: Vec<Taps> = maps.iter().map(|(_, map)| map.numbers().taps).collect();
    let tiles = maps.iter().zip(&taps);
    let tiles: Vec<GridTile> =
        tiles.map(|((_, map), taps)| GridTile { caption: map.caption(), map: map.heat_map(Some(taps)) }).collect();
    heat_grid::png(&tiles, Scale::Log { decades: DECADES })
}

impl ShownField {
    /// Draws the field of a run. `peak` is that of all maps that it is shown with.
    fn new(seed: u64, map: &ReceptiveField, peak: f64) -> Result<Self> {
        let numbers = map.numbers();
        let drawn = heat_map::draw(&map.heat_map(None), Scale::Log { decades: DECADES }, peak, 1);
        let picture = Picture::drawing(&drawn, WIDTH)?;
        let (size, target) = (map.size, map.target.position);
        Ok(ShownField { rates: map.rates.clone(), seed, images: map.images, size, target, numbers, picture })
    }
}
