//! A setting, said once: a `settings!` table gives a struct its fields, defaults, ranges and
//! documentation.

use super::KeyType;
use super::impossible::{Checked, ensure};

/// What is known of one setting: a line of its struct's table.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The key in specs, such as `train.lr`.
    pub key: &'static str,
    /// The value where neither the spec nor the data set's protocol gives one, as JSON.
    pub default: String,
    /// The values that are possible; `None` where the type says it all, or where it depends on
    /// other settings.
    pub range: Option<NumberRange>,
    /// The documentation of the field.
    pub doc: &'static str,
    pub value: KeyType,
    /// What the number counts or measures; nothing for words and shares.
    pub unit: &'static str,
    /// A value as it is written in TOML.
    pub example: &'static str,
    /// What gives a value before the default does; `None` where nothing does.
    pub given_by: Option<GivenBy>,
}

/// What gives a setting its value where a spec does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenBy {
    /// The protocol of the data set.
    Protocol,
    /// The network as it was published.
    Published,
    /// The spec alone, which has to.
    Spec,
    /// The file that another setting names: no spec may say it.
    File,
}

/// The numbers that a setting may have.
#[derive(Clone, Copy, Debug)]
pub struct NumberRange {
    /// The range as it ends the sentence "must be ...".
    pub words: &'static str,
    holds: fn(f64) -> bool,
}

pub(super) const ABOVE_ZERO: NumberRange = NumberRange { words: "a number above 0", holds: |value| value > 0.0 };
pub(super) const FROM_ZERO: NumberRange = NumberRange { words: "a number of at least 0", holds: |value| value >= 0.0 };
pub(super) const FROM_ONE: NumberRange = NumberRange { words: "at least 1", holds: |value| value >= 1.0 };
/// Channels of a layer.
pub(super) const CHANNELS: NumberRange =
    NumberRange { words: "in 1..=4096", holds: |value| (1.0..=4096.0).contains(&value) };
pub(super) const SHARE: NumberRange =
    NumberRange { words: "at least 0 and below 1", holds: |value| (0.0..1.0).contains(&value) };

impl NumberRange {
    /// Refuses a number outside the range, and one that is not finite.
    pub(super) fn check(&self, key: &str, value: f64) -> Checked {
        ensure(value.is_finite() && (self.holds)(value), key, format!("must be {}, is {value}", self.words))
    }
}

/// Defines a struct of settings by a table with a line per setting:
///
/// ```text
/// /// Its documentation.
/// key: Type [KeyType, "unit", "example"] = default, RANGE;
/// ```
///
/// The range may be left out. A word behind the example says what gives a value before the default
/// does, one of [`GivenBy`]. Settings that decide no result stand in a second table behind the
/// first.
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $name:ident in $table:literal {
            $($(#[doc = $doc:literal])+ $(#[serde $serde:tt])?
                $key:ident: $type:ty [$value:expr, $unit:literal, $example:literal $(, $of:ident)?] = $default:expr
                $(, $range:expr)?;)*
        }
        $(decides_nothing {
            $($(#[doc = $free_doc:literal])+
                $free:ident: $free_type:ty [$free_value:expr, $free_unit:literal, $free_example:literal]
                = $free_default:expr;)*
        })?
    ) => {
        $(#[$meta])*
        pub struct $name {
            $($(#[doc = $doc])+ $(#[serde $serde])? pub $key: $type,)*
            $($($(#[doc = $free_doc])+ pub $free: $free_type,)*)?
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* $($($free: $free_default,)*)? }
            }
        }

        impl $name {
            /// The settings in the order of the fields.
            pub fn settings() -> Vec<$crate::experiment::settings::Setting> {
                use $crate::experiment::settings::{GivenBy, KeyType::*, Setting};
                let default = Self::default();
                vec![
                    $(Setting {
                        key: concat!($table, ".", stringify!($key)),
                        default: serde_json::json!(default.$key).to_string(),
                        range: [$($range,)?].first().copied(),
                        doc: concat!($($doc, "\n"),+),
                        value: $value,
                        unit: $unit,
                        example: $example,
                        given_by: (&[$(GivenBy::$of)?] as &[GivenBy]).first().copied(),
                    },)*
                    $($(Setting {
                        key: concat!($table, ".", stringify!($free)),
                        default: serde_json::json!(default.$free).to_string(),
                        range: None,
                        doc: concat!($($free_doc, "\n"),+),
                        value: $free_value,
                        unit: $free_unit,
                        example: $free_example,
                        given_by: None,
                    },)*)?
                ]
            }

            /// Refuses the first setting whose value is outside its range.
            fn check_ranges(&self) -> $crate::experiment::settings::Checked {
                $($($range.check(concat!($table, ".", stringify!($key)), self.$key as f64)?;)?)*
                Ok(())
            }

            $(/// Leaves out what decides no result.
            pub fn deciding(&self) -> Self {
                Self { $($free: Default::default(),)* ..self.clone() }
            })?
        }
    };
}

pub(super) use settings;
