//! A contact sheet of training samples as the network gets them.

use crate::batch::BatchSource;
use crate::datasets::DatasetKind;
use crate::error::Result;
use crate::raster::{IGNORE_INDEX, RgbImage8};
use crate::transform::{denormalise, fit_size, resize_image};

/// Pixels between the pictures.
const GAP: usize = 4;
/// Widest sheet; larger samples are drawn smaller.
const MAX_WIDTH: usize = 2400;
/// Share of the class colour where the mask is drawn on top.
const OPACITY: f64 = 0.55;

/// Draws the first `count` augmented training samples, each beside itself with its mask drawn on
/// top in the class colours; background stays as it is, and ignored pixels are darkened.
pub fn sheet(source: &BatchSource, count: usize) -> Result<RgbImage8> {
    let kind = source.dataset().kind;
    let mut cells = Vec::with_capacity(count);
    let mut iteration = 0;
    while cells.len() < count {
        let batch = source.batch(iteration)?;
        let area = batch.height * batch.width;
        for (image, label) in batch.images.chunks_exact(3 * area).zip(batch.labels.chunks_exact(area)) {
            let image = denormalise(image, batch.height, batch.width);
            let overlay = draw_mask(&image, label, kind);
            cells.push([image, overlay]);
        }
        iteration += 1;
    }
    cells.truncate(count);
    Ok(arrange(&cells, source.augment().crop))
}

/// Draws a mask (height x width train ids) on top of an image, in the data set's colours;
/// background stays as it is, ignored pixels are darkened.
pub fn draw_mask(image: &RgbImage8, label: &[u8], kind: DatasetKind) -> RgbImage8 {
    let palette = kind.palette();
    let has_background = kind.class_names()[0] == "background";
    let mut overlay = image.clone();
    for (pixel, label) in overlay.data.chunks_exact_mut(3).zip(label) {
        let colour = match *label {
            IGNORE_INDEX => [0; 3],
            0 if has_background => continue,
            class => palette[class as usize],
        };
        for (channel, colour) in pixel.iter_mut().zip(colour) {
            *channel = (f64::from(*channel) * (1.0 - OPACITY) + f64::from(colour) * OPACITY).round() as u8;
        }
    }
    overlay
}

/// Arranges pairs side by side, in about as many columns as rows.
fn arrange(cells: &[[RgbImage8; 2]], crop: [usize; 2]) -> RgbImage8 {
    let columns = ((cells.len() as f64 * crop[0] as f64 / (2 * crop[1]) as f64).sqrt().round() as usize)
        .clamp(1, cells.len().max(1));
    let rows = cells.len().div_ceil(columns);
    let widest = (MAX_WIDTH / (2 * columns)).saturating_sub(GAP).max(16);
    let cell = if crop[1] > widest { fit_size(crop, [crop[0] * widest / crop[1], widest]) } else { crop };

    let (height, width) = (rows * (cell[0] + GAP) + GAP, 2 * columns * (cell[1] + GAP) + GAP);
    let mut sheet = RgbImage8::filled(height, width, [255; 3]);
    for (index, pair) in cells.iter().enumerate() {
        for (side, picture) in pair.iter().enumerate() {
            let picture = resize_image(picture, cell);
            let top = GAP + index / columns * (cell[0] + GAP);
            let left = GAP + (2 * (index % columns) + side) * (cell[1] + GAP);
            for (y, row) in picture.data.chunks_exact(3 * cell[1]).enumerate() {
                let at = 3 * ((top + y) * width + left);
                sheet.data[at..at + row.len()].copy_from_slice(row);
            }
        }
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, SyntheticConfig};
    use crate::{AugmentConfig, Dataset, DatasetKind};

    #[test]
    fn a_sheet_holds_every_sample_twice() {
        let root = tempfile::tempdir().unwrap();
        for (kind, crop) in [(DatasetKind::HRF, [32, 48]), (DatasetKind::CITYSCAPES, [64, 1024])] {
            synthetic::write(kind, root.path(), &SyntheticConfig::new(1, 3, 1, [64, 96])).unwrap();
            let dataset = Dataset::open(kind, root.path()).unwrap().into();
            let augment = AugmentConfig::protocol([64, 96], crop);
            let sheet = sheet(&BatchSource::new(dataset, augment, 2, 0, 0), 5).unwrap();
            assert!(sheet.width <= MAX_WIDTH + GAP && sheet.height > 64, "{:?}", sheet.size());
            assert_eq!(sheet.data.len(), 3 * sheet.height * sheet.width);
        }
    }

    #[test]
    fn masks_are_drawn_in_class_colours() {
        let image = RgbImage8::filled(1, 3, [100; 3]);
        let overlay = draw_mask(&image, &[0, 1, 255], DatasetKind::ISAID);
        assert_eq!(overlay.pixel(0, 0), [100; 3]);
        // Ships are [0, 0, 63]: 0.45 of 100 and 0.55 of that.
        assert_eq!(overlay.pixel(0, 1), [45, 45, 80]);
        assert_eq!(overlay.pixel(0, 2), [45; 3]);
    }
}
