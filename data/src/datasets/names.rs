//! From a name to the data set: on the command line, and in TOML, JSON and CSV.

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeSeed, EnumAccess, Error, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::BUILT_IN;
use super::described::{self, StoredSet};
use super::kind::DatasetKind;
use crate::unknown_name::UnknownName;

/// What serde calls the type in messages.
const TYPE: &str = "DatasetKind";

impl FromStr for DatasetKind {
    type Err = UnknownName;

    /// Takes the name in any letter case, `-` for `_`, and the publishers' spelling; and the name
    /// of a set whose description has been read.
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        if let Some(kind) = described::registered(text) {
            return Ok(kind);
        }
        let wanted = text.to_ascii_lowercase().replace('-', "_");
        Self::all().find(|kind| kind.name() == wanted).ok_or_else(|| UnknownName::new("data set", text, &BUILT_IN))
    }
}

/// The name of the variant that carries a description.
const DESCRIBED: &str = "described";

impl Serialize for DatasetKind {
    /// Writes the name, and of a set that a file describes the whole description.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.described_in_file() {
            None => serializer.serialize_unit_variant(TYPE, self.id(), self.name()),
            Some(described) => {
                let set = StoredSet { home: described.home.clone(), description: described.description.clone() };
                serializer.serialize_newtype_variant(TYPE, self.id(), DESCRIBED, &set)
            }
        }
    }
}

impl<'de> Deserialize<'de> for DatasetKind {
    /// Takes the exact name only, as an enum's variant; or a description.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum(TYPE, &BUILT_IN, Variant)
    }
}

/// Reads the variant of an enum.
struct Variant;

impl<'de> Visitor<'de> for Variant {
    type Value = DatasetKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "enum {TYPE}")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<DatasetKind, A::Error> {
        match access.variant_seed(VariantName)? {
            (Some(kind), contents) => contents.unit_variant().map(|()| kind),
            (None, contents) => described::stored(contents.newtype_variant::<StoredSet>()?).map_err(A::Error::custom),
        }
    }
}

/// Reads the name of the variant; `None` is that of a description.
struct VariantName;

impl<'de> DeserializeSeed<'de> for VariantName {
    type Value = Option<DatasetKind>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for VariantName {
    type Value = Option<DatasetKind>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("variant identifier")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        if name == DESCRIBED {
            return Ok(None);
        }
        let found = DatasetKind::all().find(|kind| kind.name() == name).or_else(|| described::registered(name));
        found.map(Some).ok_or_else(|| E::unknown_variant(name, &BUILT_IN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for kind in DatasetKind::all() {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(kind.title().parse(), Ok(kind));
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{kind}\""));
            assert_eq!(serde_json::from_str::<DatasetKind>(&json).unwrap(), kind);
        }
        assert_eq!("chase-db1".parse(), Ok(DatasetKind::CHASE_DB1));
    }

    #[test]
    fn unknown_names_are_told_what_exists() {
        let message = "nothing".parse::<DatasetKind>().unwrap_err().to_string();
        assert_eq!(message, format!("unknown data set `nothing`; known are {}", BUILT_IN.join(", ")));
        assert!(message.contains("known are stare, ") && message.ends_with(", camvid"), "{message}");
    }

    /// The messages of a derived enum, which specs and recorded files are answered with.
    #[test]
    fn files_are_told_what_exists() {
        let message = |json| serde_json::from_str::<DatasetKind>(json).unwrap_err().to_string();
        let known = format!("`{}`", BUILT_IN.join("`, `"));
        assert_eq!(
            message("\"nothing\""),
            format!("unknown variant `nothing`, expected one of {known} at line 1 column 9")
        );
        assert!(message("\"STARE\"").starts_with("unknown variant `STARE`"));
        assert_eq!(message("3"), "expected value at line 1 column 1");
        assert_eq!(message("{\"stare\":1}"), "invalid type: integer `1`, expected unit at line 1 column 10");
        assert_eq!(serde_json::from_str::<DatasetKind>("{\"stare\":null}").unwrap(), DatasetKind::STARE);
        let keyed = std::collections::HashMap::from([(DatasetKind::HRF, 1)]);
        assert_eq!(serde_json::to_string(&keyed).unwrap(), "{\"hrf\":1}");
    }
}
