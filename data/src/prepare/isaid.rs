//! iSAID: original images and colour masks cut into tiles of class indexes.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use rayon::prelude::*;

use super::{PrepareReport, SplitReport};
use crate::Progress;
use crate::datasets::{COLOUR_MASK_SUFFIX, DatasetKind, original_pairs};
use crate::decode::read_rgb;
use crate::error::{DataError, Result};
use crate::limit::ImageLimit;
use crate::lookup;
use crate::raster::{IGNORE_INDEX, LabelMap, RgbImage8};
use crate::split::Split;
use crate::write::PendingFolder;

/// Masks after which a wrong colour code must have shown.
const ENOUGH_MASKS: usize = 20;
/// Unknown colours that a report names.
const REPORTED_COLOURS: usize = 8;

/// The size and overlap of the tiles that images are cut into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileOptions {
    /// Side of the square tiles, in pixels; at most [`TileOptions::LARGEST`].
    pub tile: usize,
    /// Pixels that neighbouring tiles share; below `tile`.
    pub overlap: usize,
    /// The largest original image that is read.
    pub limit: ImageLimit,
}

impl TileOptions {
    /// The longest side of a tile: each thread holds one, of 4 bytes a pixel, whatever the size of
    /// its image.
    pub const LARGEST: usize = 8192;
}

impl Default for TileOptions {
    /// The default: tiles of 896 that overlap by 384, as mmsegmentation cuts them.
    fn default() -> Self {
        Self { tile: 896, overlap: 384, limit: ImageLimit::DEFAULT }
    }
}

/// Cuts the original images in `source` (`{train,val}/images`, `{train,val}/Semantic_masks`) into
/// tiles in `out` (`img_dir/{train,val}`, `ann_dir/{train,val}`), which must not exist yet and
/// appears when it is complete.
///
/// The last tile of a row or column is shifted inwards; images smaller than a tile are padded right
/// and below, with 0, and their labels with 255. Colours that stand for no class become background
/// and are counted; where they outnumber all objects the masks are refused. `progress` hears of
/// original images done and in all.
pub fn isaid(source: &Path, out: &Path, options: &TileOptions, progress: Progress) -> Result<PrepareReport> {
    let TileOptions { tile, overlap, .. } = *options;
    if tile > TileOptions::LARGEST {
        let reason = format!("tiles of {tile} are too large; at most {} are cut", TileOptions::LARGEST);
        return Err(DataError::Setting { path: out.to_owned(), reason });
    }
    if tile == 0 || overlap >= tile {
        let reason = format!("tiles of {tile} cannot overlap by {overlap}; name an overlap below the tile");
        return Err(DataError::Setting { path: out.to_owned(), reason });
    }
    if !lookup::is_dir(source)? {
        let advice = "name the folder that holds train/images and train/Semantic_masks".to_owned();
        return Err(DataError::RootMissing { path: source.to_owned(), advice });
    }
    let mut pairs = Vec::new();
    for split in Split::ALL {
        pairs.push((split, original_pairs(source, split)?));
    }
    let total: usize = pairs.iter().map(|(_, originals)| originals.len()).sum();
    let folder = PendingFolder::create(out)?;
    let mut done = 0;
    let mut splits = Vec::new();
    for (split, originals) in &pairs {
        let mut counter = ColourCounter::default();
        let mut written = 0;
        for (index, (id, image, mask)) in originals.iter().enumerate() {
            written += cut(&folder, *split, id, image, mask, options, &mut counter)?;
            let last = index + 1 == originals.len();
            if last || index + 1 >= ENOUGH_MASKS {
                counter.check(mask)?;
            }
            done += 1;
            progress(done, total as u64);
        }
        if let Some(reason) = DatasetKind::ISAID.implausible(originals.len(), &counter.classes) {
            return Err(DataError::Implausible { path: source.to_owned(), reason });
        }
        splits.push(counter.report(*split, originals.len(), written));
    }
    folder.publish()?;
    Ok(PrepareReport { splits })
}

/// Cuts one original and counts the tiles.
fn cut(
    folder: &PendingFolder,
    split: Split,
    id: &str,
    image_path: &Path,
    mask_path: &Path,
    options: &TileOptions,
    counter: &mut ColourCounter,
) -> Result<usize> {
    let (image, mask) = (read_rgb(image_path, options.limit)?, read_rgb(mask_path, options.limit)?);
    if image.size() != mask.size() {
        return Err(DataError::SizeMismatch {
            image: image_path.to_owned(),
            image_size: image.size(),
            mask: mask_path.to_owned(),
            mask_size: mask.size(),
        });
    }
    let label = counter.decode(&mask);
    let tile = options.tile;
    let (rows, columns) = (starts(image.height, options), starts(image.width, options));
    let corners: Vec<[usize; 2]> = rows.iter().flat_map(|y| columns.iter().map(move |x| [*y, *x])).collect();
    corners.par_iter().try_for_each(|&[y, x]| {
        let name = format!("{id}_{y}_{}_{x}_{}", y + tile, x + tile);
        let (image, label) = crop_padded(&image, &label, y, x, tile);
        image.write_png(&folder.file(&format!("img_dir/{split}/{name}.png"))?)?;
        label.write_png(&folder.file(&format!("ann_dir/{split}/{name}{COLOUR_MASK_SUFFIX}.png"))?)
    })?;
    Ok(corners.len())
}

/// Lists where tiles start along a side: every `tile - overlap` pixels, the last one shifted
/// inwards.
fn starts(side: usize, options: &TileOptions) -> BTreeSet<usize> {
    let last = side.saturating_sub(options.tile);
    (0..side).step_by(options.tile - options.overlap).map(|start| start.min(last)).collect()
}

/// A tile whose upper left corner lies in the image.
fn crop_padded(image: &RgbImage8, label: &LabelMap, y: usize, x: usize, tile: usize) -> (RgbImage8, LabelMap) {
    let mut part = RgbImage8::filled(tile, tile, [0; 3]);
    let mut labels = LabelMap::filled(tile, tile, IGNORE_INDEX);
    let width = tile.min(image.width - x);
    for row in 0..tile.min(image.height - y) {
        let (from, to) = ((y + row) * image.width + x, row * tile);
        part.data[3 * to..3 * (to + width)].copy_from_slice(&image.data[3 * from..3 * (from + width)]);
        labels.data[to..to + width].copy_from_slice(&label.data[from..from + width]);
    }
    (part, labels)
}

/// Maps colours to classes and counts both.
#[derive(Default)]
struct ColourCounter {
    classes: [u64; 16],
    unknown: HashMap<[u8; 3], u64>,
}

impl ColourCounter {
    fn decode(&mut self, mask: &RgbImage8) -> LabelMap {
        let palette: HashMap<[u8; 3], u8> = DatasetKind::ISAID.palette().iter().copied().zip(0..).collect();
        let mut label = LabelMap::filled(mask.height, mask.width, 0);
        // Neighbours are mostly of one colour, so the last answer is mostly the next one.
        let mut last = ([0; 3], Some(0));
        for (class, pixel) in label.data.iter_mut().zip(mask.data.chunks_exact(3)) {
            let colour = [pixel[0], pixel[1], pixel[2]];
            if colour != last.0 {
                last = (colour, palette.get(&colour).copied());
            }
            match last.1 {
                Some(known) => *class = known,
                None => *self.unknown.entry(colour).or_default() += 1,
            }
            self.classes[*class as usize] += 1;
        }
        label
    }

    /// Refuses masks in which unknown colours outnumber all objects.
    fn check(&self, path: &Path) -> Result<()> {
        let unknown: u64 = self.unknown.values().sum();
        let objects: u64 = self.classes[1..].iter().sum();
        if unknown <= objects {
            return Ok(());
        }
        let palette = DatasetKind::ISAID.palette();
        let swapped: u64 = self
            .unknown
            .iter()
            .filter(|([r, g, b], _)| palette.contains(&[*b, *g, *r]))
            .map(|(_, pixels)| pixels)
            .sum();
        let (colour, _) = self.most_frequent()[0];
        let hint = if 2 * swapped > unknown {
            "red and blue are exchanged".to_owned()
        } else {
            format!("the most frequent unknown colour is {colour:?}")
        };
        Err(DataError::Implausible {
            path: path.to_owned(),
            reason: format!(
                "up to this mask {unknown} pixels have colours of no class, {objects} those of objects: {hint}; \
                 take the publishers' Semantic_masks (*{COLOUR_MASK_SUFFIX}.png) as they are",
            ),
        })
    }

    fn most_frequent(&self) -> Vec<([u8; 3], u64)> {
        let mut colours: Vec<_> = self.unknown.iter().map(|(colour, pixels)| (*colour, *pixels)).collect();
        colours.sort_by_key(|(colour, pixels)| (std::cmp::Reverse(*pixels), *colour));
        colours.truncate(REPORTED_COLOURS);
        colours
    }

    fn report(&self, split: Split, sources: usize, written: usize) -> SplitReport {
        SplitReport {
            sources,
            written,
            class_pixels: self.classes.to_vec(),
            unknown_pixels: self.unknown.values().sum(),
            unknown_colours: self.most_frequent(),
            ..SplitReport::new(split, self.classes.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    #[test]
    fn tiles_start_every_512_pixels_and_end_with_the_image() {
        let options = TileOptions::default();
        let starts = |side| starts(side, &options).into_iter().collect::<Vec<_>>();
        assert_eq!(starts(300), [0]);
        assert_eq!(starts(896), [0]);
        assert_eq!(starts(897), [0, 1]);
        assert_eq!(starts(1408), [0, 512]);
        assert_eq!(starts(2000), [0, 512, 1024, 1104]);
    }

    #[test]
    fn golden_colours_become_classes() {
        for golden in golden::folders() {
            let maps = golden.json("label_maps.json");
            let (mut data, mut classes) = (Vec::new(), Vec::new());
            for row in maps["isaid"].as_array().unwrap() {
                data.extend((0..3).map(|channel| row["rgb"][channel].as_u64().unwrap() as u8));
                classes.push(row["id"].as_u64().unwrap() as u8);
            }
            data.extend([1, 2, 3]);
            classes.push(maps["isaid_unknown_colour"].as_u64().unwrap() as u8);
            let mask = RgbImage8 { height: 1, width: classes.len(), data };
            assert_eq!(ColourCounter::default().decode(&mask).data, classes);
        }
    }

    #[test]
    fn unknown_colours_become_background_and_are_counted() {
        let mut counter = ColourCounter::default();
        let mask = RgbImage8 { height: 1, width: 4, data: vec![0, 0, 63, 9, 9, 9, 9, 9, 9, 0, 100, 155] };
        assert_eq!(counter.decode(&mask).data, [1, 0, 0, 15]);
        assert_eq!(counter.most_frequent(), [([9; 3], 2)]);
        assert!(counter.check(Path::new("a.png")).is_ok());
    }

    #[test]
    fn exchanged_channels_are_refused() {
        let mut counter = ColourCounter::default();
        counter.decode(&RgbImage8 { height: 1, width: 2, data: vec![63, 0, 0, 127, 63, 0] });
        let message = counter.check(Path::new("a.png")).unwrap_err().to_string();
        assert!(message.contains("red and blue are exchanged"), "{message}");
    }
}
