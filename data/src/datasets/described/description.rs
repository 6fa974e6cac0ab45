//! The keys of a description.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::split::Split;

/// A data set as a file describes it. The fields are the keys of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The name in results and folders: `a-z`, `0-9`, `_` and `-`.
    pub name: String,
    /// The name in tables and pages; without it, `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The folder of the images, relative to the file; without it, the file's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Height and width that resizing refers to.
    pub size: [usize; 2],
    /// The score that says which rates are best: `miou` or `mdice`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// What of an image's name names its subject: `{subject}_*`, or a regular expression with one
    /// group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Whether written splits may share subjects.
    #[serde(default, skip_serializing_if = "is_false")]
    pub subjects_in_both_splits: bool,
    /// The images that are trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<ImagePaths>,
    /// The images that are scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val: Option<ImagePaths>,
    /// All images, which `split` parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<ImagePaths>,
    /// How `all` is parted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitRule>,
    /// What the masks hold.
    #[serde(default, skip_serializing_if = "Masks::is_default")]
    pub masks: Masks,
    /// The classes, in the order of their indexes.
    pub classes: Vec<Class>,
    /// What an experiment takes where it says nothing else.
    #[serde(default, skip_serializing_if = "ProtocolKeys::is_default")]
    pub protocol: ProtocolKeys,
}

/// The paths of images and of their masks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagePaths {
    /// A pattern such as `train/*.png`; with `list`, a path with `{name}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<String>,
    /// A pattern of files that are no images though `images` fits them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<String>,
    /// The path of an image's mask, with `{name}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masks: Option<String>,
    /// The path of the mask of an image's field of view, with `{name}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fov: Option<String>,
    /// A text file with a name, or an image and its mask, a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// How many of the last parts of each path in the list are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_parts: Option<usize>,
}

/// How images are parted where nobody has done it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitRule {
    /// The share of the subjects that is trained on, between 0 and 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_share: Option<f64>,
    /// Number of parts, of which one is scored and the others are trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
    /// The part that is scored, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
    /// The seed of the order in which subjects are dealt out.
    #[serde(default)]
    pub seed: u64,
}

/// What masks hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Masks {
    /// Grey values, palette indexes, or colours.
    #[serde(default)]
    pub hold: MaskContents,
    /// Whether 0 stands for no class, and the others count from 1.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reduce_zero_label: bool,
    /// Values that stand for others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub map: BTreeMap<String, u8>,
    /// Values of pixels that neither the loss nor the scores count; without it 255.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<Vec<u8>>,
    /// Colours of pixels that neither the loss nor the scores count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore_colours: Vec<[u8; 3]>,
}

/// What a pixel of a mask is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MaskContents {
    /// A value: of a grey image, or the index of a palette.
    #[default]
    Indexes,
    /// The index of a palette; a grey mask is refused.
    Palette,
    /// A colour.
    Colours,
}

/// A class: its name alone, or a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Class {
    /// The name in tables.
    pub name: String,
    /// The colour in pictures, and in masks that hold colours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<[u8; 3]>,
    /// The value in masks; without it, the class's place in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<u8>,
}

/// What an experiment takes where it says nothing else. What is missing follows from the size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolKeys {
    /// Height and width of a training crop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<[usize; 2]>,
    /// Crops an iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// Iterations of a training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u64>,
    /// Side of the windows that an image is scored in; 0 scores it as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// Pixels from one window to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
}

impl Description {
    /// The description without what decides no result: where images are and how they are split is
    /// in the fingerprint, and colours, titles and defaults are for people.
    pub(crate) fn deciding(&self) -> Description {
        let classes = self.classes.iter().map(|class| {
            let colour = class.colour.filter(|_| self.masks.hold == MaskContents::Colours);
            Class { colour, ..class.clone() }
        });
        Description {
            name: self.name.clone(),
            title: None,
            folder: None,
            size: self.size,
            metric: None,
            subject: None,
            subjects_in_both_splits: false,
            train: None,
            val: None,
            all: None,
            split: None,
            masks: self.masks.clone(),
            classes: classes.collect(),
            protocol: ProtocolKeys::default(),
        }
    }
}

impl Description {
    /// The name and the text of a description of the data set as `prepare` writes it: masks of
    /// class indexes in the folders of mmsegmentation's converters.
    pub(crate) fn converted(&self) -> (String, String) {
        let part = |folder: &str| {
            let (images, masks) = (format!("images/{folder}/**/*.png"), format!("annotations/{folder}/{{name}}.png"));
            Some(ImagePaths { images: Some(images), masks: Some(masks), ..ImagePaths::default() })
        };
        let classes = self.classes.iter().map(|class| Class { value: None, ..class.clone() });
        let converted = Description {
            name: format!("{}-prepared", self.name.strip_suffix("-prepared").unwrap_or(&self.name)),
            folder: None,
            train: part(Split::Train.folder()),
            val: part(Split::Val.folder()),
            all: None,
            split: None,
            masks: Masks::default(),
            classes: classes.collect(),
            ..self.clone()
        };
        let text = toml::to_string(&converted).expect("descriptions are tables of plain values");
        (converted.name, text)
    }
}

impl Masks {
    fn is_default(&self) -> bool {
        *self == Masks::default()
    }
}

impl ProtocolKeys {
    fn is_default(&self) -> bool {
        *self == ProtocolKeys::default()
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A class as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassTable {
    name: String,
    colour: Option<[u8; 3]>,
    value: Option<u8>,
}

impl<'de> Deserialize<'de> for Class {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrTable)
    }
}

/// Reads a class that is a name or a table.
struct NameOrTable;

impl<'de> Visitor<'de> for NameOrTable {
    type Value = Class;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a class, or a table such as { name = \"road\", colour = [128, 64, 128] }")
    }

    fn visit_str<E>(self, name: &str) -> Result<Class, E> {
        Ok(Class { name: name.to_owned(), colour: None, value: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Class, A::Error> {
        let ClassTable { name, colour, value } = ClassTable::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Class { name, colour, value })
    }
}
