//! The effective receptive fields of an experiment: one map per rates, on one scale.

use super::Report;
use super::experiment::Experiment;
use super::images::{Sources, trained};
use super::parts::{one_line, percent, rates, rates_beside, table};
use super::picture::Picture;
use crate::measure::receptive_field::{self, ErfImages, Numbers, Options, ReceptiveField, Taps};
use crate::support::plot::colour::Scale;
use crate::support::plot::heat_grid::{self, GridTile};
use crate::support::plot::heat_map;
use crate::sweep::drawn_root;
use anyhow::Result;
use maud::{Markup, html};

/// Powers of ten below the peak that are shown.
const DECADES: u32 = 3;
/// Pictures are enlarged up to this side.
const SIDE: usize = 256;

/// The fields of one experiment.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    pub shown: Vec<Field>,
    /// All of them with their rates and their scale, as a PNG file; `None` where there are none.
    pub grid: Option<Vec<u8>>,
    /// What is missing, and why.
    pub missing: Vec<String>,
}

/// The field of one run.
#[derive(Clone, Debug)]
pub struct Field {
    pub rates: Vec<usize>,
    pub seed: u64,
    pub images: usize,
    pub numbers: Numbers,
    pub picture: Picture,
}

impl Report {
    /// Measures the fields of all experiments, over the first `images` validation images of each. What is missing is noted in
    /// its place. Returns `false` where a stop was requested on the way.
    pub fn measure_fields(&mut self, images: usize, sources: &Sources) -> bool {
        for experiment in &mut self.experiments {
            let mut fields = Fields::default();
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

fn measure(experiment: &Experiment, limit: usize, sources: &Sources, fields: &mut Fields) -> Result<()> {
    let settings = &experiment.section.settings;
    let drawn = drawn_root(sources.out, settings);
    let images = ErfImages::of_validation(settings.dataset, drawn.as_deref().unwrap_or(sources.data_root), limit)?;
    let mut maps = Vec::new();
    let cells = &experiment.section.cells;
    let bar = sources.progress.bar(cells.len() as u64, format!("receptive fields of {}", experiment.name()));
    for (done, cell) in cells.iter().enumerate() {
        if sources.stop.requested() {
            return Ok(());
        }
        let found = trained(experiment, cell, sources).and_then(|(row, trained)| {
            let images = images.read(trained.inference.resize, trained.crop, sources.image_limit);
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
        fields.shown.push(Field::new(*seed, map, peak)?);
    }
    if !maps.is_empty() {
        fields.grid = Some(grid(&maps)?);
    }
    Ok(())
}

/// The maps beside each other, for a paper.
fn grid(maps: &[(u64, ReceptiveField)]) -> Result<Vec<u8>> {
    let taps: Vec<Taps> = maps.iter().map(|(_, map)| map.numbers().taps).collect();
    let tiles = maps.iter().zip(&taps);
    let tiles: Vec<GridTile> =
        tiles.map(|((_, map), taps)| GridTile { caption: map.caption(), map: map.heat_map(Some(taps)) }).collect();
    heat_grid::png(&tiles, Scale::Log { decades: DECADES })
}

impl Field {
    /// `peak`: of all maps that it is shown with.
    fn new(seed: u64, map: &ReceptiveField, peak: f64) -> Result<Self> {
        let numbers = map.numbers();
        let heat = map.heat_map(Some(&numbers.taps));
        let factor = heat_map::enlargement(map.size, SIDE);
        let drawn = heat_map::draw(&heat, Scale::Log { decades: DECADES }, peak, factor);
        let picture = Picture::drawing(&drawn, 2 * SIDE)?;
        Ok(Field { rates: map.rates.clone(), seed, images: map.images, numbers, picture })
    }

    /// Side of the square that holds half of the mass.
    fn half(&self) -> Option<usize> {
        self.numbers.squares.iter().find(|square| square.share == 0.5).map(|square| square.side)
    }
}

/// The maps of an experiment with their numbers.
pub(super) fn part(experiment: &Experiment) -> Markup {
    let Fields { shown, missing, .. } = &experiment.fields;
    let baseline = &experiment.section.baseline;
    let header = [
        "rates",
        "half of the mass within, pixels",
        "mass at the outer taps, %",
        "times denser there",
        "taps beyond the image",
    ];
    let lines: Vec<Vec<Markup>> = shown.iter().map(|field| line(field, baseline)).collect();
    html! {
        @if !shown.is_empty() {
            div.maps {
                @for field in shown {
                    @let who = rates_beside(&field.rates, baseline);
                    figure.picture {
                        img src=(field.picture.source) width=(field.picture.width) height=(field.picture.height)
                            alt={ "Effective receptive field of " (experiment.name()) ", rates " (who) };
                        figcaption { (who) ", seed " (field.seed) }
                    }
                }
            }
            p {
                "How much each pixel of the input moves the logits at the centre, mean over " (shown[0].images)
                " validation images; one scale for all maps, " (DECADES) " powers of ten below the peak. Green: windows around the positions that the \
                 taps look at. A branch of rate r looks at the centre and at eight positions r cells away, so its spots lie on a square; a square \
                 that reaches beyond the image sees padding, and its spots are missing. The bright middle belongs to all branches, and the even \
                 floor is the image pooling's."
            }
            (table(&format!("Effective receptive fields of {}", experiment.name()), &header, &lines))
        }
        @for missing in missing {
            p.missing { "Missing: receptive field, " (missing) "." }
        }
        @if shown.is_empty() && missing.is_empty() {
            p.missing { "Missing: no receptive field was measured." }
        }
    }
}

/// The numbers of one map, branch by branch.
fn line(field: &Field, baseline: &[usize]) -> Vec<Markup> {
    let outer = || field.numbers.taps.branches.iter().filter(|branch| branch.rate > 1);
    let join = |texts: Vec<String>| texts.join(", ");
    let none = || "-".to_owned();
    [
        rates_beside(&field.rates, baseline),
        field.half().map_or_else(none, |side| side.to_string()),
        join(outer().map(|branch| percent(branch.outer_mass)).collect()),
        join(outer().map(|branch| branch.contrast.map_or_else(none, |contrast| format!("{contrast:.1}"))).collect()),
        join(outer().map(|branch| branch.taps.iter().filter(|tap| tap.mass.is_none()).count().to_string()).collect()),
    ]
    .map(|text| html! { (text) })
    .to_vec()
}
