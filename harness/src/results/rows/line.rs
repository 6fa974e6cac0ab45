//! One line of a CSV file whose columns have names.

use anyhow::{Context, Result};
use std::str::FromStr;

/// A line beside the file's header.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub header: &'a csv::StringRecord,
    pub record: &'a csv::StringRecord,
}

impl<'a> Line<'a> {
    /// Where the file has no such column.
    pub fn find(self, column: &str) -> Option<&'a str> {
        self.header.iter().position(|name| name == column).and_then(|index| self.record.get(index))
    }

    /// What stands in a column.
    ///
    /// # Errors
    /// Names the column that is not there.
    pub fn text(self, column: &str) -> Result<&'a str> {
        self.find(column).with_context(|| format!("there is no column {column}"))
    }

    /// The same as a number, a name, true or false.
    ///
    /// # Errors
    /// Names the column, and what stands there.
    pub fn parse<T: FromStr>(self, column: &str) -> Result<T> {
        let text = self.text(column)?;
        text.parse().ok().with_context(|| format!("{column}: `{text}` cannot be understood"))
    }

    /// The same where the column may be missing or empty.
    ///
    /// # Errors
    /// As [`Line::parse`].
    pub fn parse_or<T: FromStr>(self, column: &str, otherwise: T) -> Result<T> {
        if self.find(column).is_none_or(str::is_empty) { Ok(otherwise) } else { self.parse(column) }
    }
}
