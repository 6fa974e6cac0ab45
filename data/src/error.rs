//! What can be wrong with data, each in one line that names the file and says what to do.

use std::path::{Path, PathBuf};

use crate::limit::{ImageLimit, advice, exceeded};
use crate::split::Split;

/// An error of this crate. Every variant carries the path or the setting that it is about.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The data root, or the data set's folder under it, does not exist.
    #[error("{}: no such folder; {advice}", path.display())]
    RootMissing { path: PathBuf, advice: String },
    /// A link leads nowhere.
    #[error("{}: a link to {}, which is not there; get the file (git-annex, DataLad), mount the disk that it is on, or remove the link", path.display(), target.display())]
    DanglingLink { path: PathBuf, target: PathBuf },
    /// Two files stand for one image or mask.
    #[error("{} and {}: two files of one name; remove one", first.display(), second.display())]
    TwoFiles { first: PathBuf, second: PathBuf },
    /// A folder that must hold images holds none.
    #[error("{}: holds no images; {advice}", path.display())]
    RootEmpty { path: PathBuf, advice: String },
    /// The folder has none of the layouts that are read.
    #[error("{}: no layout that can be read; {advice}", path.display())]
    UnknownLayout { path: PathBuf, advice: String },
    /// An image has no mask.
    #[error("{}: has no mask; add {expected} or remove the image", image.display())]
    MaskMissing { image: PathBuf, expected: String },
    /// An image has no mask of its field of view, where a description says that all have one.
    #[error("{}: has no mask of the field of view; add {expected}, or take fov out of the description", image.display())]
    FieldOfViewMissing { image: PathBuf, expected: String },
    /// A mask has no image.
    #[error("{}: has no image; add {expected} or remove the mask", mask.display())]
    ImageMissing { mask: PathBuf, expected: String },
    /// One of the two splits holds no images.
    #[error("{}: no images for the {split} split, which is needed here; add them, or name another folder", path.display())]
    EmptySplit { path: PathBuf, split: Split },
    /// A line of `atrous-split.txt` cannot be used.
    #[error("{}: line {line}: {reason}; correct the line, or remove the file for the default split", path.display())]
    SplitFile { path: PathBuf, line: usize, reason: String },
    /// Image and mask differ in size.
    #[error("{}: mask is {}x{} but {} is {}x{} (height x width); get both files again", mask.display(), mask_size[0], mask_size[1], image.display(), image_size[0], image_size[1])]
    SizeMismatch { image: PathBuf, image_size: [usize; 2], mask: PathBuf, mask_size: [usize; 2] },
    /// The file is no image, or one that is cut short or damaged.
    #[error("{}: cannot be decoded ({reason}); get the file again", path.display())]
    Decode { path: PathBuf, reason: String },
    /// The file is whole, but of a kind that is not read.
    #[error("{}: {what}, which is not read; {advice}", path.display())]
    Unsupported { path: PathBuf, what: String, advice: &'static str },
    /// The image claims more pixels than may be.
    #[error("{}: claims {}x{} pixels (height x width), over {}; {}", path.display(), size[0], size[1], exceeded(*size, *limit), advice(*size))]
    TooLarge { path: PathBuf, size: [u32; 2], limit: ImageLimit },
    /// The file holds more than any image of the size that it claims.
    #[error("{}: holds more than {most} bytes (unpacked), which no image of its size has; get the file again", path.display())]
    FileTooLarge { path: PathBuf, most: u64 },
    /// A mask holds a value that is none of the data set's labels.
    #[error("{}: label value {value} at row {row}, column {column}; allowed are {allowed}; correct the mask or get it again", path.display())]
    LabelValue { path: PathBuf, value: f64, row: usize, column: usize, allowed: &'static str },
    /// A mask holds a colour that is described nowhere.
    #[error("{}: colour [{}, {}, {}] at row {row}, column {column} is described nowhere; give it to a class, or to masks.ignore_colours", path.display(), colour[0], colour[1], colour[2])]
    MaskColour { path: PathBuf, colour: [u8; 3], row: usize, column: usize },
    /// A key of a data set's description cannot be.
    #[error("{file}{}: {}{message}", line.map_or(String::new(), |line| format!(":{line}")), if key.is_empty() { String::new() } else { format!("{key}: ") })]
    Description { file: String, line: Option<usize>, key: String, message: String },
    /// A line of a list of images cannot be used.
    #[error("{}:{line}: {message}", path.display())]
    List { path: PathBuf, line: usize, message: String },
    /// A colour image stands where a mask of label values is expected.
    #[error("{}: a colour image where a mask of label values is expected; {advice}", path.display())]
    ColourMask { path: PathBuf, advice: &'static str },
    /// The labels decode but cannot be right.
    #[error("{}: {reason}", path.display())]
    Implausible { path: PathBuf, reason: String },
    /// No data can be made with a setting.
    #[error("{}: {reason}", path.display())]
    Setting { path: PathBuf, reason: String },
    /// A cue cannot be planted.
    #[error("planted cue: {reason}")]
    Cue { reason: String },
    /// The folder to write is there already.
    #[error("{}: exists already; remove it or name another folder to write", path.display())]
    OutputExists { path: PathBuf },
    /// The program is to end, and a file was being read.
    #[error("stopped while {} was read", path.display())]
    Interrupted { path: PathBuf },
    /// A file or folder cannot be read.
    #[error("{}: cannot be read ({source}); check the path and its permissions", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// A file or folder cannot be written.
    #[error("{}: cannot be written ({source}); check permissions and free space", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

impl DataError {
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> DataError {
        let path = path.to_owned();
        move |source| DataError::Read { path, source }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> DataError {
        let path = path.to_owned();
        move |source| DataError::Write { path, source }
    }

    /// Makes the error of a file that is whole, but of a kind that is not read.
    pub(crate) fn unsupported(path: &Path, what: impl Into<String>, advice: &'static str) -> DataError {
        DataError::Unsupported { path: path.to_owned(), what: what.into(), advice }
    }

    /// Makes a decoding error; the decoder's message is folded into one line.
    pub(crate) fn decode(path: &Path, reason: impl ToString) -> DataError {
        let reason = reason.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        DataError::Decode { path: path.to_owned(), reason }
    }
}

/// Shows words of a file as part of a message of one line.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_CHARACTERS: usize = 100;
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, DataError>;
