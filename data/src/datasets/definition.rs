//! What is to be said of a data set.

use std::path::Path;

use super::described::Described;
use super::splits::Splits;
use crate::drawing::LabelledCanvas;
use crate::error::Result;
use crate::label::MaskEncoding;
use crate::random::Random;
use crate::raster::{LabelMap, RgbImage8};
use crate::sample::Sample;
use crate::split::Split;
use crate::write::PendingFolder;

/// Everything that the program knows of a data set. Each set says it once, in its own file.
pub(crate) struct Definition {
    /// The number that is the set's for ever. It seeds drawn images and sorts tables.
    pub id: u32,
    /// The name in specs, file names and on the command line: lower case and `_`.
    pub name: &'static str,
    /// The name as its publishers write it.
    pub title: &'static str,
    /// The folder under the data root.
    pub directory: &'static str,
    /// Whether others have published the set.
    pub is_published: bool,
    /// The names of the classes, in the order of the train ids.
    pub class_names: &'static [&'static str],
    /// The RGB colour of each class in pictures, in the order of the train ids.
    pub palette: &'static [[u8; 3]],
    /// What the values of the publisher's masks mean.
    pub encoding: &'static dyn MaskEncoding,
    /// The numbers of its reference protocol.
    pub protocol: ProtocolNumbers,
    /// Names the subject of an image, by the image's id: what was sampled, such as a patient or a
    /// scene. Images of one subject are not independent.
    pub subject: &'static (dyn Fn(&str) -> String + Sync),
    /// Finds the samples of both splits in the set's folder, in whichever of its layouts.
    pub find: &'static (dyn Fn(&Path) -> Result<Splits> + Sync),
    /// Says why label counts cannot be right. See [`Counts`].
    pub implausible: fn(&Counts) -> Option<String>,
    /// What is known of the published files beside their checksums.
    pub files: PublishedFiles,
    /// What `atrous prepare` makes of the publisher's files.
    pub preparation: Preparation,
    /// What drawn images of the set show, and how they are stored; `None` where none are drawn.
    pub drawn: Option<DrawnImages>,
    /// The description that the definition was made of, where it was.
    pub described: Option<&'static Described>,
}

/// What an experiment on a data set takes where it says nothing else, as far as it differs between
/// the data sets.
///
/// Source of the published sets' numbers: the configurations of mmsegmentation 1.2.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolNumbers {
    /// Height and width of a training crop, in pixels.
    pub crop: [usize; 2],
    /// Crops per iteration, all GPUs together.
    pub batch: usize,
    /// Iterations of a training.
    pub iterations: u64,
    /// The windows that an image is scored in; `None` where it is scored as a whole.
    pub windows: Option<SlidingWindow>,
    /// Reference size (height, width) that the random resizing is relative to.
    pub resize: [usize; 2],
    /// Validation images (for iSAID, tiles) of the published split; 0 for a set that is always
    /// drawn.
    pub validation_images: usize,
}

/// A square window that slides over an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlidingWindow {
    /// Side of the window, in pixels.
    pub side: usize,
    /// Pixels from one window to the next.
    pub stride: usize,
}

/// How often each class occurs in the masks of a data set.
pub(crate) struct Counts<'a> {
    /// The data set's name.
    pub set: &'static str,
    /// The names of its classes.
    pub class_names: &'static [&'static str],
    /// Number of masks.
    pub masks: usize,
    /// Pixels of each class.
    pub pixels: &'a [u64],
}

/// What is known of a publisher's files beside their checksums. Names are relative to the set's
/// folder.
pub(crate) struct PublishedFiles {
    /// Whether neither training nor scoring reads the file.
    pub is_unread: fn(&str) -> bool,
    /// What is known about copies of the file that differ.
    pub note: fn(&str) -> Option<&'static str>,
    /// Where the file is in another layout of the publisher's.
    pub elsewhere: fn(&str) -> Option<String>,
}

impl PublishedFiles {
    /// The files of a set of which every one is read and nothing else is known.
    pub const ALL_READ: PublishedFiles = PublishedFiles { is_unread: |_| false, note: |_| None, elsewhere: |_| None };
}

/// What `atrous prepare` makes of a publisher's files.
pub(crate) enum Preparation {
    /// Every sample is decoded, checked and written by this function.
    Samples(fn(&LoadedSample, &PendingFolder) -> Result<()>),
    /// Tiles are cut from original images.
    Tiles,
}

/// A sample with its decoded image and mask.
pub(crate) struct LoadedSample<'a> {
    pub split: Split,
    pub sample: &'a Sample,
    /// The image file relative to the data set's folder, with `/` between folders.
    pub image_name: String,
    pub image: RgbImage8,
    pub label: LabelMap,
}

/// What drawn images of a data set show, and how they are stored as the publisher would.
pub(crate) struct DrawnImages {
    /// What they show.
    pub motif: Motif,
    /// The publisher's name of an image, by its number over both splits and its size (height,
    /// width).
    pub id: fn(usize, [usize; 2]) -> String,
    /// Writes one image, and its mask in the publisher's label values.
    pub write: fn(&PendingFolder, &DrawnSample) -> Result<()>,
    /// Whether a split file has to name the training images, because the layout does not.
    pub needs_split_file: bool,
}

/// What drawn images show.
pub(crate) enum Motif {
    /// Scenes of one kind, of a size (height, width).
    Scene(fn([usize; 2], &mut Random) -> LabelledCanvas),
    /// What the settings of the drawing ask for.
    Chosen,
}

/// A drawn image with its mask, to be written.
pub(crate) struct DrawnSample<'a> {
    pub split: Split,
    /// The publisher's name of the image.
    pub id: &'a str,
    pub image: &'a RgbImage8,
    pub label: &'a LabelMap,
}
