//! Data sets drawn by the program and written in the publishers' layouts, so that the same loaders
//! read them.
//!
//! They stand in for the real sets where those are not at hand: for trying the program out and for
//! tests.

pub use crate::drawing::Drawing;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::datasets::{DatasetKind, DrawnSample, Motif, SPLIT_FILE};
use crate::error::{DataError, Result};
use crate::lookup;
use crate::plain_file;
use crate::random::{Purpose, Random};
use crate::raster::{LabelMap, RgbImage8};
use crate::split::Split;
use crate::write::{PendingFolder, write_atomic};

/// Version of the drawings; part of the marker file, so that a folder of an older program is not
/// taken for this one's.
const VERSION: u32 = 1;
/// File in a synthetic data set's folder that says what it is and how it was made.
const MARKER: &str = "atrous-synthetic.txt";

/// How many images to draw of a data set, of which size, and from which seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticConfig {
    /// The seed that decides every pixel.
    pub seed: u64,
    /// Number of training images, 1 to 9999.
    pub train: usize,
    /// Number of validation images, 1 to 9999.
    pub val: usize,
    /// Height and width, each from 32 to 4096.
    pub size: [usize; 2],
    /// What control images show. The other data sets are drawn as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawing: Option<Drawing>,
}

impl SyntheticConfig {
    /// Settings of `train` and `val` images of `size` (height, width).
    pub fn new(seed: u64, train: usize, val: usize, size: [usize; 2]) -> Self {
        Self { seed, train, val, size, drawing: None }
    }

    /// Says what is wrong with the settings for images of this data set, if anything.
    pub fn check(&self, kind: DatasetKind) -> std::result::Result<(), String> {
        for (name, count) in [("train", self.train), ("val", self.val)] {
            if !(1..=9999).contains(&count) {
                return Err(format!("synthetic {name} = {count}: must be from 1 to 9999"));
            }
        }
        if let Some(side) = self.size.into_iter().find(|side| !(32..=4096).contains(side)) {
            return Err(format!("synthetic size {side}: each side must be from 32 to 4096"));
        }
        let Some(drawn) = &kind.definition().drawn else {
            return Err(format!("synthetic: no images are drawn of {}; take its files", kind.title()));
        };
        match (&drawn.motif, self.drawing) {
            (Motif::Chosen, None) => {
                Err("synthetic drawing: control images need one, such as { mark = { distance = 16 } } or \"local\""
                    .into())
            }
            (Motif::Chosen, Some(drawing)) => drawing.check(self.size),
            (Motif::Scene(_), Some(_)) => {
                Err(format!("synthetic drawing: only control images have one, not {}", kind.title()))
            }
            (Motif::Scene(_), None) => Ok(()),
        }
    }

    fn marker(&self, kind: DatasetKind) -> String {
        let Self { seed, train, val, size: [height, width], drawing } = self;
        let drawing = drawing.map_or_else(String::new, Drawing::marker);
        format!(
            "Synthetic images in the layout of {}, drawn by atrous (drawings {VERSION}).\n\
             seed = {seed}\ntrain = {train}\nval = {val}\nsize = [{height}, {width}]\n{drawing}",
            kind.title(),
        )
    }
}

/// Writes the data set under `data_root`, in the folder that
/// [`Dataset::open`](crate::Dataset::open) reads.
///
/// The folder appears when it is complete. If it is there already, made with the same settings,
/// nothing is done; anything else in its place is an error.
pub fn write(kind: DatasetKind, data_root: &Path, config: &SyntheticConfig) -> Result<()> {
    let place = data_root.join(kind.directory());
    config.check(kind).map_err(|reason| DataError::Setting { path: place.clone(), reason })?;
    let marker = config.marker(kind);
    let is_there = || -> Result<bool> {
        let path = place.join(MARKER);
        Ok(lookup::is_file(&path)? && plain_file::read(&path, marker.len() as u64)? == marker.as_bytes())
    };
    if is_there()? {
        return Ok(());
    }
    let folder = PendingFolder::create(&place)?;
    let images = kind.definition().drawn.as_ref().expect("checked: images of the set are drawn");
    for (split, count, first) in [(Split::Train, config.train, 0), (Split::Val, config.val, config.train)] {
        for number in 0..count {
            let (image, label) = draw(kind, config, split, number);
            let id = (images.id)(first + number, config.size);
            (images.write)(&folder, &DrawnSample { split, id: &id, image: &image, label: &label })?;
        }
    }
    if images.needs_split_file {
        let ids: Vec<String> = (0..config.train).map(|number| (images.id)(number, config.size) + "\n").collect();
        write_atomic(&folder.file(SPLIT_FILE)?, ids.concat().as_bytes())?;
    }
    write_atomic(&folder.file(MARKER)?, marker.as_bytes())?;
    // Another process may have been faster with the same drawings.
    folder.publish().or_else(|error| if is_there()? { Ok(()) } else { Err(error) })
}

/// Draws one image and its mask, in the publisher's label values.
fn draw(kind: DatasetKind, config: &SyntheticConfig, split: Split, number: usize) -> (RgbImage8, LabelMap) {
    let stream = ((split as u64) << 32) + number as u64;
    let mut random = Random::new(config.seed, Purpose::Synthetic, kind.id().into(), stream);
    match kind.definition().drawn.as_ref().expect("checked: images of the set are drawn").motif {
        Motif::Chosen => {
            let drawing = config.drawing.expect("checked: control images have a drawing");
            drawing.draw(config.size, &mut random)
        }
        Motif::Scene(scene) => {
            let canvas = scene(config.size, &mut random);
            let light = random.between(0.85, 1.1);
            (canvas.image(light, 7.0, &mut random), canvas.label)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dataset, IGNORE_INDEX};
    use std::collections::BTreeMap;

    fn files(root: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(files(&path));
            } else {
                found.insert(path.clone(), std::fs::read(&path).unwrap());
            }
        }
        found
    }

    #[test]
    fn every_set_loads_through_its_own_loader() {
        let root = tempfile::tempdir().unwrap();
        let config = SyntheticConfig::new(3, 5, 2, [64, 96]);
        for kind in DatasetKind::all().filter(|kind| kind.is_published() && kind.is_drawn()) {
            write(kind, root.path(), &config).unwrap();
            let dataset = Dataset::open(kind, root.path()).unwrap();
            assert_eq!(dataset.samples(Split::Train).len(), 5, "{kind}");
            assert_eq!(dataset.samples(Split::Val).len(), 2, "{kind}");
            let mut counts = [0usize; 256];
            for sample in Split::ALL.into_iter().flat_map(|split| dataset.samples(split)) {
                let (image, label) = sample.load().unwrap();
                assert_eq!(image.size(), [64, 96]);
                label.data.iter().for_each(|value| counts[*value as usize] += 1);
            }
            let classes = kind.class_names().len();
            let present = counts[..classes].iter().filter(|count| **count > 0).count();
            assert!(present >= classes.min(10), "{kind}: {present} classes");
            assert!(counts[classes..IGNORE_INDEX as usize].iter().all(|count| *count == 0));
            if classes == 2 {
                let share = counts[1] as f64 / (counts[0] + counts[1]) as f64;
                assert!((0.03..0.3).contains(&share), "{kind}: vessel share {share}");
            }
        }
    }

    #[test]
    fn bytes_follow_from_the_seed() {
        let (a, b, c) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for kind in DatasetKind::all().filter(|kind| kind.is_published() && kind.is_drawn()) {
            write(kind, a.path(), &SyntheticConfig::new(1, 2, 1, [48, 40])).unwrap();
            write(kind, b.path(), &SyntheticConfig::new(1, 2, 1, [48, 40])).unwrap();
            write(kind, c.path(), &SyntheticConfig::new(2, 2, 1, [48, 40])).unwrap();
        }
        let contents = |root: &Path| files(root).into_values().collect::<Vec<_>>();
        assert!(contents(a.path()) == contents(b.path()));
        assert!(contents(a.path()) != contents(c.path()));
    }

    #[test]
    fn a_folder_of_other_data_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let config = SyntheticConfig::new(1, 1, 1, [32, 32]);
        write(DatasetKind::STARE, root.path(), &config).unwrap();
        write(DatasetKind::STARE, root.path(), &config).unwrap();
        let other = SyntheticConfig { train: 2, ..config.clone() };
        let error = write(DatasetKind::STARE, root.path(), &other).unwrap_err();
        assert!(matches!(error, DataError::OutputExists { .. }));
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1, "nothing half-written");
        let stare = |config: SyntheticConfig| config.check(DatasetKind::STARE);
        assert!(stare(SyntheticConfig { val: 0, ..config.clone() }).is_err());
        assert!(stare(SyntheticConfig { size: [32, 8], ..config }).is_err());
    }

    #[test]
    fn control_images_are_read_as_they_were_drawn() {
        let root = tempfile::tempdir().unwrap();
        let drawing = Some(Drawing::Mark { distance: 16 });
        let config = SyntheticConfig { drawing, ..SyntheticConfig::new(3, 3, 2, [32, 48]) };
        write(DatasetKind::CONTROL, root.path(), &config).unwrap();
        write(DatasetKind::CONTROL, root.path(), &config).unwrap();
        let dataset = Dataset::open(DatasetKind::CONTROL, root.path()).unwrap();
        let mut seen = Vec::new();
        for (split, count) in [(Split::Train, 3), (Split::Val, 2)] {
            assert_eq!(dataset.samples(split).len(), count);
            for (number, sample) in dataset.samples(split).iter().enumerate() {
                let read = sample.load().unwrap();
                assert!(read == draw(DatasetKind::CONTROL, &config, split, number), "{}", sample.id);
                seen.push(read.0.data);
            }
        }
        seen.dedup();
        assert_eq!(seen.len(), 5, "no image is there twice");
        // A set of another drawing is not taken for it.
        let other = SyntheticConfig { drawing: Some(Drawing::Mark { distance: 8 }), ..config };
        assert!(matches!(write(DatasetKind::CONTROL, root.path(), &other), Err(DataError::OutputExists { .. })));
    }

    #[test]
    fn a_drawing_is_for_control_images_and_they_need_one() {
        let with = |drawing| SyntheticConfig { drawing, ..SyntheticConfig::new(1, 1, 1, [32, 32]) };
        let message = with(None).check(DatasetKind::CONTROL).unwrap_err();
        assert!(message.contains("need one"), "{message}");
        let message = with(Some(Drawing::Local)).check(DatasetKind::HRF).unwrap_err();
        assert!(message.contains("not HRF"), "{message}");
        let message = with(Some(Drawing::Mark { distance: 32 })).check(DatasetKind::CONTROL).unwrap_err();
        assert!(message.contains("distance 32"), "{message}");
        assert_eq!(with(Some(Drawing::Local)).check(DatasetKind::CONTROL), Ok(()));
    }

    /// The hash of this text names the folders of drawn images.
    #[test]
    fn settings_without_a_drawing_are_written_as_ever() {
        let json = serde_json::to_string(&SyntheticConfig::new(1, 2, 3, [48, 64])).unwrap();
        assert_eq!(json, r#"{"seed":1,"train":2,"val":3,"size":[48,64]}"#);
    }
}
