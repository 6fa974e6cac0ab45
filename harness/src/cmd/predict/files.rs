//! What is written for an image.

use crate::support::atomic_file;
use crate::support::npy;
use crate::support::plot::{LegendEntry, with_legend};
use anyhow::{Context, Result};
use atrous_data::inspect::draw_mask;
use atrous_data::{DatasetKind, LabelMap, RgbImage8, cityscapes_label_id, grey16_png};
use std::fs;
use std::path::{Path, PathBuf};

/// How probabilities are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ProbabilityFormat {
    /// NAME-probabilities.npy: 32-bit floats, classes x height x width
    Npy,
    /// NAME-probability-CLASS.png for each class: 16-bit grey, 65535 is 1
    Png,
}

/// The files that are written for each image, and where.
pub struct PredictionFiles<'a> {
    pub out: &'a Path,
    pub kind: DatasetKind,
    /// Whether masks hold the label ids of Cityscapes.
    pub ids: bool,
    pub probabilities: &'a [ProbabilityFormat],
}

impl PredictionFiles<'_> {
    /// Lists the files of an image.
    pub fn paths(&self, name: &str) -> Vec<PathBuf> {
        let mut paths = vec![self.path(name, "-mask.png"), self.path(name, "-overlay.png")];
        if self.probabilities.contains(&ProbabilityFormat::Npy) {
            paths.push(self.path(name, "-probabilities.npy"));
        }
        if self.probabilities.contains(&ProbabilityFormat::Png) {
            paths.extend((0..self.kind.class_names().len()).map(|class| self.plane(name, class)));
        }
        paths
    }

    fn path(&self, name: &str, end: &str) -> PathBuf {
        self.out.join(format!("{name}{end}"))
    }

    fn plane(&self, name: &str, class: usize) -> PathBuf {
        self.path(name, &format!("-probability-{class}.png"))
    }

    /// Writes all of them. `probabilities`: classes x height x width, where they are asked for.
    ///
    /// # Errors
    /// Names the file.
    pub fn write(&self, name: &str, image: &RgbImage8, mask: &LabelMap, probabilities: Option<&[f32]>) -> Result<()> {
        let path = self.path(name, "-mask.png");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        if self.ids {
            self.label_ids(mask).write_png(&path)?;
        } else {
            let bytes = mask.palette_png(self.kind.palette());
            atomic_file::write(&path, bytes.with_context(|| format!("cannot write {}", path.display()))?)?;
        }
        let overlay = draw_mask(image, &mask.data, self.kind);
        with_legend(&overlay, &self.legend(mask))?.write_png(&self.path(name, "-overlay.png"))?;
        match probabilities {
            Some(values) => self.write_probabilities(name, mask.size(), values),
            None => Ok(()),
        }
    }

    fn label_ids(&self, mask: &LabelMap) -> LabelMap {
        let id = |train_id: &u8| cityscapes_label_id(*train_id).unwrap_or(0);
        LabelMap { data: mask.data.iter().map(id).collect(), ..mask.clone() }
    }

    /// The classes that the overlay shows, with their colours.
    fn legend(&self, mask: &LabelMap) -> Vec<LegendEntry> {
        let names = self.kind.class_names();
        let is_drawn = |class: usize| class > 0 || names[0] != "background";
        let mut present = vec![false; names.len()];
        mask.data.iter().for_each(|label| present[usize::from(*label)] = true);
        let classes = (0..names.len()).filter(|class| present[*class] && is_drawn(*class));
        classes
            .map(|class| LegendEntry { name: names[class].to_string(), colour: self.kind.palette()[class] })
            .collect()
    }

    fn write_probabilities(&self, name: &str, size: [usize; 2], values: &[f32]) -> Result<()> {
        let area = size[0] * size[1];
        if self.probabilities.contains(&ProbabilityFormat::Npy) {
            let bytes = npy::bytes(&[values.len() / area, size[0], size[1]], values);
            atomic_file::write(&self.path(name, "-probabilities.npy"), bytes)?;
        }
        if self.probabilities.contains(&ProbabilityFormat::Png) {
            for (class, plane) in values.chunks_exact(area).enumerate() {
                let path = self.plane(name, class);
                let grey: Vec<u16> = plane.iter().map(|value| (value * 65_535.0).round() as u16).collect();
                let bytes = grey16_png(size, &grey).with_context(|| format!("cannot write {}", path.display()))?;
                atomic_file::write(&path, bytes)?;
            }
        }
        Ok(())
    }
}
