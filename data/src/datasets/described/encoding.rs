//! From what the masks of a described set hold to train ids.

use std::collections::BTreeMap;
use std::path::Path;

use super::description::{Description, MaskContents, Masks};
use crate::decode::{decode_mask, decode_rgb};
use crate::error::{DataError, Result};
use crate::label::MaskEncoding;
use crate::limit::ImageLimit;
use crate::raster::{IGNORE_INDEX, LabelMap};

/// What each value, or each colour, of a mask stands for.
#[derive(Debug)]
pub(super) struct DescribedMasks {
    hold: MaskContents,
    values: [Option<u8>; 256],
    colours: BTreeMap<[u8; 3], u8>,
    /// The values that are described, in words.
    allowed: &'static str,
}

impl DescribedMasks {
    /// The encoding of a description that has been checked.
    pub fn of(description: &Description) -> Self {
        let masks = &description.masks;
        let mut described = DescribedMasks {
            hold: masks.hold,
            values: [None; 256],
            colours: masks.ignore_colours.iter().map(|colour| (*colour, IGNORE_INDEX)).collect(),
            allowed: "",
        };
        let classes = description.classes.iter().enumerate();
        described.colours.extend(classes.filter_map(|(index, class)| Some((class.colour?, index as u8))));
        let values: Vec<(u8, u8)> = stands_for(description).into_iter().collect();
        for value in 0..=255u8 {
            let seen = masks.resolved(value);
            described.values[value as usize] = values.iter().find(|(v, _)| *v == seen).map(|(_, id)| *id);
        }
        described.allowed = described.words().leak();
        described
    }

    fn words(&self) -> String {
        if self.hold == MaskContents::Colours {
            return "the colours of the description".to_owned();
        }
        let known: Vec<usize> = (0..256).filter(|value| self.values[*value].is_some()).collect();
        let mut words = Vec::new();
        for run in known.chunk_by(|a, b| a + 1 == *b) {
            match run {
                [only] => words.push(only.to_string()),
                [first, .., last] => words.push(format!("{first} to {last}")),
                [] => {}
            }
        }
        format!("the described values {}", words.join(", "))
    }

    fn decode_colours(&self, path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<LabelMap> {
        let image = decode_rgb(path, bytes, limit)?;
        let (width, mut data) = (image.width, Vec::with_capacity(image.width * image.height));
        // Neighbours mostly have one colour.
        let mut last = None;
        for (index, pixel) in image.data.as_chunks::<3>().0.iter().enumerate() {
            let id = match last {
                Some((colour, id)) if colour == *pixel => id,
                _ => *self.colours.get(pixel).ok_or_else(|| DataError::MaskColour {
                    path: path.to_owned(),
                    colour: *pixel,
                    row: index / width,
                    column: index % width,
                })?,
            };
            last = Some((*pixel, id));
            data.push(id);
        }
        Ok(LabelMap { height: image.height, width, data })
    }
}

impl Masks {
    /// The value that a stored one stands for: by `reduce_zero_label`, then by `map`, as
    /// mmsegmentation does.
    fn resolved(&self, stored: u8) -> u8 {
        let reduced = match (self.reduce_zero_label, stored) {
            (true, 0 | 255) => 255,
            (true, value) => value - 1,
            (false, value) => value,
        };
        self.map.get(&reduced.to_string()).copied().unwrap_or(reduced)
    }

    /// The values that are ignored: those of the description, else 255 where no class has it.
    pub(super) fn ignored(&self, classes: &[u8]) -> Vec<u8> {
        self.ignore.clone().unwrap_or_else(|| if classes.contains(&255) { vec![] } else { vec![255] })
    }
}

/// The train id that each value stands for, after those that are mapped.
fn stands_for(description: &Description) -> BTreeMap<u8, u8> {
    let values = class_values(description);
    let mut ids: BTreeMap<u8, u8> = values.iter().zip(0..).map(|(value, id)| (*value, id)).collect();
    ids.extend(description.masks.ignored(&values).into_iter().map(|value| (value, IGNORE_INDEX)));
    ids
}

/// The value of each class in the masks.
pub(super) fn class_values(description: &Description) -> Vec<u8> {
    description.classes.iter().zip(0..).map(|(class, index)| class.value.unwrap_or(index)).collect()
}

impl MaskEncoding for DescribedMasks {
    fn decode_file(&self, path: &Path, bytes: &[u8], limit: ImageLimit) -> Result<LabelMap> {
        if self.hold == MaskContents::Colours {
            return self.decode_colours(path, bytes, limit);
        }
        // A PNG says in byte 25 what its pixels are; 3 is an index of its palette.
        if self.hold == MaskContents::Palette && !(bytes.starts_with(b"\x89PNG") && bytes.get(25) == Some(&3)) {
            let reason = "it has no palette; describe it with masks.hold = \"indexes\" or \"colours\"".to_owned();
            return Err(DataError::Setting { path: path.to_owned(), reason });
        }
        let mask = decode_mask(path, bytes, limit)?;
        let refused = |value: f64, index: usize| DataError::LabelValue {
            path: path.to_owned(),
            value,
            row: index / mask.width,
            column: index % mask.width,
            allowed: self.allowed,
        };
        if let Some((value, index)) = mask.beyond {
            return Err(refused(value, index));
        }
        let grey = |pixels: &[u8]| pixels.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]);
        let stored = match mask.channels {
            1 => mask.data,
            _ if grey(&mask.data) => mask.data.chunks_exact(3).map(|pixel| pixel[0]).collect(),
            _ => {
                let advice = "describe it with masks.hold = \"colours\"";
                return Err(DataError::ColourMask { path: path.to_owned(), advice });
            }
        };
        let mut data = stored;
        for (index, value) in data.iter_mut().enumerate() {
            *value = self.values[*value as usize].ok_or_else(|| refused(f64::from(*value), index))?;
        }
        Ok(LabelMap { height: mask.height, width: mask.width, data })
    }
}
