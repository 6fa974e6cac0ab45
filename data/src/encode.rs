//! Image files as the publishers of the data sets write them.

use std::io::{Cursor, Error, Write};

use flate2::{Compression, write::GzEncoder};
use image::ExtendedColorType::{L8, Rgb8};
use image::codecs::{gif::GifEncoder, jpeg::JpegEncoder, tiff::TiffEncoder};
use image::{ImageEncoder, ImageResult};

use crate::error::{DataError, Result};
use crate::raster::{LabelMap, RgbImage8, encode_png};
use crate::write::{PendingFolder, write_atomic};

/// The labels of a mask in which 255 stands for class 1.
pub(crate) fn vessels_as_255(label: &LabelMap) -> Vec<u8> {
    label.data.iter().map(|value| value * 255).collect()
}

/// Saves a gzipped PNM file of the kind `magic`: `P5` is grey, `P6` is RGB.
pub(crate) fn save_gzipped_pnm(
    folder: &PendingFolder,
    name: &str,
    magic: &str,
    [height, width]: [usize; 2],
    data: &[u8],
) -> Result<()> {
    let path = folder.file(name)?;
    let header = format!("{magic}\n# synthetic\n{width} {height}\n255\n");
    let bytes = [header.as_bytes(), data].concat();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(&bytes).and_then(|()| encoder.finish());
    write_atomic(&path, &packed.map_err(DataError::write(&path))?)
}

/// Saves a JPEG file of quality 95.
pub(crate) fn save_jpeg(folder: &PendingFolder, name: &str, image: &RgbImage8) -> Result<()> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    let done = encoder.write_image(&image.data, image.width as u32, image.height as u32, Rgb8);
    save(folder, name, done, || bytes)
}

/// Saves a grey TIFF file of 8 bits per pixel.
pub(crate) fn save_grey_tiff(
    folder: &PendingFolder,
    name: &str,
    [height, width]: [usize; 2],
    data: &[u8],
) -> Result<()> {
    let mut bytes = Cursor::new(Vec::new());
    let done = TiffEncoder::new(&mut bytes).write_image(data, width as u32, height as u32, L8);
    save(folder, name, done, || bytes.into_inner())
}

/// Saves an RGB TIFF file of 8 bits per value.
pub(crate) fn save_rgb_tiff(folder: &PendingFolder, name: &str, image: &RgbImage8) -> Result<()> {
    let mut bytes = Cursor::new(Vec::new());
    let done = TiffEncoder::new(&mut bytes).write_image(&image.data, image.width as u32, image.height as u32, Rgb8);
    save(folder, name, done, || bytes.into_inner())
}

/// Saves a GIF file of grey values.
pub(crate) fn save_grey_gif(
    folder: &PendingFolder,
    name: &str,
    [height, width]: [usize; 2],
    data: &[u8],
) -> Result<()> {
    let colours: Vec<u8> = data.iter().flat_map(|grey| [*grey; 3]).collect();
    let mut bytes = Vec::new();
    let done = GifEncoder::new(&mut bytes).encode(&colours, width as u32, height as u32, Rgb8);
    save(folder, name, done, || bytes)
}

fn save(folder: &PendingFolder, name: &str, done: ImageResult<()>, bytes: impl FnOnce() -> Vec<u8>) -> Result<()> {
    let path = folder.file(name)?;
    done.map_err(|e| DataError::write(&path)(Error::other(e.to_string())))?;
    write_atomic(&path, &bytes())
}

/// Saves a mask of the labels 0 and 1 as a PNG file of one bit per pixel.
pub(crate) fn save_one_bit_png(folder: &PendingFolder, name: &str, label: &LabelMap) -> Result<()> {
    let path = folder.file(name)?;
    let packed: Vec<u8> = label
        .data
        .chunks_exact(label.width)
        .flat_map(|row| row.chunks(8))
        .map(|byte| byte.iter().enumerate().fold(0, |bits, (x, value)| bits | value << (7 - x)))
        .collect();
    let bytes = encode_png(label.size(), png::ColorType::Grayscale, png::BitDepth::One, None, &packed);
    write_atomic(&path, &bytes.map_err(DataError::write(&path))?)
}
