//! From a description to the definition of a data set.

use super::colours::default_colour;
use super::description::Description;
use super::set::Described;
use crate::datasets::converted;
use crate::datasets::definition::{Definition, Preparation, ProtocolNumbers, PublishedFiles, SlidingWindow};

/// Longest side of a crop that follows from the size of the images.
const LONGEST_CROP: usize = 512;

/// Divisor of a crop that follows from the size: that of the deepest network here, and of others.
const DIVISOR: usize = 32;

/// Longest side of images that are scored as a whole where nothing else is said.
const LONGEST_WHOLE: usize = 2048;

impl Described {
    /// Makes the definition of a data set, which lives as long as the program.
    pub fn define(self, id: u32, is_published: bool) -> &'static Definition {
        let described: &'static Described = Box::leak(Box::new(self));
        let Description { name, title, folder, classes, .. } = &described.description;
        let names: Vec<&'static str> = classes.iter().map(|class| class.name.as_str()).collect();
        let colours: Vec<[u8; 3]> = classes
            .iter()
            .enumerate()
            .map(|(index, class)| class.colour.unwrap_or_else(|| default_colour(index)))
            .collect();
        let directory = folder.as_deref().and_then(|folder| folder.trim_end_matches('/').rsplit('/').next());
        Box::leak(Box::new(Definition {
            id,
            name,
            title: title.as_deref().unwrap_or(name),
            directory: directory.filter(|last| ![".", "..", ""].contains(last)).unwrap_or(name),
            is_published,
            class_names: names.leak(),
            palette: colours.leak(),
            encoding: described.encoding,
            protocol: described.protocol(),
            subject: Box::leak(Box::new(|image: &str| described.subject_of(image))),
            find: Box::leak(Box::new(|root: &std::path::Path| described.find(root))),
            implausible: |_| None,
            files: PublishedFiles::ALL_READ,
            preparation: Preparation::Samples(|sample, folder| converted::save(sample, "", folder)),
            drawn: None,
            described: Some(described),
        }))
    }

    /// The subject of an image; the image itself where its name does not tell.
    fn subject_of(&self, image: &str) -> String {
        self.subject.find(image).unwrap_or_else(|| image.to_owned())
    }

    /// The numbers of the description. The crop is the largest multiple of 32 in the image, at most
    /// 512; larger images than 2048 are scored in windows of it, which overlap by a third.
    fn protocol(&self) -> ProtocolNumbers {
        let Description { size, protocol: numbers, .. } = &self.description;
        let side = |side: usize| match side.min(LONGEST_CROP) / DIVISOR * DIVISOR {
            0 => 16,
            multiple => multiple,
        };
        let crop = numbers.crop.unwrap_or_else(|| size.map(side));
        let too_large = size.iter().any(|side| *side > LONGEST_WHOLE);
        let window = numbers.window.unwrap_or(if too_large { crop[0].min(crop[1]) } else { 0 });
        let stride = numbers.stride.unwrap_or((2 * window).div_ceil(3));
        ProtocolNumbers {
            crop,
            batch: numbers.batch.unwrap_or(16),
            iterations: numbers.iterations.unwrap_or(40_000),
            windows: (window > 0).then_some(SlidingWindow { side: window, stride }),
            resize: *size,
            validation_images: 0,
        }
    }
}
