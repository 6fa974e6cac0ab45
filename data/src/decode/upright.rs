//! Images whose file says that they are to be turned before they are looked at.

use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use crate::error::{DataError, Result};
use crate::raster::RgbImage8;

/// Turns an image as its file asks for.
pub(super) fn turned(image: RgbImage8, orientation: Orientation) -> RgbImage8 {
    if orientation == Orientation::NoTransforms {
        return image;
    }
    let RgbImage8 { height, width, data } = image;
    let pixels = RgbImage::from_raw(width as u32, height as u32, data).expect("as many values as pixels");
    let mut image = DynamicImage::from(pixels);
    image.apply_orientation(orientation);
    let image = image.into_rgb8();
    RgbImage8 { height: image.height() as usize, width: image.width() as usize, data: image.into_raw() }
}

/// Turns one value a pixel as its file asks for; returns height and width, too.
pub(super) fn turned_grey(size: [usize; 2], data: Vec<u8>, orientation: Orientation) -> ([usize; 2], Vec<u8>) {
    let grey = image::GrayImage::from_raw(size[1] as u32, size[0] as u32, data).expect("as many values as pixels");
    let mut image = DynamicImage::from(grey);
    image.apply_orientation(orientation);
    ([image.height() as usize, image.width() as usize], image.into_luma8().into_raw())
}

/// The orientation in EXIF data; none where there is none.
pub(super) fn of_exif(exif: &[u8]) -> Orientation {
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

/// Refuses a mask that is to be turned: the reference implementation reads the masks of these
/// formats as they are stored, and other programs turn them.
pub(super) fn refuse_turned(path: &Path, orientation: Orientation) -> Result<()> {
    if orientation == Orientation::NoTransforms {
        return Ok(());
    }
    let kind = format!("a mask with EXIF orientation {}, which programs read in two ways", orientation.to_exif());
    Err(DataError::unsupported(path, kind, "save it upright, without the tag"))
}
