//! Writing a drawing as each publisher ships it.

use std::io::{Cursor, Write};

use flate2::{Compression, write::GzEncoder};
use image::ExtendedColorType::{L8, Rgb8};
use image::ImageEncoder;
use image::codecs::{jpeg::JpegEncoder, tiff::TiffEncoder};

use crate::datasets::{COLOUR_MASK_SUFFIX, SPLIT_FILE};
use crate::error::{DataError, Result};
use crate::kind::{DatasetKind, Split};
use crate::raster::{LabelMap, RgbImage8, encode_png_bits};
use crate::write::{PendingFolder, write_atomic};

/// Writes image and mask number `number`, counted over both splits.
pub(super) fn write(
    folder: &PendingFolder,
    kind: DatasetKind,
    split: Split,
    number: usize,
    (image, label): &(RgbImage8, LabelMap),
) -> Result<()> {
    let id = id(kind, number, label.size());
    match kind {
        DatasetKind::Stare => {
            let grey = pnm(b"P5", label.size(), &vessels_as_255(label));
            save_gzipped(folder, &format!("stare-images/{id}.ppm.gz"), &pnm(b"P6", image.size(), &image.data))?;
            save_gzipped(folder, &format!("labels-ah/{id}.ah.ppm.gz"), &grey)
        }
        DatasetKind::ChaseDb1 => {
            save_jpeg(folder, &format!("{id}.jpg"), image)?;
            save_one_bit_png(folder, &format!("{id}_1stHO.png"), label)
        }
        DatasetKind::Hrf => {
            let extension = if id.ends_with("_dr") { "JPG" } else { "jpg" };
            save_jpeg(folder, &format!("images/{id}.{extension}"), image)?;
            save_tiff(folder, &format!("manual1/{id}.tif"), label)
        }
        DatasetKind::Cityscapes => {
            let place = format!("{split}/synthetic/{id}");
            image.write_png(&folder.file(&format!("leftImg8bit/{place}_leftImg8bit.png"))?)?;
            label.write_png(&folder.file(&format!("gtFine/{place}_gtFine_labelIds.png"))?)
        }
        DatasetKind::Control => {
            let part = match split {
                Split::Train => "training",
                Split::Val => "validation",
            };
            image.write_png(&folder.file(&format!("images/{part}/{id}.png"))?)?;
            label.write_png(&folder.file(&format!("annotations/{part}/{id}.png"))?)
        }
        DatasetKind::Isaid => {
            image.write_png(&folder.file(&format!("img_dir/{split}/{id}.png"))?)?;
            label.write_png(&folder.file(&format!("ann_dir/{split}/{id}{COLOUR_MASK_SUFFIX}.png"))?)
        }
    }
}

/// Names the training images where the layout does not: the first `train`.
pub(super) fn write_split(folder: &PendingFolder, kind: DatasetKind, train: usize) -> Result<()> {
    if matches!(kind, DatasetKind::Cityscapes | DatasetKind::Isaid | DatasetKind::Control) {
        return Ok(());
    }
    let ids: Vec<String> = (0..train).map(|number| id(kind, number, [0, 0]) + "\n").collect();
    write_atomic(&folder.file(SPLIT_FILE)?, ids.concat().as_bytes())
}

/// The publisher's way to name an image.
fn id(kind: DatasetKind, number: usize, [height, width]: [usize; 2]) -> String {
    match kind {
        DatasetKind::Stare => format!("im{:04}", number + 1),
        DatasetKind::ChaseDb1 => format!("Image_{:02}{}", number / 2 + 1, ["L", "R"][number % 2]),
        DatasetKind::Hrf => format!("{:02}_{}", number / 3 + 1, ["dr", "g", "h"][number % 3]),
        DatasetKind::Cityscapes => format!("synthetic_{number:06}_000019"),
        DatasetKind::Isaid => format!("P{number:04}_0_{height}_0_{width}"),
        DatasetKind::Control => format!("control_{number:04}"),
    }
}

fn vessels_as_255(label: &LabelMap) -> Vec<u8> {
    label.data.iter().map(|value| value * 255).collect()
}

fn pnm(magic: &[u8], [height, width]: [usize; 2], data: &[u8]) -> Vec<u8> {
    let header = format!("\n# synthetic\n{width} {height}\n255\n");
    [magic, header.as_bytes(), data].concat()
}

fn save_gzipped(folder: &PendingFolder, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.file(name)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    write_atomic(&path, &packed.map_err(DataError::write(&path))?)
}

fn save_jpeg(folder: &PendingFolder, name: &str, image: &RgbImage8) -> Result<()> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    let done = encoder.write_image(&image.data, image.width as u32, image.height as u32, Rgb8);
    save_encoded(folder, name, done, || bytes)
}

fn save_tiff(folder: &PendingFolder, name: &str, label: &LabelMap) -> Result<()> {
    let mut bytes = Cursor::new(Vec::new());
    let (width, height) = (label.width as u32, label.height as u32);
    let done = TiffEncoder::new(&mut bytes).write_image(&vessels_as_255(label), width, height, L8);
    save_encoded(folder, name, done, || bytes.into_inner())
}

fn save_encoded(
    folder: &PendingFolder,
    name: &str,
    done: image::ImageResult<()>,
    bytes: impl FnOnce() -> Vec<u8>,
) -> Result<()> {
    let path = folder.file(name)?;
    done.map_err(|e| DataError::write(&path)(std::io::Error::other(e.to_string())))?;
    write_atomic(&path, &bytes())
}

fn save_one_bit_png(folder: &PendingFolder, name: &str, label: &LabelMap) -> Result<()> {
    let path = folder.file(name)?;
    let packed: Vec<u8> = label
        .data
        .chunks_exact(label.width)
        .flat_map(|row| row.chunks(8))
        .map(|byte| byte.iter().enumerate().fold(0, |bits, (x, value)| bits | value << (7 - x)))
        .collect();
    let bytes = encode_png_bits(&path, label.size(), png::ColorType::Grayscale, png::BitDepth::One, &packed)?;
    write_atomic(&path, &bytes)
}
