//! What is written behind a key of a spec.

use atrous_data::DatasetKind;
use atrous_models::ModelKind;

/// What is written behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// Text of any kind.
    Text,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// The name of a data set, or the file that describes one.
    DataSet,
    /// The name of a network.
    Network,
    /// `true` or `false`.
    Flag,
    /// A whole number of at least this.
    Whole(u64),
    /// A number, whole or not.
    Number,
    /// Height and width: two whole numbers.
    HeightWidth,
    /// The lowest and the highest: two numbers.
    Range,
    /// A list of numbers.
    Numbers,
    /// A list of whole numbers.
    WholeNumbers,
    /// A list of lists of whole numbers.
    Lists,
    /// A list of texts.
    Texts,
    /// `"files"`, or a table `synthetic`.
    Images,
    /// The shapes that a drawing shows.
    Drawing,
    /// The answer that is expected.
    Answer,
}

impl KeyType {
    /// Says in words what is written.
    pub fn words(self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Word(words) => format!("`{}`", words.join("` or `")),
            Self::DataSet => "name of a data set, or a file".into(),
            Self::Network => "name of a network".into(),
            Self::Flag => "`true` or `false`".into(),
            Self::Whole(least) => format!("whole number from {least}"),
            Self::Number => "number".into(),
            Self::HeightWidth => "`[height, width]`".into(),
            Self::Range => "`[lowest, highest]`".into(),
            Self::Numbers => "list of numbers".into(),
            Self::WholeNumbers => "list of whole numbers".into(),
            Self::Lists => "list of lists of whole numbers".into(),
            Self::Texts => "list of texts".into(),
            Self::Images => "`\"files\"` or a table".into(),
            Self::Drawing => "`\"local\"` or a table".into(),
            Self::Answer => "`\"no-winner\"` or a table".into(),
        }
    }

    /// Lists the words that are possible; `None` where there are too many.
    pub fn choices(self) -> Option<Vec<&'static str>> {
        match self {
            Self::Word(words) => Some(words.to_vec()),
            Self::DataSet => Some(DatasetKind::all().map(DatasetKind::name).collect()),
            Self::Network => Some(ModelKind::ALL.map(ModelKind::name).to_vec()),
            _ => None,
        }
    }
}
