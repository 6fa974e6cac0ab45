//! A decoded sample, ready to be cropped from.

use crate::class_planes::ClassPlanes;
use crate::raster::{LabelMap, RgbImage8};

/// An image and its label map, both of one size.
pub(crate) struct Decoded {
    pub image: RgbImage8,
    pub label: LabelMap,
    /// The label map as bits, if it holds few labels.
    pub planes: Option<ClassPlanes>,
}

impl Decoded {
    pub fn new((image, label): (RgbImage8, LabelMap)) -> Self {
        let planes = ClassPlanes::new(&label);
        Self { image, label, planes }
    }

    /// Bytes of memory that the sample takes.
    pub fn bytes(&self) -> usize {
        self.image.data.len() + self.label.data.len() + self.planes.as_ref().map_or(0, ClassPlanes::bytes)
    }
}
