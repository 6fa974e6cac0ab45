//! One image with its mask.

use std::path::PathBuf;

use crate::decode::{read_image_file, read_rgb};
use crate::error::{DataError, Result};
use crate::label::MaskEncoding;
use crate::limit::ImageLimit;
use crate::raster::{LabelMap, RgbImage8};

/// An image file and its mask file.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The image's name without extension, unique in the data set.
    pub id: String,
    /// The image file.
    pub image: PathBuf,
    /// The mask file.
    pub label: PathBuf,
    /// The mask of the field of view, where there is one: bright inside.
    pub fov: Option<PathBuf>,
    pub(crate) subject: String,
    pub(crate) encoding: &'static dyn MaskEncoding,
    pub(crate) limit: ImageLimit,
}

impl Sample {
    /// A sample of these files, its own subject, with the default limit of its images' size.
    pub(crate) fn new(id: String, image: PathBuf, label: PathBuf, encoding: &'static dyn MaskEncoding) -> Self {
        let subject = id.clone();
        Self { id, image, label, subject, encoding, fov: None, limit: ImageLimit::DEFAULT }
    }

    /// The subject that the image shows, such as a patient or a scene. Images of one subject are
    /// not independent.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Decodes the image.
    pub fn load_image(&self) -> Result<RgbImage8> {
        read_rgb(&self.image, self.limit)
    }

    /// Decodes the mask into train ids; values outside the data set's labels are errors.
    pub fn load_label(&self) -> Result<LabelMap> {
        self.encoding.decode_file(&self.label, &read_image_file(&self.label, self.limit)?, self.limit)
    }

    /// Decodes the mask of the field of view: whether each pixel is inside, height x width. `None`
    /// where the sample has none.
    ///
    /// # Errors
    /// A file that cannot be read, or is not of the size of the image's mask; names it.
    pub fn load_fov(&self) -> Result<Option<Vec<bool>>> {
        const BRIGHT: u8 = 128;
        let Some(path) = &self.fov else { return Ok(None) };
        let (inside, label) = (read_rgb(path, self.limit)?, self.load_label()?);
        if inside.size() != label.size() {
            return Err(DataError::SizeMismatch {
                image: path.clone(),
                image_size: inside.size(),
                mask: self.label.clone(),
                mask_size: label.size(),
            });
        }
        Ok(Some(inside.data.chunks_exact(3).map(|pixel| pixel.iter().any(|value| *value >= BRIGHT)).collect()))
    }

    /// Decodes image and mask, and checks that they are of one size.
    pub fn load(&self) -> Result<(RgbImage8, LabelMap)> {
        let (image, label) = (self.load_image()?, self.load_label()?);
        if image.size() != label.size() {
            return Err(DataError::SizeMismatch {
                image: self.image.clone(),
                image_size: image.size(),
                mask: self.label.clone(),
                mask_size: label.size(),
            });
        }
        Ok((image, label))
    }
}
